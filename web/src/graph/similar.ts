/** How alike two names are, for what is probably meant by one that is not there. */

const known = new Map<string, ReadonlyMap<string, number>>();
const MOST_KNOWN = 10_000;

/** Each pair of neighbouring letters of a name, and how often it has it. */
function pairs(name: string): ReadonlyMap<string, number> {
  const made = known.get(name);
  if (made !== undefined) return made;
  const plain = name
    .toLowerCase()
    .replace(/\.\w+$/, "")
    .replace(/[^\p{L}\p{N}]+/gu, "");
  const found = new Map<string, number>();
  for (let i = 0; i + 1 < plain.length; i++) {
    const pair = plain.slice(i, i + 2);
    found.set(pair, (found.get(pair) ?? 0) + 1);
  }
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(name, found);
  return found;
}

/** From 0 for nothing in common to 1: pairs of letters that both names have. */
export function likeness(one: string, other: string): number {
  const [a, b] = [pairs(one), pairs(other)];
  const total = (of: ReadonlyMap<string, number>) =>
    [...of.values()].reduce((sum, n) => sum + n, 0);
  let shared = 0;
  for (const [pair, n] of a) shared += Math.min(n, b.get(pair) ?? 0);
  return (2 * shared) / Math.max(1, total(a) + total(b));
}

/** Names most like one, the best first; those with little in common are left out. */
export function nearest(name: string, names: readonly string[], most = 3): string[] {
  return names
    .map((one) => ({ one, score: likeness(name, one) }))
    .filter(({ score }) => score >= 0.4)
    .sort((a, b) => b.score - a.score)
    .slice(0, most)
    .map(({ one }) => one);
}
