/** The values of a sweep as people type them; as engine/graph/sweep_values.py reads them. */

import { isNumeric, parseJson, type Value } from "../api/json";
import type { InputSchema } from "../api/nodes";
import { mainType, socketType } from "./types";

export interface Swept {
  readonly text: string;
  readonly value: Value;
}

const NUMBER = String.raw`([+-]?\d{1,40}(?:\.\d{1,40})?)`;
const RANGE = new RegExp(String.raw`^${NUMBER}\.\.${NUMBER}(?:\.\.${NUMBER})?$`);
const MOST = 1000;

/** Values of an input's type, separated by commas; what does not fit is left out. */
export function sweptValues(text: string, input: InputSchema): Swept[] {
  const { name } = mainType(socketType(input));
  const numbers = name === "INT" || name === "FLOAT";
  return fields(text)
    .flatMap((field) => (numbers ? (rangeOf(field) ?? [field]) : [field]))
    .slice(0, MOST)
    .flatMap((one): Swept[] => {
      if (name === "BOOLEAN") {
        return one === "true" || one === "false" ? [{ text: one, value: one === "true" }] : [];
      }
      if (!numbers) return [{ text: one, value: one }];
      try {
        const value = parseJson(one);
        return isNumeric(value) ? [{ text: one, value }] : [];
      } catch {
        return [];
      }
    });
}

/** Parts between commas; one with commas of its own stands in quotes, as in CSV. */
function fields(text: string): string[] {
  const found: string[] = [];
  for (const match of text.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*(?:,|$)/g)) {
    const quoted = match[1]?.replaceAll('""', '"');
    const part = quoted ?? match[2]?.trim() ?? "";
    if (part !== "") found.push(part);
  }
  return found;
}

/** `1..4` and `0..1..0.25` as the numbers they mean; null if it is no range. */
function rangeOf(field: string): string[] | null {
  const match = RANGE.exec(field);
  if (match === null) return null;
  const places = Math.max(...match.slice(1).map((n) => n?.split(".")[1]?.length ?? 0));
  const scale = 10 ** places;
  // Whole numbers, so that 0.1 three times is 0.3.
  const [from, to] = [match[1], match[2]].map((n) => Math.round(Number(n) * scale)) as [
    number,
    number,
  ];
  // Fractions need a step, and the step must lead from the first to the last number.
  if (match[3] === undefined && places > 0) return [];
  const step = match[3] === undefined ? scale : Math.round(Number(match[3]) * scale);
  if (step === 0 || Math.sign(to - from) * Math.sign(step) < 0) return [];
  const count = Math.min(MOST, Math.floor((to - from) / step) + 1);
  return Array.from({ length: count }, (_, i) => ((from + i * step) / scale).toFixed(places));
}
