/** The range of a number as its schema says it, and how far it goes with the pointer. */

import { numberOf } from "../api/json";
import type { InputSchema } from "../api/nodes";
import { mainType, socketType } from "./types";

export interface Bounds {
  /** Infinite where there is no bound. */
  readonly low: number;
  readonly high: number;
  readonly step: number;
  /** Where most values lie, if the schema says so. */
  readonly soft?: readonly [number, number];
}

export function isWhole(schema: InputSchema): boolean {
  return mainType(socketType(schema)).name === "INT";
}

/** Bounds of a number; `fraction` is the step of one that is not whole and says none. */
export function boundsOf(schema: InputSchema, fraction = 0.01): Bounds {
  const { min, max, step, soft } = schema;
  return {
    low: min === undefined ? Number.NEGATIVE_INFINITY : numberOf(min),
    high: max === undefined ? Number.POSITIVE_INFINITY : numberOf(max),
    step: step === undefined ? (isWhole(schema) ? 1 : fraction) : numberOf(step),
    ...(soft && { soft: [numberOf(soft[0]), numberOf(soft[1])] }),
  };
}

/** A range of so many steps or fewer is a slider as wide as its field. */
const SLIDER = 250;
/** Without a slider: pixels for a step, and the part of a large value that a pixel is. */
const PIXELS = 4;
const PART = 1 / 200;

/** The range that a field shows as a slider; null where the range is too wide to be one. */
export function sliderOf({ low, high, step, soft }: Bounds): readonly [number, number] | null {
  if (soft !== undefined) return soft;
  return high - low <= SLIDER * step ? [low, high] : null;
}

/** How much a value changes for a pixel of a drag that begins at `start`, in a field of `width`. */
export function perPixel(bounds: Bounds, start: number, width: number): number {
  const slider = sliderOf(bounds);
  if (slider !== null) return (slider[1] - slider[0]) / Math.max(1, width);
  return Math.max(bounds.step / PIXELS, Math.abs(start) * PART);
}

/** The filled part of a field, 0 to 1. */
export function filled(bounds: Bounds, value: number): number {
  const slider = sliderOf(bounds);
  if (slider === null || !Number.isFinite(value)) return 0;
  return Math.max(0, Math.min(1, (value - slider[0]) / (slider[1] - slider[0])));
}

/** The nearest value on the grid of steps that begins at the lower bound. */
export function snapTo(value: number, { step, low }: Pick<Bounds, "step" | "low">): number {
  const base = Number.isFinite(low) ? low : 0;
  return Number((base + Math.round((value - base) / step) * step).toFixed(decimals(step) + 2));
}

export function decimals(step: number): number {
  const text = String(step);
  const exponent = /e-(\d+)$/.exec(text)?.[1];
  return exponent ? Number(exponent) : (text.split(".")[1]?.length ?? 0);
}
