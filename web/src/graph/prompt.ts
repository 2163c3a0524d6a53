/** Weights in prompts: `(word:1.1)`, changed in place with the keyboard. */

export interface Selected {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const STEP = 0.05;
const WEIGHTED = /^\((.*):(-?\d+(?:\.\d+)?)\)$/s;

/** Raise or lower the weight of what is selected, or of the word at the cursor. */
export function weigh(at: Selected, direction: 1 | -1): Selected {
  const { start, end } = spanOf(at);
  if (start === end) return at;
  const piece = at.text.slice(start, end);
  const known = WEIGHTED.exec(piece);
  const inner = known?.[1] ?? piece;
  const weight = Math.round((Number(known?.[2] ?? 1) + direction * STEP) * 100) / 100;
  const fresh = weight === 1 ? inner : `(${inner}:${weight})`;
  const text = at.text.slice(0, start) + fresh + at.text.slice(end);
  return { text, start, end: start + fresh.length };
}

function spanOf({ text, start, end }: Selected): { start: number; end: number } {
  if (start === end) {
    const around = enclosing(text, start);
    if (around !== null) return around;
    while (start > 0 && /[^\s,()]/.test(text[start - 1] as string)) start--;
    while (end < text.length && /[^\s,()]/.test(text[end] as string)) end++;
    return { start, end };
  }
  while (start < end && /\s/.test(text[start] as string)) start++;
  while (end > start && /\s/.test(text[end - 1] as string)) end--;
  // Selected without its brackets: take them in, so that weights do not nest.
  return text[start - 1] === "(" ? (enclosing(text, start) ?? { start, end }) : { start, end };
}

/** The innermost `(...:w)` around a place. */
function enclosing(text: string, at: number): { start: number; end: number } | null {
  let depth = 0;
  for (let i = at - 1; i >= 0; i--) {
    if (text[i] === ")") depth++;
    if (text[i] !== "(") continue;
    if (depth-- > 0) continue;
    const end = closing(text, i);
    if (end !== null && end >= at && WEIGHTED.test(text.slice(i, end))) return { start: i, end };
    return null;
  }
  return null;
}

function closing(text: string, open: number): number | null {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === "(") depth++;
    if (text[i] === ")" && --depth === 0) return i + 1;
  }
  return null;
}

/** The one part in which two texts differ: `piece` in place of `at` to `until`. */
export function replacement(
  before: string,
  after: string,
): { at: number; until: number; piece: string } {
  const shorter = Math.min(before.length, after.length);
  let at = 0;
  while (at < shorter && before[at] === after[at]) at++;
  let tail = 0;
  while (
    tail < shorter - at &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  ) {
    tail++;
  }
  return { at, until: before.length - tail, piece: after.slice(at, after.length - tail) };
}
