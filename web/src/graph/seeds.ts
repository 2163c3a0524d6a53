/** What a seed becomes after a run. */

import { isExact, type Value, wholeNumber } from "../api/json";

export const SEED_MODES = ["fixed", "random", "increment"] as const;
export type SeedMode = (typeof SEED_MODES)[number];

const MAX_SEED = 2n ** 64n - 1n;

export function seedMode(text: string | undefined): SeedMode {
  return SEED_MODES.find((mode) => mode === text) ?? "fixed";
}

/** The seed for the next run. `draw` gives 64 random bits. */
export function nextSeed(seed: Value | undefined, mode: SeedMode, draw: () => bigint): Value {
  if (mode === "random") return wholeNumber(BigInt.asUintN(64, draw()));
  const now = seedOf(seed) ?? 0n;
  if (mode === "increment") return wholeNumber(now >= MAX_SEED ? 0n : now + 1n);
  return wholeNumber(now);
}

export function seedOf(value: Value | undefined): bigint | null {
  const text = isExact(value) ? value.value : typeof value === "number" ? String(value) : "";
  return /^\d+$/.test(text) ? BigInt(text) : null;
}

/** Read what a person typed; null when it is no seed. */
export function readSeed(text: string): Value | null {
  if (!/^\d{1,20}$/.test(text.trim())) return null;
  const seed = BigInt(text.trim());
  return seed <= MAX_SEED ? wholeNumber(seed) : null;
}
