/** Put parts of a graph that no link joins side by side, in rows, in about the shape of a window. */

import type { Point } from "./rect";

interface Size {
  readonly width: number;
  readonly height: number;
}

interface Joint {
  readonly from: string;
  readonly to: string;
}

/** Ids that links join, directly or by others; in the order of the first of each. */
export function componentsOf(ids: readonly string[], edges: readonly Joint[]): string[][] {
  const root = new Map(ids.map((id) => [id, id]));
  const find = (id: string): string => {
    let at = id;
    for (let up = root.get(at); up !== undefined && up !== at; up = root.get(at)) at = up;
    // What was walked leads straight there the next time.
    for (let one = id; one !== at; ) {
      const next = root.get(one) ?? at;
      root.set(one, at);
      one = next;
    }
    return at;
  };
  for (const { from, to } of edges) {
    if (root.has(from) && root.has(to)) root.set(find(from), find(to));
  }
  const parts = new Map<string, string[]>();
  for (const id of ids) {
    const key = find(id);
    const part = parts.get(key);
    if (part === undefined) parts.set(key, [id]);
    else part.push(id);
  }
  return [...parts.values()];
}

/**
 * Left upper corners of parts in rows, the tallest first, so that all of them together are about
 * `aspect` times as wide as they are high.
 */
export function inRows(sizes: readonly Size[], gap: number, aspect: number): Point[] {
  const area = sizes.reduce((sum, { width, height }) => sum + (width + gap) * (height + gap), 0);
  const widest = Math.max(0, ...sizes.map(({ width }) => width));
  const room = Math.max(widest, Math.sqrt(area * aspect));
  const corners: Point[] = sizes.map(() => ({ x: 0, y: 0 }));
  const order = sizes.map((size, i) => ({ size, i }));
  order.sort((a, b) => b.size.height - a.size.height);
  let [x, y, tallest] = [0, 0, 0];
  for (const { size, i } of order) {
    if (x > 0 && x + size.width > room) {
      y += tallest + gap;
      [x, tallest] = [0, 0];
    }
    corners[i] = { x, y };
    x += size.width + gap;
    tallest = Math.max(tallest, size.height);
  }
  return corners;
}
