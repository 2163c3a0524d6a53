/** Put nodes in line, at equal distances, or in layers. */

import type { Point } from "./commands/nodes";
import type { Rect } from "./geometry";
import { GRID } from "./geometry";

export type Side = "left" | "center" | "right" | "top" | "middle" | "bottom";
export type Places = Readonly<Record<string, Point>>;
export type Rects = Readonly<Record<string, Rect>>;

export function align(rects: Rects, side: Side): Places {
  const all = Object.values(rects);
  const left = Math.min(...all.map((r) => r.x));
  const right = Math.max(...all.map((r) => r.x + r.width));
  const top = Math.min(...all.map((r) => r.y));
  const bottom = Math.max(...all.map((r) => r.y + r.height));
  const place = (r: Rect): Point => {
    switch (side) {
      case "left":
        return { x: left, y: r.y };
      case "center":
        return { x: (left + right - r.width) / 2, y: r.y };
      case "right":
        return { x: right - r.width, y: r.y };
      case "top":
        return { x: r.x, y: top };
      case "middle":
        return { x: r.x, y: (top + bottom - r.height) / 2 };
      case "bottom":
        return { x: r.x, y: bottom - r.height };
    }
  };
  return mapRects(rects, place);
}

/** Equal gaps between neighbours; the outermost two stay. */
export function distribute(rects: Rects, axis: "x" | "y"): Places {
  const length = axis === "x" ? "width" : "height";
  const ids = Object.keys(rects).sort((a, b) => rectAt(rects, a)[axis] - rectAt(rects, b)[axis]);
  const first = ids[0];
  const last = ids[ids.length - 1];
  if (first === undefined || last === undefined || ids.length < 3) return mapRects(rects, (r) => r);
  const span = rectAt(rects, last)[axis] + rectAt(rects, last)[length] - rectAt(rects, first)[axis];
  const gap = (span - ids.reduce((s, id) => s + rectAt(rects, id)[length], 0)) / (ids.length - 1);
  const places: Record<string, Point> = {};
  let at = rectAt(rects, first)[axis];
  for (const id of ids) {
    const rect = rectAt(rects, id);
    places[id] = axis === "x" ? { x: at, y: rect.y } : { x: rect.x, y: at };
    at += rect[length] + gap;
  }
  return places;
}

export interface LayerEdge {
  readonly from: string;
  readonly to: string;
  /** Distance of each socket from its node's top. */
  readonly fromY?: number;
  readonly toY?: number;
}

const GAP = 32;
const BETWEEN = 72;

/** Layers from left to right: dagre says which and in what order, then links are straightened. */
export async function layered(rects: Rects, edges: readonly LayerEdge[]): Promise<Places> {
  const { Graph, layout } = await import("@dagrejs/dagre");
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: GAP, ranksep: BETWEEN, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const [id, { width, height }] of Object.entries(rects)) {
    graph.setNode(id, { width, height });
  }
  const known = edges.filter(({ from, to }) => rects[from] && rects[to]);
  known.forEach(({ from, to }, i) => {
    graph.setEdge(from, to, {}, String(i));
  });
  layout(graph);
  const centres = Object.fromEntries(
    Object.keys(rects).map((id) => [id, graph.node(id) as unknown as Point]),
  );
  const columns = columnsOf(centres);
  const tops = straighten(columns, rects, known, centres);
  const left = Math.min(...Object.values(rects).map((r) => r.x));
  const top = Math.min(...Object.values(rects).map((r) => r.y)) - Math.min(...tops.values());
  const snap = (value: number) => Math.round(value / GRID) * GRID;
  const places: Record<string, Point> = {};
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

/** The nearest rectangle in a direction, for walking over the graph by keys. */
export function neighbour(
  rects: Rects,
  from: string,
  direction: "left" | "right" | "up" | "down",
): string | null {
  const start = rects[from];
  if (start === undefined) return null;
  const [sx, sy] = centre(start);
  const horizontal = direction === "left" || direction === "right";
  const sign = direction === "left" || direction === "up" ? -1 : 1;
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const [id, rect] of Object.entries(rects)) {
    const [x, y] = centre(rect);
    const along = sign * (horizontal ? x - sx : y - sy);
    const across = Math.abs(horizontal ? y - sy : x - sx);
    if (id === from || along <= 0) continue;
    const distance = along + 2 * across;
    if (distance < least) {
      least = distance;
      best = id;
    }
  }
  return best;
}

export function boundsOf(rects: readonly Rect[]): Rect | null {
  const [first] = rects;
  if (first === undefined) return null;
  let { x: left, y: top } = first;
  let right = left + first.width;
  let bottom = top + first.height;
  for (const { x, y, width, height } of rects) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + width);
    bottom = Math.max(bottom, y + height);
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

export function contains(outer: Rect, inner: Rect): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

export function overlaps(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function centre(rect: Rect): [number, number] {
  return [rect.x + rect.width / 2, rect.y + rect.height / 2];
}

function rectAt(rects: Rects, id: string): Rect {
  return rects[id] as Rect;
}

function mapRects(rects: Rects, map: (rect: Rect) => Point): Places {
  return Object.fromEntries(
    Object.entries(rects).map(([id, rect]) => {
      const { x, y } = map(rect);
      return [id, { x: Math.round(x), y: Math.round(y) }];
    }),
  );
}
