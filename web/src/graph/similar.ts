/** How alike two names are, for what is probably meant by one that is not there. */

function pairs(name: string): Map<string, number> {
  const plain = name
    .toLowerCase()
    .replace(/\.\w+$/, "")
    .replace(/[^\p{L}\p{N}]+/gu, "");
  const found = new Map<string, number>();
  for (let i = 0; i + 1 < plain.length; i++) {
    const pair = plain.slice(i, i + 2);
    found.set(pair, (found.get(pair) ?? 0) + 1);
  }
  return found;
}

/** Names most like one, the best first; those with little in common are left out. */
export function nearest(name: string, names: readonly string[], most = 3): string[] {
  const wanted = pairs(name);
  const total = (of: Map<string, number>) => [...of.values()].reduce((a, b) => a + b, 0);
  return names
    .map((one) => {
      const own = pairs(one);
      let shared = 0;
      for (const [pair, n] of own) shared += Math.min(n, wanted.get(pair) ?? 0);
      return { one, score: (2 * shared) / Math.max(1, total(own) + total(wanted)) };
    })
    .filter(({ score }) => score >= 0.4)
    .sort((a, b) => b.score - a.score)
    .slice(0, most)
    .map(({ one }) => one);
}
