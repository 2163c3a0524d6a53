/** Find node types by name, alias, category, summary or socket type. */

import fuzzysort from "fuzzysort";
import type { NodeSchema } from "../api/nodes";
import { categoryName, wordsOf } from "./names";
import { spellings } from "./synonyms";

export interface Entry {
  readonly schema: NodeSchema;
  /** `VAE Decode` for `VAEDecode`: what is shown. */
  readonly label: string;
  /** The same in English: it is found by both. */
  readonly words: string;
  readonly keys: readonly Key[];
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

export function entriesOf(schemas: Iterable<NodeSchema>): Entry[] {
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
    return { schema, label, words, keys };
  });
}

const SPREAD = 0.6;
const BEGINS = 0.1;
const OTHER_WORDS = 0.95;
const THRESHOLD = 0.25;

/** Those of a category stand together. */
export function byCategory(a: Entry, b: Entry): number {
  const [one, other] = [categoryName(a.schema), categoryName(b.schema)];
  return one.localeCompare(other) || a.label.localeCompare(b.label);
}

/** Entries that fit what was typed, best first; all of them, by category, for an empty text. */
export function search(entries: readonly Entry[], text: string, limit = 50): Entry[] {
  const query = text.trim();
  if (query === "") {
    return [...entries].sort(byCategory);
  }
  const queries = spellings(query);
  const found: { entry: Entry; score: number }[] = [];
  for (const entry of entries) {
    const scores = queries.map((one, i) => (i === 0 ? 1 : OTHER_WORDS) * scoreOf(entry, one));
    const score = Math.max(...scores);
    if (score >= THRESHOLD) found.push({ entry, score });
  }
  found.sort((a, b) => b.score - a.score || a.entry.label.length - b.entry.label.length);
  return found.slice(0, limit).map(({ entry }) => entry);
}

function scoreOf(entry: Entry, query: string): number {
  const whole = entry.keys.map(
    ({ text, weight }) => weight * (fuzzysort.single(query, text)?.score ?? 0),
  );
  // Words that lie in different places, such as a category and a name, count less.
  const all = entry.keys.map(({ text }) => text).join(" ");
  const spread = fuzzysort.single(query, all)?.score ?? 0;
  const begins = [entry.label, entry.words].some((name) =>
    name.toLowerCase().startsWith(query.toLowerCase()),
  );
  return Math.max(...whole, SPREAD * spread) + (begins ? BEGINS : 0);
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
  entries: readonly Entry[],
  type: string,
  side: "input" | "output",
): readonly Entry[] {
  return ((side === "output" ? AFTER : BEFORE)[type] ?? []).flatMap((wanted) => {
    const found = entries.find(({ schema }) => schema.type === wanted);
    return found ? [found] : [];
  });
}
