/** Put nodes in line or at equal distances; which rectangle lies where. */

import { dictOf } from "../api/dict";
import type { Point, Rect } from "./rect";

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
  const places: Record<string, Point> = dictOf();
  let at = rectAt(rects, first)[axis];
  for (const id of ids) {
    const rect = rectAt(rects, id);
    places[id] = axis === "x" ? { x: at, y: rect.y } : { x: rect.x, y: at };
    at += rect[length] + gap;
  }
  return places;
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
  return dictOf(
    Object.entries(rects).map(([id, rect]) => {
      const { x, y } = map(rect);
      return [id, { x: Math.round(x), y: Math.round(y) }];
    }),
  );
}

/** How many of the nearest rectangles are gone around; beyond them there is room enough. */
const NEARBY = 60;

/**
 * The place nearest to the wanted one where a rectangle covers nothing, with a gap around it.
 *
 * It is where it was wanted, or it touches the gap of one or two that are there.
 */
export function freeSpot(wanted: Rect, taken: readonly Rect[], gap = 24): Point {
  const { width, height } = wanted;
  const away = (r: Rect) => Math.hypot(r.x - wanted.x, r.y - wanted.y);
  const near = [...taken].sort((a, b) => away(a) - away(b)).slice(0, NEARBY);
  const xs = [wanted.x, ...near.flatMap((r) => [r.x + r.width + gap, r.x - width - gap])];
  const ys = [wanted.y, ...near.flatMap((r) => [r.y + r.height + gap, r.y - height - gap])];
  const spots = xs.flatMap((x) => ys.map((y) => ({ x, y, width, height })));
  spots.sort((a, b) => away(a) - away(b));
  const grown = (r: Rect) => ({
    x: r.x - gap + 1,
    y: r.y - gap + 1,
    width: r.width + 2 * gap - 2,
    height: r.height + 2 * gap - 2,
  });
  const around = taken.map(grown);
  const free = spots.find((spot) => !around.some((one) => overlaps(spot, one)));
  if (free !== undefined) return { x: free.x, y: free.y };
  const bottom = Math.max(...taken.map((r) => r.y + r.height));
  return { x: wanted.x, y: bottom + gap };
}
