/** Put nodes in layers, from left to right along their links. */

import { dictOf } from "../api/dict";
import type { Places, Rects } from "./arrange";
import { GRID } from "./geometry";
import type { Point, Rect } from "./rect";

export interface LayerEdge {
  readonly from: string;
  readonly to: string;
  /** Distance of each socket from its node's top. */
  readonly fromY?: number;
  readonly toY?: number;
}

/** Least room between what stands in a column, and between columns. */
export const GAP = 32;
export const BETWEEN = 72;

/**
 * Up to so many nodes, links are made as short as can be. Beyond, nearly so: a tangle of 1,000
 * nodes then takes 2 seconds and not 30.
 */
const FEW = 300;

/** Layers from left to right: dagre says which and in what order, then links are straightened. */
export async function layered(rects: Rects, edges: readonly LayerEdge[]): Promise<Places> {
  const [only, ...others] = Object.keys(rects);
  if (only === undefined) return dictOf();
  // Most parts of an untidy graph are one node, which has no layers.
  if (others.length === 0)
    return dictOf([[only, { x: rectAt(rects, only).x, y: rectAt(rects, only).y }]]);
  const { Graph, layout } = await import("@dagrejs/dagre");
  const graph = new Graph({ multigraph: true });
  const ranker = Object.keys(rects).length > FEW ? "tight-tree" : "network-simplex";
  graph.setGraph({ rankdir: "LR", nodesep: GAP, ranksep: BETWEEN, marginx: 0, marginy: 0, ranker });
  graph.setDefaultEdgeLabel(() => ({}));
  // By numbers: dagre keeps nodes in objects that inherit, and a document may call one `__proto__`.
  const numbers = new Map(Object.keys(rects).map((id, i) => [id, String(i)]));
  const numberOf = (id: string) => numbers.get(id) as string;
  for (const [id, { width, height }] of Object.entries(rects)) {
    graph.setNode(numberOf(id), { width, height });
  }
  const known = edges.filter(({ from, to }) => rects[from] && rects[to]);
  known.forEach(({ from, to }, i) => {
    graph.setEdge(numberOf(from), numberOf(to), {}, String(i));
  });
  layout(graph);
  const centres = dictOf(
    Object.keys(rects).map((id) => [id, graph.node(numberOf(id)) as unknown as Point]),
  );
  const columns = columnsOf(centres);
  const tops = straighten(columns, rects, known, centres);
  const left = Math.min(...Object.values(rects).map((r) => r.x));
  const top = Math.min(...Object.values(rects).map((r) => r.y)) - Math.min(...tops.values());
  const snap = (value: number) => Math.round(value / GRID) * GRID;
  const places: Record<string, Point> = dictOf();
  let x = left;
  for (const column of columns) {
    const width = Math.max(...column.map((id) => rectAt(rects, id).width));
    for (const id of column) places[id] = { x: snap(x), y: snap(top + (tops.get(id) ?? 0)) };
    x += width + BETWEEN;
  }
  return places;
}

function columnsOf(centres: Places): string[][] {
  const columns = new Map<number, string[]>();
  for (const [id, { x }] of Object.entries(centres)) {
    const key = Math.round(x);
    columns.set(key, [...(columns.get(key) ?? []), id]);
  }
  return [...columns].sort(([a], [b]) => a - b).map(([, ids]) => ids);
}

/** Tops of all nodes, such that links run as level as the neighbours in a column allow. */
function straighten(
  columns: readonly string[][],
  rects: Rects,
  edges: readonly LayerEdge[],
  centres: Places,
): Map<string, number> {
  const tops = new Map<string, number>();
  for (const [id, { y }] of Object.entries(centres)) tops.set(id, y - rectAt(rects, id).height / 2);
  const wanted = (id: string, side: "from" | "to") => {
    const levels = edges
      .filter((edge) => edge[side === "from" ? "to" : "from"] === id)
      .map((edge) => {
        const own = (side === "from" ? edge.toY : edge.fromY) ?? 0;
        const other = (side === "from" ? edge.fromY : edge.toY) ?? 0;
        return (tops.get(edge[side]) ?? 0) + other - own;
      });
    return levels.length === 0
      ? (tops.get(id) ?? 0)
      : levels.reduce((a, b) => a + b, 0) / levels.length;
  };
  const settle = (column: string[], side: "from" | "to", sorts: boolean) => {
    const level = new Map(column.map((id) => [id, wanted(id, side)]));
    const at = (id: string) => (sorts ? level.get(id) : tops.get(id)) ?? 0;
    column.sort((a, b) => at(a) - at(b));
    const heights = column.map((id) => rectAt(rects, id).height + GAP);
    const levels = column.map((id) => level.get(id) ?? 0);
    spread(levels, heights).forEach((y, i) => {
      tops.set(column[i] as string, y);
    });
  };
  for (const column of [...columns].reverse()) settle(column, "to", true);
  for (const column of columns) settle(column, "from", false);
  return tops;
}

/**
 * Places nearest to the wanted ones (by squares) that do not overlap.
 *
 * Pool-adjacent-violators: neighbours that would overlap are moved together, as one block.
 */
export function spread(wanted: readonly number[], heights: readonly number[]): number[] {
  const blocks: { sum: number; count: number; first: number }[] = [];
  let before = 0;
  wanted.forEach((y, i) => {
    let block = { sum: y - before, count: 1, first: i };
    before += heights[i] ?? 0;
    for (let last = blocks.at(-1); last && mean(last) > mean(block); last = blocks.at(-1)) {
      blocks.pop();
      block = { sum: last.sum + block.sum, count: last.count + block.count, first: last.first };
    }
    blocks.push(block);
  });
  const places: number[] = [];
  let offset = 0;
  for (const block of blocks) {
    for (let i = block.first; i < block.first + block.count; i++) {
      places.push(mean(block) + offset);
      offset += heights[i] ?? 0;
    }
  }
  return places;
}

function mean({ sum, count }: { sum: number; count: number }): number {
  return sum / count;
}

function rectAt(rects: Rects, id: string): Rect {
  return rects[id] as Rect;
}
