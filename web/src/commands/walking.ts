/** Ways through the graph and the window by keyboard. */

import { dictOf } from "../api/dict";
import { passBy } from "../canvas/focus";
import { neighbour } from "../graph/arrange";
import { moveItems } from "../graph/commands/nodes";
import type { Rect } from "../graph/rect";
import { activeGraph, activeTab, allRects, edit, endGesture, leaveTo, select } from "../state/docs";
import { hover } from "../state/hover";
import { setUi, useUi } from "../state/ui";
import { focusCanvas, reveal } from "../state/viewport";
import { selectedRects } from "./selection";

type Direction = "left" | "right" | "up" | "down";

/** `Alt+ArrowLeft` is `left`. */
export function directionOf(key: string): Direction {
  return key.slice(key.lastIndexOf("Arrow") + "Arrow".length).toLowerCase() as Direction;
}

const STEP = 8;
const FAR_STEP = 48;

/** Arrows move what is selected; with nothing selected they begin to walk. */
export function arrow(key: string): void {
  const direction = directionOf(key);
  if (activeTab().selection.size === 0) {
    walk(direction);
    return;
  }
  const step = key.startsWith("Shift+") ? FAR_STEP : STEP;
  const [dx, dy] = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] }[direction] as [
    number,
    number,
  ];
  nudge(dx * step, dy * step);
}

function nudge(dx: number, dy: number): void {
  const pinned = (id: string) => activeGraph().places[id]?.pinned === true;
  const places = dictOf(
    Object.entries(selectedRects())
      .filter(([id]) => !pinned(id))
      .map(([id, r]) => [id, { x: r.x + dx, y: r.y + dy }]),
  );
  edit("node.move", (draft, at) => moveItems(draft, at, places), "nudge");
}

export function walk(direction: Direction): void {
  endGesture();
  const rects = allRects();
  const from = [...activeTab().selection][0];
  const to = from === undefined ? Object.keys(rects)[0] : neighbour(rects, from, direction);
  if (to == null) return;
  select([to]);
  reveal(rects[to] as Rect);
}

/** Close what is open, let go what is chosen, or leave the subgraph: one of them at a time. */
export function goBack(): void {
  const target = document.activeElement;
  const ui = useUi.getState();
  if (ui.palette || ui.menu) setUi({ palette: null, menu: null });
  else if (target instanceof Element && target.closest(".widget")) focusCanvas();
  else if (hover.getState().chosen !== null) hover.setState({ chosen: null });
  else if (activeTab().selection.size > 0) select([]);
  else if (activeTab().path.length > 0) leaveTo(activeTab().path.length - 1);
  else {
    // There is nothing left to go back from but the canvas itself.
    focusCanvas();
    passBy();
    return;
  }
  focusCanvas();
}

const REGIONS = [
  ".topbar",
  ".rail",
  ".dock.left",
  ".canvas",
  ".empty",
  ".statusbar",
  ".dock.right",
];

/** Put the keyboard into the next part of the window, for those who do not point. */
export function nextRegion(by: 1 | -1): void {
  const parts = REGIONS.map((name) => document.querySelector<HTMLElement>(name)).filter(
    (part) => part !== null,
  );
  const now = parts.findIndex((part) => part.contains(document.activeElement));
  const part = parts[(now + by + parts.length) % parts.length];
  const inside = "button:not([disabled]), input, textarea, select, [tabindex='0']";
  const target = part?.tabIndex === 0 ? part : part?.querySelector<HTMLElement>(inside);
  target?.focus({ preventScroll: true });
}
