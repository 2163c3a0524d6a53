/** Find node types by name, alias, category, summary or socket type. */

import fuzzysort from "fuzzysort";
import type { NodeSchema } from "../api/nodes";

export interface Entry {
  readonly schema: NodeSchema;
  /** `VAE Decode` for `VAEDecode`: what is shown and searched. */
  readonly label: string;
  readonly keys: readonly string[];
}

// Names of the field that are one word, whatever their capitals say.
const NAMES = ["LoRA", "KSampler", "ControlNet", "PixArt", "FreeU", "HyperTile", "ComfyUI"];
const JOINED = NAMES.map((name) => [new RegExp(split(name), "g"), name] as const);

function split(type: string): string {
  return type
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]{2,})([A-Z][a-z])/g, "$1 $2")
    .replace(/[_-]+/g, " ");
}

const inWords = new Map<string, string>();

/** A type id in words. */
export function wordsOf(type: string): string {
  let text = inWords.get(type);
  if (text === undefined) {
    text = JOINED.reduce((words, [parts, name]) => words.replace(parts, name), split(type));
    inWords.set(type, text);
  }
  return text;
}

export function entriesOf(schemas: Iterable<NodeSchema>): Entry[] {
  return [...schemas].map((schema) => {
    const label = wordsOf(schema.type);
    const types = [...Object.values(schema.inputs), ...Object.values(schema.outputs)];
    const keys = [
      label,
      schema.type,
      schema.aliases.join(" "),
      schema.category,
      schema.summary,
      types.map((port) => port.type).join(" "),
    ];
    return { schema, label, keys };
  });
}

// A hit in the name weighs more than one in an alias, that more than one in the category, ...
const WEIGHTS = [1, 1, 0.9, 0.7, 0.5, 0.5];
const SPREAD = 0.6;
const BEGINS = 0.1;
const THRESHOLD = 0.25;

/** Entries that fit what was typed, best first; all of them, by category, for an empty text. */
export function search(entries: readonly Entry[], text: string, limit = 50): Entry[] {
  const query = text.trim();
  if (query === "") {
    return [...entries].sort(
      (a, b) =>
        a.schema.category.localeCompare(b.schema.category) || a.label.localeCompare(b.label),
    );
  }
  const found: { entry: Entry; score: number }[] = [];
  for (const entry of entries) {
    const whole = entry.keys.map((key, i) => {
      return (WEIGHTS[i] ?? 0) * (fuzzysort.single(query, key)?.score ?? 0);
    });
    // Words that lie in different places, such as a category and a name, count less.
    const spread = fuzzysort.single(query, entry.keys.join(" "))?.score ?? 0;
    const begins = entry.label.toLowerCase().startsWith(query.toLowerCase());
    const score = Math.max(...whole, SPREAD * spread) + (begins ? BEGINS : 0);
    if (score >= THRESHOLD) found.push({ entry, score });
  }
  found.sort((a, b) => b.score - a.score || a.entry.label.length - b.entry.label.length);
  return found.slice(0, limit).map(({ entry }) => entry);
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
