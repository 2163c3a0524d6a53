/** What node types, ports and choices are called where they are shown. Files have their ids. */

import type { NodeSchema, PortSchema } from "../api/nodes";

// Names of the field that are one word, whatever their capitals and digits say.
const NAMES = [
  "LoRA",
  "KSampler",
  "ControlNet",
  "PixArt",
  "FreeU",
  "HyperTile",
  "ComfyUI",
  "AliMama",
  "IPAdapter",
  "Pix2Pix",
  "CFGpp",
];
// As types write it, and as people do.
const WRITTEN = [
  ["UnCLIP", "unCLIP"],
  ["Controlnet", "ControlNet"],
  ["Lora", "LoRA"],
  ["DiTSimple", "DiT Simple"],
] as const;
const JOINED = [...NAMES.map((name) => [name, name] as const), ...WRITTEN].map(
  ([type, name]) => [new RegExp(`\\b${split(type)}\\b`, "g"), name] as const,
);

function split(type: string): string {
  return type
    .replace(/([a-z])([A-Z])|(\d)([A-Z][a-z])/g, "$1$3 $2$4")
    .replace(/([A-Z]{2,})([A-Z][a-z])/g, "$1 $2")
    .replace(/([a-z]{3,})(\d)/g, "$1 $2")
    .replace(/[_-]+/g, " ");
}

const inWords = new Map<string, string>();

/** A type id in words: `VAE Decode` for `VAEDecode`. */
export function wordsOf(type: string): string {
  let text = inWords.get(type);
  if (text === undefined) {
    text = JOINED.reduce((words, [parts, name]) => words.replace(parts, name), split(type));
    inWords.set(type, text);
  }
  return text;
}

/** A node type. `type` is what a file calls it, which may be an alias. */
export function typeName(type: string, schema: NodeSchema | undefined): string {
  if (schema?.category === "subgraphs") return schema.summary;
  return schema?.title ?? wordsOf(type);
}

/** An input or output. */
export function portName(port: string, schema: PortSchema | undefined): string {
  return schema?.label ?? port.replaceAll("_", " ");
}

/** A choice, where it has another name than its value. */
export function choiceName(value: string, schema: PortSchema): string | undefined {
  const { labels } = schema;
  return labels && Object.hasOwn(labels, value) ? labels[value] : undefined;
}

/** The place of a type in menus, parts joined by `/`. */
export function categoryName(schema: NodeSchema): string {
  return schema.categoryTitle ?? schema.category;
}

// From here on, scripts have characters about twice as wide as a letter.
const WIDE = 0x2e80;
const unitsOf = (code: number) => (code < WIDE ? 1 : 2);

/** A text cut to a part of its width, from 0 to 1, with what shows that it was. */
export function shortened(text: string, part: number): string {
  let all = 0;
  for (let i = 0; i < text.length; i++) all += unitsOf(text.charCodeAt(i));
  const room = all * part - 1;
  let end = 0;
  for (let used = 0; end < text.length; end++) {
    used += unitsOf(text.charCodeAt(end));
    if (used > room) break;
  }
  return `${text.slice(0, Math.max(1, end))}…`;
}
