/** JSON that loses nothing: 64-bit seeds and the difference of 4 and 4.0 survive a round trip. */

import { isLosslessNumber, LosslessNumber, parse, stringify } from "lossless-json";
import { dictOf } from "./dict";

export type ExactNumber = LosslessNumber;

export type Value =
  | null
  | boolean
  | number
  | string
  | ExactNumber
  | readonly Value[]
  | { readonly [key: string]: Value };

export type JsonObject = { readonly [key: string]: Value };

/** Parse JSON. A number that JavaScript would write otherwise is kept as an `ExactNumber`. */
export function parseJson(text: string): Value {
  const data = parse(text, undefined, {
    parseNumber: (digits) =>
      String(Number(digits)) === digits ? Number(digits) : new LosslessNumber(digits),
    onDuplicateKey: ({ key }) => {
      throw new SyntaxError(`The name "${key}" stands twice in one object.`);
    },
  }) as Value;
  return bare(data);
}

/** The same with dictionaries for objects: no key of a text finds what an object inherits. */
function bare(value: Value): Value {
  if (Array.isArray(value)) return value.map(bare);
  if (!isObject(value)) return value;
  return dictOf(Object.keys(value).map((key) => [key, bare(value[key] as Value)]));
}

/** Write JSON as the Python side does: two spaces, one value a line, a newline at the end. */
export function formatJson(value: unknown): string {
  return `${stringify(value, undefined, 2)}\n`;
}

export function compactJson(value: unknown): string {
  return stringify(value) ?? "null";
}

/** A whole number of any size, as the document keeps it. */
export function wholeNumber(value: bigint): Value {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : new LosslessNumber(value.toString());
}

/** A number for a FLOAT parameter: 4 is written 4.0, as Python writes it. */
export function floatNumber(value: number): Value {
  return Number.isInteger(value) && Math.abs(value) < 1e15
    ? new LosslessNumber(`${value}.0`)
    : value;
}

export function isExact(value: unknown): value is ExactNumber {
  return isLosslessNumber(value);
}

export function isNumeric(value: unknown): value is number | ExactNumber {
  return typeof value === "number" || isExact(value);
}

/** The nearest JavaScript number; NaN when it is none. */
export function numberOf(value: unknown): number {
  return isNumeric(value) ? Number(value.toString()) : Number.NaN;
}

/** Plain numbers throughout: for what the server tells of its work, which is reckoned with. */
export function plain<T>(value: Value): T {
  if (isExact(value)) return Number(value.toString()) as T;
  if (Array.isArray(value)) return value.map((one: Value) => plain(one)) as T;
  if (typeof value !== "object" || value === null) return value as T;
  return dictOf(Object.entries(value).map(([name, one]) => [name, plain(one)])) as T;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isExact(value);
}

/** Whether two values are written the same. */
export function sameValue(a: Value | undefined, b: Value | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && compactJson(a) === compactJson(b));
}
