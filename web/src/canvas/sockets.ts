/** Colour and shape of each socket type: told apart by either one alone. */

import { own } from "../api/dict";
import { mainType, type SocketType } from "../graph/types";

/** Paths in a square of 12 units. */
export const SHAPES = {
  circle: "M6 1.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9z",
  square: "M2.5 2h7a.5.5 0 0 1 .5.5v7a.5.5 0 0 1-.5.5h-7a.5.5 0 0 1-.5-.5v-7a.5.5 0 0 1 .5-.5z",
  diamond: "M6 .8 11.2 6 6 11.2.8 6z",
  triangle: "M2.2 1.4 10.8 6 2.2 10.6z",
  hexagon: "M3.4 1.4h5.2L11.2 6 8.6 10.6H3.4L.8 6z",
  ring: "M1.8 1.8h8.4v8.4H1.8zM4.3 4.3v3.4h3.4V4.3z",
  half: "M3 1.3c5 0 7.6 2.1 7.6 4.7S8 10.7 3 10.7z",
  cross: "M4.2 1.2h3.6v3h3v3.6h-3v3H4.2v-3h-3V4.2h3z",
  bar: "M4 1.2h4v9.6H4z",
  dot: "M6 3a3 3 0 1 1 0 6a3 3 0 1 1 0-6z",
} as const;

export type Shape = keyof typeof SHAPES;

interface Style {
  readonly shape: Shape;
  /** Degrees; null for grey. */
  readonly hue: number | null;
}

// Hues as people who come from ComfyUI know them.
const STYLES: Readonly<Record<string, Style>> = {
  MODEL: { shape: "hexagon", hue: 300 },
  CLIP: { shape: "triangle", hue: 98 },
  VAE: { shape: "diamond", hue: 22 },
  CONDITIONING: { shape: "circle", hue: 62 },
  LATENT: { shape: "half", hue: 345 },
  IMAGE: { shape: "square", hue: 245 },
  MASK: { shape: "ring", hue: 150 },
  CONTROL_NET: { shape: "cross", hue: 185 },
  CLIP_VISION: { shape: "triangle", hue: 205 },
  IPADAPTER: { shape: "bar", hue: 275 },
  INT: { shape: "dot", hue: 130 },
  FLOAT: { shape: "dot", hue: 175 },
  STRING: { shape: "dot", hue: 80 },
  BOOLEAN: { shape: "dot", hue: 320 },
  COMBO: { shape: "dot", hue: 220 },
  ANY: { shape: "circle", hue: null },
  VAR: { shape: "circle", hue: null },
};

const OTHERS: readonly Shape[] = ["hexagon", "half", "diamond", "cross", "ring", "bar", "square"];

/** Types without a style of their own get one from their name, always the same. */
export function styleOf(type: SocketType): Style {
  const { name } = mainType(type);
  const known = own(STYLES, name);
  if (known !== undefined) return known;
  let hash = 0;
  for (const char of name) hash = (hash * 31 + char.charCodeAt(0)) >>> 0;
  return { shape: OTHERS[hash % OTHERS.length] as Shape, hue: (hash >>> 4) % 360 };
}

export function colorOf(type: SocketType): string {
  return hueColor(styleOf(type).hue);
}

/** A colour for style sheets; the theme says how light and how strong. */
export function hueColor(hue: number | null): string {
  return hue === null
    ? "oklch(var(--socket-l) 0 0)"
    : `oklch(var(--socket-l) var(--socket-c) ${hue})`;
}

/** Hue of a node's or group's colour, by number. */
export const NODE_HUES = [265, 225, 190, 150, 95, 60, 25, 340] as const;

export function nodeColor(color: number | undefined, alpha = 1): string | undefined {
  if (color === undefined) return undefined;
  const hue = NODE_HUES[Math.abs(color) % NODE_HUES.length];
  return `oklch(var(--hue-l) var(--hue-c) ${hue} / ${alpha})`;
}
