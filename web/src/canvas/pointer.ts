/**
 * What the pointer does on the bare canvas: boxes, links, and nodes seen from afar.
 *
 * React Flow pans, zooms and drags the nodes that are elements. These handlers come before its own
 * and keep what is theirs from it.
 */

import { dictOf } from "../api/dict";
import { contains, overlaps } from "../graph/arrange";
import { addReroute, disconnect } from "../graph/commands/links";
import { moveItems } from "../graph/commands/nodes";
import { GRID } from "../graph/geometry";
import type { Point, Rect } from "../graph/rect";
import {
  activeGraph,
  activeTab,
  allRects,
  edit,
  endGesture,
  enterSubgraph,
  rectAt,
  select,
  toggleSelected,
} from "../state/docs";
import { hover, NO_LINKS, setPointer } from "../state/hover";
import { runOf } from "../state/runs";
import { setUi, useUi } from "../state/ui";
import { FAR, reveal, toFlow, viewport } from "../state/viewport";
import { type Wire, wireAt, wiresAcross, wiresOf } from "./scene";

function at(event: { clientX: number; clientY: number }): Point {
  return toFlow({ x: event.clientX, y: event.clientY });
}

export function wireUnder(event: { clientX: number; clientY: number }): Wire | null {
  const { zoom } = viewport();
  if (zoom < FAR) return null;
  return wireAt(wiresOf(runOf(activeTab().id).pictures), at(event), 7 / zoom);
}

/** The node drawn at a point, topmost first; null where nodes are elements. */
export function farNodeAt(point: Point): string | null {
  if (viewport().zoom >= FAR) return null;
  const rects = Object.entries(allRects()).reverse();
  const hit = ([, r]: [string, Rect]) =>
    point.x >= r.x && point.x <= r.x + r.width && point.y >= r.y && point.y <= r.y + r.height;
  return rects.find(hit)?.[0] ?? null;
}

function isBare(target: EventTarget | null): boolean {
  return target instanceof Element && target.classList.contains("react-flow__pane");
}

/** Whether the press that is going on, or was last, is one of those handled here. */
let kept = false;

/** Before React Flow sees a press. */
export function onPress(event: React.PointerEvent | React.MouseEvent): void {
  const isPointer = event.type === "pointerdown";
  if (isPointer) kept = false;
  if (!isBare(event.target)) return;
  const far = farNodeAt(at(event));
  const boxes = event.shiftKey || event.ctrlKey || event.metaKey;
  if (event.button !== 0 || (far === null && !boxes && !event.altKey)) return;
  // Both kinds of events are kept back: React Flow listens to mouse events to pan.
  event.stopPropagation();
  if (!isPointer) return;
  kept = true;
  if (event.altKey) drawKnife(event);
  else if (far !== null) grab(event, far, boxes);
  else drawBox(event);
}

/** Before React Flow sees a click: it resets the selection on one, also at the end of a box. */
export function onClickFirst(event: React.MouseEvent): void {
  if (kept && isBare(event.target)) event.stopPropagation();
}

export function onClick(event: React.MouseEvent): void {
  if (!isBare(event.target) || event.shiftKey || event.ctrlKey || event.metaKey) return;
  hover.setState({ chosen: wireUnder(event)?.link.id ?? null });
  select([]);
}

export function onLeave(): void {
  setPointer(null);
}

export function onHover(event: React.PointerEvent): void {
  setPointer({ x: event.clientX, y: event.clientY });
  if (event.buttons !== 0) return;
  const wire = isBare(event.target) ? (wireUnder(event)?.link.id ?? null) : null;
  if (wire !== hover.getState().wire) hover.setState({ wire });
}

export function onDoubleClick(event: React.MouseEvent): void {
  if (!isBare(event.target)) return;
  const wire = wireUnder(event);
  const flow = at(event);
  const far = farNodeAt(flow);
  if (far !== null) {
    openFar(far);
    return;
  }
  if (wire !== null) {
    edit("link.reroute", (draft, graph) =>
      addReroute(draft, graph, wire.link, { x: flow.x - 10, y: flow.y - 10 }),
    );
    return;
  }
  setUi({ palette: { screen: { x: event.clientX, y: event.clientY }, flow, pending: null } });
}

/** Open a node that is seen from afar: the graph inside of it, else go near to it. */
function openFar(id: string): void {
  const rect = rectAt(id);
  if (!enterSubgraph(id) && rect !== null) reveal(rect);
}

/** Follow the pointer until it is let go. */
function follow(move: (event: PointerEvent) => void, done: (event: PointerEvent) => void): void {
  const controller = new AbortController();
  const { signal } = controller;
  window.addEventListener("pointermove", move, { signal });
  const end = (event: PointerEvent) => {
    controller.abort();
    done(event);
  };
  window.addEventListener("pointerup", end, { signal });
  window.addEventListener("pointercancel", end, { signal });
}

function drawBox(event: { clientX: number; clientY: number }): void {
  const start = at(event);
  const before = activeTab().selection;
  const rects = allRects(true);
  follow(
    (now) => {
      const end = at(now);
      const box = {
        x: Math.min(start.x, end.x),
        y: Math.min(start.y, end.y),
        width: Math.abs(end.x - start.x),
        height: Math.abs(end.y - start.y),
      };
      hover.setState({ box });
      const groups = activeGraph().groups;
      // A group is meant only when all of it is in the box; one draws boxes inside of groups too.
      const hit = Object.entries(rects)
        .filter(([id, rect]) => (groups[id] ? contains(box, rect) : overlaps(rect, box)))
        .map(([id]) => id);
      select([...before, ...hit]);
    },
    () => hover.setState({ box: null }),
  );
}

/** A stroke with Alt cuts the links that it crosses. */
function drawKnife(event: { clientX: number; clientY: number }): void {
  const start = at(event);
  const wires = wiresOf(runOf(activeTab().id).pictures).filter((wire) => wire.mark !== "removed");
  let crossed: Wire[] = [];
  follow(
    (now) => {
      const end = at(now);
      crossed = wiresAcross(wires, start, end);
      hover.setState({ knife: [start, end], cut: new Set(crossed.map(({ link }) => link.id)) });
    },
    (event) => {
      hover.setState({ knife: null, cut: NO_LINKS });
      if (event.type === "pointercancel") return;
      edit("link.cut", (draft, graph) => {
        // Of an input that collects several, the last first: the others keep their places.
        const links = crossed.map(({ link }) => link);
        for (const link of links.sort((a, b) => (b.index ?? 0) - (a.index ?? 0))) {
          disconnect(draft, graph, link);
        }
      });
    },
  );
}

function grab(event: { clientX: number; clientY: number }, id: string, adds: boolean): void {
  if (adds) {
    toggleSelected(id);
    return;
  }
  hover.setState({ chosen: null });
  if (!activeTab().selection.has(id)) select([id]);
  const start = at(event);
  const pinned = (one: string) => activeGraph().places[one]?.pinned === true;
  const from = [...activeTab().selection]
    .filter((one) => !pinned(one))
    .map((one) => [one, rectAt(one)] as const);
  follow((now) => {
    const end = at(now);
    const snap = (value: number) =>
      useUi.getState().snap ? Math.round(value / GRID) * GRID : Math.round(value);
    const places = from.flatMap(([one, rect]) =>
      rect === null
        ? []
        : [
            [
              one,
              { x: snap(rect.x + end.x - start.x), y: snap(rect.y + end.y - start.y) },
            ] as const,
          ],
    );
    edit("node.move", (draft, graph) => moveItems(draft, graph, dictOf(places)), "move");
  }, endGesture);
}
