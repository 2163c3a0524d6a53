/** Where one looks: the one place through which the rest of the editor moves the canvas. */

import type { ReactFlowInstance } from "@xyflow/react";
import { boundsOf } from "../graph/arrange";
import type { Rect } from "../graph/rect";
import { activeTab, allRects, rectAt } from "./docs";
import { isNarrow } from "./ui";

let flow: ReactFlowInstance | null = null;
let host: HTMLElement | null = null;

export const MIN_ZOOM = 0.05;
export const MAX_ZOOM = 2.5;
/** Below this scale nodes are drawn, not built of elements. */
export const FAR = 0.42;

export function attach(instance: ReactFlowInstance, element: HTMLElement): void {
  flow = instance;
  host = element;
}

export function viewSize(): { width: number; height: number } {
  return { width: host?.clientWidth ?? 1, height: host?.clientHeight ?? 1 };
}

export function hostRect(): DOMRect {
  return host?.getBoundingClientRect() ?? new DOMRect();
}

export function focusCanvas(): void {
  host?.focus({ preventScroll: true });
}

export function viewport() {
  return flow?.getViewport() ?? { x: 0, y: 0, zoom: 1 };
}

let goFar = () => {};

/** What to do before a jump to a far view, which would otherwise build every node once. */
export function beforeFar(callback: () => void): void {
  goFar = callback;
}

export function setViewport(view: { x: number; y: number; zoom: number }, duration = 0): void {
  if (duration === 0 && view.zoom < FAR) goFar();
  void flow?.setViewport(view, { duration });
}

/** The scale in which the graph's texts are as large as the browser is set to show texts. */
function textScale(): number {
  const size = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  return Number.isFinite(size) ? Math.min(MAX_ZOOM, Math.max(1, size)) : 1;
}

/** Room around what is shown whole. */
const MARGIN = 56;
/** The scale in which a graph is opened that a telephone cannot show whole. */
const FIRST = 0.6;
const EDGE = 32;
const FASTEST = 14;

/** How far the view is to move in a frame while something is held near its edge; null inside. */
export function viewEdge(screen: { x: number; y: number }): { x: number; y: number } | null {
  const rect = hostRect();
  const along = (at: number, from: number, to: number) => {
    const depth = at < from + EDGE ? from + EDGE - at : at > to - EDGE ? to - EDGE - at : 0;
    // Far outside, over a panel, nothing is asked for.
    return Math.abs(depth) > 2 * EDGE ? Number.NaN : (depth / EDGE) * FASTEST;
  };
  const x = along(screen.x, rect.left, rect.right);
  const y = along(screen.y, rect.top, rect.bottom);
  if (Number.isNaN(x) || Number.isNaN(y) || (x === 0 && y === 0)) return null;
  return { x, y };
}

export function panBy(by: { x: number; y: number }): void {
  const { x, y, zoom } = viewport();
  setViewport({ x: x + by.x, y: y + by.y, zoom });
}

export function toFlow(screen: { x: number; y: number }): { x: number; y: number } {
  const { x, y, zoom } = viewport();
  const rect = hostRect();
  return { x: (screen.x - rect.left - x) / zoom, y: (screen.y - rect.top - y) / zoom };
}

export function toScreen(point: { x: number; y: number }): { x: number; y: number } {
  const { x, y, zoom } = viewport();
  const rect = hostRect();
  return { x: rect.left + x + point.x * zoom, y: rect.top + y + point.y * zoom };
}

/** The middle of what is seen, in canvas units. */
export function middle(): { x: number; y: number } {
  const rect = hostRect();
  return toFlow({ x: rect.left + rect.width / 2, y: rect.top + rect.height / 2 });
}

/** Show everything, or the selection if there is one. */
export function fitView(what: "all" | "selection" = "all", duration = 220): void {
  const chosen = [...activeTab().selection];
  const rects =
    what === "selection" && chosen.length > 0
      ? chosen.map((id) => rectAt(id)).filter((r) => r !== null)
      : Object.values(allRects(true));
  const bounds = boundsOf(rects);
  if (bounds === null) setViewport({ x: 80, y: 80, zoom: textScale() }, duration);
  else show(bounds, duration);
}

/** Show a graph for the first time: all of it, or its beginning where all is too small to read. */
export function showFirst(): void {
  const bounds = boundsOf(Object.values(allRects(true)));
  const { width, height } = viewSize();
  const room = bounds && (width - 2 * MARGIN) / bounds.width;
  if (bounds === null || room === null || room >= FAR || !isNarrow()) {
    fitView("all", 0);
    return;
  }
  const zoom = FIRST;
  const middle = height / 2 - (bounds.y + bounds.height / 2) * zoom;
  const top = EDGE - bounds.y * zoom;
  setViewport({ x: EDGE - bounds.x * zoom, y: Math.max(middle, top), zoom });
}

export function show(bounds: Rect, duration = 220): void {
  const { width, height } = viewSize();
  const zoom = Math.min(
    textScale(),
    Math.max(
      MIN_ZOOM,
      Math.min((width - 2 * MARGIN) / bounds.width, (height - 2 * MARGIN) / bounds.height),
    ),
  );
  setViewport(
    {
      x: width / 2 - (bounds.x + bounds.width / 2) * zoom,
      y: height / 2 - (bounds.y + bounds.height / 2) * zoom,
      zoom,
    },
    duration,
  );
}

/** Bring a rectangle into view if it is not, without changing the scale more than needed. */
export function reveal(rect: Rect): void {
  const { x, y, zoom } = viewport();
  const { width, height } = viewSize();
  const left = rect.x * zoom + x;
  const top = rect.y * zoom + y;
  const inside =
    left >= 24 &&
    top >= 24 &&
    left + rect.width * zoom <= width - 24 &&
    top + rect.height * zoom <= height - 24;
  if (inside && zoom >= FAR) return;
  const [right, bottom] = [left + rect.width * zoom, top + rect.height * zoom];
  const partly = right > 0 && bottom > 0 && left < width && top < height;
  const fits = rect.width * zoom <= width - 48 && rect.height * zoom <= height - 48;
  if (partly && fits && zoom >= FAR) {
    // Only as far as is needed: what one was looking at stays in sight.
    const into = (from: number, to: number, size: number) =>
      from < 24 ? 24 - from : to > size - 24 ? size - 24 - to : 0;
    setViewport({ x: x + into(left, right, width), y: y + into(top, bottom, height), zoom }, 180);
    return;
  }
  const scale = Math.max(zoom, 0.75 * textScale());
  setViewport(
    {
      x: width / 2 - (rect.x + rect.width / 2) * scale,
      y: height / 2 - (rect.y + rect.height / 2) * scale,
      zoom: scale,
    },
    180,
  );
}

export function zoomBy(factor: number): void {
  const { x, y, zoom } = viewport();
  const { width, height } = viewSize();
  const next = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, zoom * factor));
  const scale = next / zoom;
  setViewport(
    {
      x: width / 2 - (width / 2 - x) * scale,
      y: height / 2 - (height / 2 - y) * scale,
      zoom: next,
    },
    120,
  );
}
