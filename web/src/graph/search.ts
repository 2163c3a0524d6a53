/** Find node types by name, alias, category, summary or socket type. */

import fuzzysort from "fuzzysort";
import type { NodeSchema } from "../api/nodes";
import { misspelt, spellingsOf, wordsIn } from "./misspelt";
import { categoryName, wordsOf } from "./names";
import { spellings } from "./synonyms";

export interface SearchEntry {
  readonly schema: NodeSchema;
  /** `VAE Decode` for `VAEDecode`: what is shown. */
  readonly label: string;
  /** The same in English: it is found by both. */
  readonly words: string;
  readonly keys: readonly Key[];
  /** Every word of its names, and each name as one word: what a misspelt text is held against. */
  readonly spelt: readonly string[];
  /** Words of its choices and of what it says of its ports. */
  readonly details: readonly string[];
}

interface Key {
  readonly text: string;
  readonly weight: number;
}

// A hit in the name weighs more than one in an alias, that more than one in the category, ...
const NAME = 1;
const ALIAS = 0.9;
const CATEGORY = 0.7;
const TEXT = 0.5;

export function entriesOf(schemas: Iterable<NodeSchema>): SearchEntry[] {
  return [...schemas].map((schema) => {
    const { type, category, summary, original, aliases } = schema;
    const label = schema.title ?? wordsOf(type);
    const words = wordsOf(type);
    const types = [...Object.values(schema.inputs), ...Object.values(schema.outputs)];
    const texts: [string | undefined, number][] = [
      [label, NAME],
      [words === label ? undefined : words, NAME],
      [type, NAME],
      [aliases.join(" "), ALIAS],
      [category, CATEGORY],
      [schema.categoryTitle, CATEGORY],
      [summary, TEXT],
      [original, TEXT],
      [types.map((port) => port.type).join(" "), TEXT],
    ];
    const keys = texts.flatMap(([text, weight]) => (text ? [{ text, weight }] : []));
    const spelt = spellingsOf([label, words, type, ...aliases, ...aliases.map(wordsOf)]);
    const details = types.flatMap((port) => [
      ...(port.choices ?? []).filter((choice) => typeof choice === "string"),
      "description" in port ? port.description : "",
    ]);
    return { schema, label, words, keys, spelt, details: wordsIn(details.join(" ")) };
  });
}

const SPREAD = 0.6;
const BEGINS = 0.1;
const OTHER_WORDS = 0.95;
const THRESHOLD = 0.25;

/** Those of a category stand together. */
export function byCategory(a: SearchEntry, b: SearchEntry): number {
  const [one, other] = [categoryName(a.schema), categoryName(b.schema)];
  return one.localeCompare(other) || a.label.localeCompare(b.label);
}

/**
 * Entries that fit what was typed, best first; all of them, by category, for an empty text. Where no
 * name has its letters in their order, those that name it as a choice or in the words on a port;
 * where there are none either, those whose names it misspells.
 */
export function search(entries: readonly SearchEntry[], text: string, limit = 50): SearchEntry[] {
  const query = text.trim();
  if (query === "") {
    return [...entries].sort(byCategory);
  }
  const queries = spellings(query);
  const found: { entry: SearchEntry; score: number }[] = [];
  for (const entry of entries) {
    const scores = queries.map((one, i) => (i === 0 ? 1 : OTHER_WORDS) * scoreOf(entry, one));
    const score = Math.max(...scores);
    if (score >= THRESHOLD) found.push({ entry, score });
  }
  if (found.length === 0) {
    const told = tellingOf(entries, query);
    return (
      told.length > 0
        ? told
        : misspelt(
            query,
            entries,
            ({ spelt }) => spelt,
            ({ label }) => label,
          )
    ).slice(0, limit);
  }
  found.sort((a, b) => b.score - a.score || a.entry.label.length - b.entry.label.length);
  return found.slice(0, limit).map(({ entry }) => entry);
}

const SHORTEST = 3;

function tellingOf(entries: readonly SearchEntry[], query: string): SearchEntry[] {
  const typed = wordsIn(query);
  if (typed.every((word) => word.length < SHORTEST)) return [];
  return entries
    .filter(({ details }) => typed.every((one) => details.some((word) => word.startsWith(one))))
    .sort((a, b) => a.label.length - b.label.length);
}

