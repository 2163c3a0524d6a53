/** What the pointer is over on the canvas, and what it draws there. */

import { createStore } from "zustand/vanilla";
import type { Point, Rect } from "../graph/rect";
import { toFlow } from "./viewport";

interface Hover {
  /** Id of the link under the pointer. */
  readonly wire: string | null;
  /** Id of the link that was clicked. */
  readonly chosen: string | null;
  /** The box being drawn, in canvas units. */
  readonly box: Rect | null;
  /** The stroke that cuts links, and the ids of those it would cut. */
  readonly knife: readonly [Point, Point] | null;
  readonly cut: ReadonlySet<string>;
}

export const NO_LINKS: ReadonlySet<string> = new Set();

export const hover = createStore<Hover>(() => ({
  wire: null,
  chosen: null,
  box: null,
  knife: null,
  cut: NO_LINKS,
}));

let last: { x: number; y: number } | null = null;

/** Where the pointer is on the canvas; null where it is elsewhere. */
export function pointerPlace(): Point | null {
  return last === null ? null : toFlow(last);
}

/** The pointer is at a place of the window, or no longer on the canvas. */
export function setPointer(screen: Point | null): void {
  last = screen;
}
