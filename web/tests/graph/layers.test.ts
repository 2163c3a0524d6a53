import { expect, test } from "vitest";
import { overlaps, type Rects } from "../../src/graph/arrange";
import { BETWEEN, type LayerEdge, layered } from "../../src/graph/layers";

/** A tangle: every node is fed by its predecessor's predecessor and by one up to ten before that. */
function tangle(count: number): { rects: Rects; edges: LayerEdge[] } {
  const rects = Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`n${i}`, { x: 0, y: 0, width: 240, height: 120 }]),
  );
  const edges = Array.from({ length: count - 2 }, (_, i) => [
    { from: `n${i}`, to: `n${i + 2}` },
    { from: `n${Math.max(0, i - ((i * 7) % 11))}`, to: `n${i + 2}` },
  ]).flat();
  return { rects, edges };
}

test.each([40, 320])(
  "links of %i tangled nodes go from left to right, and no two overlap",
  async (n) => {
    const { rects, edges } = tangle(n);
    const places = await layered(rects, edges);
    for (const { from, to } of edges) {
      const room = (places[to]?.x ?? 0) - (places[from]?.x ?? 0) - 240;
      expect(room).toBeGreaterThanOrEqual(BETWEEN - 8);
    }
    const laid = Object.entries(places).map(([id, at]) => ({ ...rects[id], ...at }) as never);
    for (const [i, one] of laid.entries()) {
      for (const other of laid.slice(i + 1)) expect(overlaps(one, other)).toBe(false);
    }
  },
);