function scoreOf(entry: SearchEntry, query: string): number {
  const whole = entry.keys.map(({ text, weight }) => weight * likeness(query, text));
  // Words that lie in different places, such as a category and a name, count less.
  const all = entry.keys.map(({ text }) => text).join(" ");
  const spread = likeness(query, all);
  const first = [entry.label, entry.words].some((name) =>
    name.toLowerCase().startsWith(query.toLowerCase()),
  );
  return Math.max(...whole, SPREAD * spread) + (first ? BEGINS : 0);
}

/** Letters that may be left out between two that were typed. */
const LEFT_OUT = 2;

/**
 * How well a text has the letters that were typed, in their order: from 0 to 1. They may skip to the
 * beginning of a word, as abbreviations do, or leave a few letters out; letters that are scattered
 * over other words are there by chance.
 */
function likeness(query: string, text: string): number {
  const found = fuzzysort.single(query, text);
  if (found === null) return 0;
  const places = found.indexes;
  const gaps = places.map((place, i) => (i === 0 ? 0 : place - (places[i - 1] ?? place) - 1));
  const near = gaps.every((gap, i) => {
    const place = places[i] ?? 0;
    return i === 0
      ? gaps.every((one) => one === 0) || begins(text, place)
      : gap <= LEFT_OUT || begins(text, place);
  });
  return near ? found.score : 0;
}

function begins(text: string, at: number): boolean {
  const [before = " ", here = ""] = [text[at - 1], text[at]];
  if (!/[\p{L}\p{N}]/u.test(before)) return true;
  return /\p{Lu}|[\u2e80-\u9fff]/u.test(here) && !/\p{Lu}/u.test(before);
}

/** What most often comes after an output of a type, the most usual first. */
const AFTER: Readonly<Record<string, readonly string[]>> = {
  MODEL: ["KSampler", "LoadLoRA", "BasicGuider", "BasicScheduler"],
  CLIP: ["CLIPTextEncode", "LoadLoRA", "CLIPSetLastLayer"],
  VAE: ["VAEDecode", "VAEEncode"],
  CONDITIONING: ["KSampler", "ApplyControlNet", "ConditioningCombine", "CFGGuider"],
  LATENT: ["VAEDecode", "KSampler", "LatentUpscaleBy"],
  IMAGE: ["SaveImage", "PreviewImage", "VAEEncode", "ImageScale"],
  MASK: ["SetLatentNoiseMask", "GrowMask", "FeatherMask", "MaskPreview"],
  CONTROL_NET: ["ApplyControlNet"],
  CLIP_VISION: ["CLIPVisionEncode"],
  UPSCALE_MODEL: ["ImageUpscaleWithModel"],
};

/** What most often feeds an input of a type. */
const BEFORE: Readonly<Record<string, readonly string[]>> = {
  MODEL: ["LoadCheckpoint", "LoadLoRA", "LoadDiffusionModel"],
  CLIP: ["LoadCheckpoint", "LoadLoRA", "LoadCLIP"],
  VAE: ["LoadCheckpoint", "LoadVAE"],
  CONDITIONING: ["CLIPTextEncode", "ApplyControlNet", "ConditioningCombine"],
  LATENT: ["EmptyLatentImage", "VAEEncode", "KSampler"],
  IMAGE: ["LoadImage", "VAEDecode", "ImageScale"],
  MASK: ["LoadImage", "LoadImageMask", "SolidMask"],
  CONTROL_NET: ["LoadControlNet"],
  CLIP_VISION: ["LoadCLIPVision"],
  UPSCALE_MODEL: ["LoadUpscaleModel"],
};

/** The entries that a link held at one side of a type most often leads to. */
export function usual(
  entries: readonly SearchEntry[],
  type: string,
  side: "input" | "output",
): readonly SearchEntry[] {
  return ((side === "output" ? AFTER : BEFORE)[type] ?? []).flatMap((wanted) => {
    const found = entries.find(({ schema }) => schema.type === wanted);
    return found ? [found] : [];
  });
}
