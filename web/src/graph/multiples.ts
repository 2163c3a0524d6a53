/** Values that must be whole multiples of a number, such as the sides of a picture. */

import { isNumeric, numberOf, type Value } from "../api/json";
import type { InputSchema } from "../api/nodes";

/** The nearest allowed values below and above one that is no multiple; none for one that is. */
export function nearestMultiples(value: Value | undefined, schema: InputSchema): number[] {
  const { multiple } = schema;
  if (multiple === undefined || !isNumeric(value)) return [];
  const now = numberOf(value);
  if (!Number.isFinite(now) || now % multiple === 0) return [];
  const low = schema.min === undefined ? Number.NEGATIVE_INFINITY : numberOf(schema.min);
  const high = schema.max === undefined ? Number.POSITIVE_INFINITY : numberOf(schema.max);
  const below = Math.floor(now / multiple) * multiple;
  return [below, below + multiple].filter((one) => one >= low && one <= high);
}
