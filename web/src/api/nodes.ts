/** The node schema, as `weft nodes --json` and GET /v1/nodes publish it. */

import type { Value } from "./json";

export interface PortSchema {
  readonly type: string;
  readonly choices?: readonly Value[];
  /** What it is called in the language of the page, where that is not English. */
  readonly label?: string;
  /** The same for its choices. */
  readonly labels?: Readonly<Record<string, string>>;
}

export type BoxSide = "x" | "y" | "width" | "height";

export interface InputSchema extends PortSchema {
  readonly socket: boolean;
  readonly required: boolean;
  readonly description: string;
  readonly default?: Value;
  readonly min?: number;
  readonly max?: Value;
  readonly step?: number;
  /** Allowed are only whole multiples of it. */
  readonly multiple?: number;
  readonly multiline?: boolean;
  readonly seed?: boolean;
  /** Kind of model file, such as `checkpoints`. */
  readonly model?: string;
  readonly file?: boolean;
  /** Its text may name models of a kind; the pattern's first group is a name. */
  readonly mentions?: { readonly model: string; readonly pattern: string };
  /** 65536 red + 256 green + blue. */
  readonly color?: boolean;
  /** Which side of the node's rectangle it is: whole numbers are pixels, others fractions. */
  readonly box?: BoxSide;
  /** Pairs of fractions of a picture's sides; the corners of a shape if closed. */
  readonly points?: { readonly least: number; readonly closed: boolean };
  /** Pairs from 0 to 1 that a curve passes through, x rising. */
  readonly curve?: boolean;
  readonly aliases?: readonly string[];
}

export interface NodeSchema {
  readonly type: string;
  readonly category: string;
  readonly version: number;
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly inputs: Readonly<Record<string, InputSchema>>;
  readonly outputs: Readonly<Record<string, PortSchema>>;
  readonly returns: string;
  readonly source: string;
  readonly effects: readonly string[];
  readonly root: boolean;
  readonly pure: boolean;
  /** What it is called in the language of the page, where that is not English. */
  readonly title?: string;
  readonly categoryTitle?: string;
  /** Its English summary where `summary` is in another language: it is found by both. */
  readonly original?: string;
}

export type NodeSchemas = Readonly<Record<string, NodeSchema>>;

export interface PortTexts {
  readonly label?: string;
  readonly description?: string;
  readonly choices?: Readonly<Record<string, string>>;
}

/** What `/v1/locales/{language}` gives for a node type; every part may be missing. */
export interface NodeTexts {
  readonly title?: string;
  readonly category?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly inputs?: Readonly<Record<string, PortTexts>>;
  readonly outputs?: Readonly<Record<string, PortTexts>>;
}

export type Locale = Readonly<Record<string, NodeTexts>>;
