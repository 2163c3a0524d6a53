/** Names for a text with slips of the fingers in it: letters doubled, left out, wrong or swapped. */

/**
 * How many slips lie between two words: letters put in, left out, replaced, or swapped with their
 * neighbour (optimal string alignment). More than `most` counts as infinitely many.
 */
export function slips(one: string, other: string, most: number): number {
  const [a, b] = [[...one], [...other]];
  if (Math.abs(a.length - b.length) > most) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      }
      row.push(least);
    }
    if (Math.min(...row) > most) return Number.POSITIVE_INFINITY;
    [before, last] = [last, row];
  }
  const found = last[b.length] ?? 0;
  return found <= most ? found : Number.POSITIVE_INFINITY;
}

/** Slips that are forgiven in a word of this length; in a short one everything is near everything. */
export function forgiven(length: number): number {
  return length < 4 ? 0 : length < 8 ? 1 : 2;
}

/** The words of a text, without signs and capitals. */
export function wordsIn(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/**
 * Slips in what was typed, if every word of it stands for one of these words or for its beginning;
 * else infinitely many. A word that goes on behind what was typed costs a little.
 */
export function slipsIn(typed: readonly string[], words: readonly string[]): number {
  let sum = 0;
  for (const one of typed) {
    const most = forgiven(one.length);
    let least = Number.POSITIVE_INFINITY;
    for (const word of words) {
      const rest = word.length - one.length;
      const whole = slips(one, word, most);
      // As many letters of a longer word as were typed, one more or one less, as slips have it.
      const begun =
        rest <= most
          ? Number.POSITIVE_INFINITY
          : Math.min(...[-1, 0, 1].map((by) => slips(one, word.slice(0, one.length + by), most)));
      least = Math.min(least, whole, begun + LONGER * rest);
    }
    sum += least;
  }
  return typed.length === 0 ? Number.POSITIVE_INFINITY : sum;
}

const LONGER = 0.02;

/** Each word of some names, and each name as one word. */
export function spellingsOf(names: readonly string[]): readonly string[] {
  const words = names.map(wordsIn);
  return [...new Set(words.flatMap((name) => [...name, name.join("")]))];
}

/** Those that may be meant by a text with slips in it, the nearest first, then the shortest. */
export function misspelt<T>(
  typed: string,
  items: readonly T[],
  wordsOf: (item: T) => readonly string[],
  nameOf: (item: T) => string,
): T[] {
  const words = wordsIn(typed);
  return items
    .map((item) => ({ item, cost: slipsIn(words, wordsOf(item)) }))
    .filter(({ cost }) => Number.isFinite(cost))
    .sort((a, b) => a.cost - b.cost || nameOf(a.item).length - nameOf(b.item).length)
    .map(({ item }) => item);
}
