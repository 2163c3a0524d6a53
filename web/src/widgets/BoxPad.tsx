/** Rectangles in a picture: one is moved and resized by its handles or the keyboard. */

import "./pad.css";
import "./BoxPad.css";
import { useRef } from "react";
import type { Rect } from "../graph/rect";
import { ratioOf } from "./backdrop";
import { ARROWS, type Spot, useDrag, within } from "./usePad";

export interface Boxed {
  readonly id: string;
  readonly label: string;
  /** In units of the frame. */
  readonly rect: Rect;
}

interface Props {
  /** Length of the sides in the units of the rectangles. */
  readonly frame: { readonly width: number; readonly height: number };
  /** Width over height, where the units are no pixels. */
  readonly ratio?: number;
  readonly url: string | null;
  readonly boxes: readonly Boxed[];
  readonly active: string;
  readonly onActive?: (id: string) => void;
  readonly onChange: (id: string, rect: Rect, merge: boolean) => void;
  readonly onDone: () => void;
  /** The distance of an arrow key, and what a side is at least. */
  readonly step: number;
  readonly least: number;
  /** Width over height that a resized rectangle keeps; null for any. */
  readonly keeps?: number | null;
}

/** -1, 0, 1 across and down: which edges a handle moves. */
const GRIPS: readonly Grip[] = [
  { dx: -1, dy: -1 },
  { dx: 0, dy: -1 },
  { dx: 1, dy: -1 },
  { dx: 1, dy: 0 },
  { dx: 1, dy: 1 },
  { dx: 0, dy: 1 },
  { dx: -1, dy: 1 },
  { dx: -1, dy: 0 },
];

interface Grip {
  readonly dx: -1 | 0 | 1;
  readonly dy: -1 | 0 | 1;
}

export function BoxPad(props: Props) {
  const { frame, url, boxes, active, onActive, onChange, onDone, step, least } = props;
  const area = useRef<HTMLDivElement>(null);
  const move = (rect: Rect, x: number, y: number): Rect => ({
    ...rect,
    x: within(0, x, Math.max(0, frame.width - rect.width)),
    y: within(0, y, Math.max(0, frame.height - rect.height)),
  });
  const drag = useDrag<{ box: Boxed; grip: Grip | null }>(
    area,
    ({ box, grip }, at) => {
      const spot = { x: at.x * frame.width, y: at.y * frame.height };
      const next =
        grip === null
          ? move(box.rect, spot.x, spot.y)
          : resized(box.rect, grip, spot, frame, least, props.keeps ?? null);
      onChange(box.id, next, true);
    },
    onDone,
  );
  const spotOf = (x: number, y: number): Spot => ({ x: x / frame.width, y: y / frame.height });
  const ratio = props.ratio ?? frame.width / frame.height;
  return (
    <div className="pad-room" style={ratioOf({ width: ratio, height: 1 })}>
      <div ref={area} className="pad boxes">
        {url !== null && <img src={url} alt="" draggable={false} />}
        {boxes.map((box) => {
          const { rect } = box;
          const own = box.id === active;
          return (
            <div
              key={box.id}
              className={`box ${own ? "active" : ""}`}
              style={{
                left: `${(rect.x / frame.width) * 100}%`,
                top: `${(rect.y / frame.height) * 100}%`,
                width: `${(rect.width / frame.width) * 100}%`,
                height: `${(rect.height / frame.height) * 100}%`,
              }}
            >
              <button
                type="button"
                className="body"
                aria-label={`${box.label}: ${textOf(rect)}`}
                aria-pressed={own}
                {...(own || onActive
                  ? drag({ box, grip: null }, spotOf(rect.x, rect.y))
                  : undefined)}
                onFocus={() => onActive?.(box.id)}
                onBlur={onDone}
                onKeyDown={(event) => {
                  const arrow = ARROWS[event.key];
                  if (arrow === undefined || event.altKey) return;
                  event.preventDefault();
                  event.stopPropagation();
                  const [x, y] = [arrow[0] * step, arrow[1] * step];
                  const next = event.shiftKey
                    ? resized(
                        rect,
                        { dx: 1, dy: 1 },
                        { x: rect.x + rect.width + x, y: rect.y + rect.height + y },
                        frame,
                        least,
                        props.keeps ?? null,
                      )
                    : move(rect, rect.x + x, rect.y + y);
                  onChange(box.id, next, true);
                }}
              >
                {/* Rectangles in one place have their names under each other. */}
                <span style={{ top: 4 + 22 * earlier(boxes, box) }}>{box.label}</span>
              </button>
              {own &&
                GRIPS.map((grip) => (
                  <span
                    key={`${grip.dx}${grip.dy}`}
                    className={`grip x${grip.dx} y${grip.dy}`}
                    {...drag(
                      { box, grip },
                      spotOf(
                        rect.x + (rect.width * (grip.dx + 1)) / 2,
                        rect.y + (rect.height * (grip.dy + 1)) / 2,
                      ),
                    )}
                  />
                ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function earlier(boxes: readonly Boxed[], { id, rect }: Boxed): number {
  const before = boxes.slice(
    0,
    boxes.findIndex((box) => box.id === id),
  );
  return before.filter((box) => box.rect.x === rect.x && box.rect.y === rect.y).length;
}

export function textOf({ x, y, width, height }: Rect): string {
  const short = (value: number) => String(Math.round(value * 1000) / 1000);
  return `${short(width)} × ${short(height)} · ${short(x)}, ${short(y)}`;
}

/** A rectangle with the edges of a grip moved to a place, inside the frame. */
export function resized(
  rect: Rect,
  { dx, dy }: Grip,
  to: Spot,
  frame: { width: number; height: number },
  least: number,
  keeps: number | null,
): Rect {
  const x = within(0, to.x, frame.width);
  const y = within(0, to.y, frame.height);
  let [left, top] = [rect.x, rect.y];
  let [right, bottom] = [rect.x + rect.width, rect.y + rect.height];
  if (dx < 0) left = Math.max(0, Math.min(x, right - least));
  if (dx > 0) right = Math.max(x, left + least);
  if (dy < 0) top = Math.max(0, Math.min(y, bottom - least));
  if (dy > 0) bottom = Math.max(y, top + least);
  if (keeps !== null) {
    // The longer side gives way, so that the shape never leaves the frame.
    const room = {
      width: dx < 0 ? rect.x + rect.width : frame.width - left,
      height: dy < 0 ? rect.y + rect.height : frame.height - top,
    };
    const wanted = dx === 0 ? (bottom - top) * keeps : right - left;
    const width = Math.min(wanted, room.width, room.height * keeps);
    const height = width / keeps;
    if (dx < 0) left = right - width;
    else right = left + width;
    if (dy < 0) top = bottom - height;
    else bottom = top + height;
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}
