/** Dragging handles in a rectangle whose sides go from 0 to 1, at any scale of the canvas. */

import { type RefObject, useRef } from "react";

export interface Spot {
  readonly x: number;
  readonly y: number;
}

export function spotIn(element: HTMLElement, event: { clientX: number; clientY: number }): Spot {
  const rect = element.getBoundingClientRect();
  return {
    x: (event.clientX - rect.left) / rect.width,
    y: (event.clientY - rect.top) / rect.height,
  };
}

/** What a handle needs to be dragged: `onDrag` is told where the pointer is, from its first move. */
export function useDrag<T>(
  area: RefObject<HTMLElement | null>,
  onDrag: (what: T, now: Spot, event: React.PointerEvent) => void,
  onDone: () => void,
) {
  const start = useRef<{ what: T; off: Spot; moved: boolean } | null>(null);
  return (what: T, at: Spot) => ({
    onPointerDown: (event: React.PointerEvent<HTMLElement>) => {
      if (event.button !== 0 || area.current === null) return;
      event.stopPropagation();
      event.currentTarget.setPointerCapture(event.pointerId);
      const pressed = spotIn(area.current, event);
      start.current = { what, off: { x: at.x - pressed.x, y: at.y - pressed.y }, moved: false };
    },
    onPointerMove: (event: React.PointerEvent<HTMLElement>) => {
      const drag = start.current;
      if (drag === null || area.current === null) return;
      if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
      const now = spotIn(area.current, event);
      drag.moved = true;
      onDrag(drag.what, { x: now.x + drag.off.x, y: now.y + drag.off.y }, event);
    },
    onPointerUp: () => {
      if (start.current?.moved) onDone();
      start.current = null;
    },
  });
}

export const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export const within = (low: number, value: number, high: number) =>
  Math.min(high, Math.max(low, value));
