/** A curve, or points in a picture: handles to drag, add and take away. */

import "./pad.css";
import { useMemo, useRef } from "react";
import { numberOf, type Value } from "../api/json";
import { curveThrough, type Pair } from "../graph/pchip";
import { t } from "../state/messages/index";
import { ratioOf, useBackdrop } from "./backdrop";
import type { FieldProps } from "./field";
import { ARROWS, type Spot, spotIn, useDrag, within } from "./usePad";

const LEAST_GAP = 0.001;
const round = (value: number) => Math.round(value * 1000) / 1000;

export default function PadField({ node, label, schema, value, onChange, onDone }: FieldProps) {
  const area = useRef<HTMLDivElement>(null);
  const points = useMemo(() => pairsOf(value), [value]);
  const isCurve = schema.curve === true;
  const closed = schema.points?.closed === true;
  const least = isCurve ? 2 : (schema.points?.least ?? 0);
  const backdrop = useBackdrop(isCurve ? null : node);

  const write = (next: readonly Pair[], merge = false) => {
    onChange(
      next.map(([x, y]) => [round(x), round(y)]),
      merge,
    );
  };
  /** Where a point is drawn: a curve's y goes up, a picture's down. */
  const shown = ([x, y]: Pair): Spot => ({ x, y: isCurve ? 1 - y : y });
  const moveTo = (i: number, to: Spot, merge: boolean) => {
    const [low, high] = isCurve ? roomOf(points, i) : [0, 1];
    const y = within(0, isCurve ? 1 - to.y : to.y, 1);
    write(
      points.map((p, j) => (i === j ? ([within(low, to.x, high), y] as const) : p)),
      merge,
    );
  };
  const drag = useDrag<number>(area, (i, to) => moveTo(i, to, true), onDone);
  const add = (at: Spot): number => {
    const point: Pair = [within(0, at.x, 1), within(0, isCurve ? 1 - at.y : at.y, 1)];
    const place = isCurve
      ? points.filter((p) => p[0] < point[0]).length
      : closed
        ? nearestEdge(points, point) + 1
        : points.length;
    if (isCurve && points.some((p) => Math.abs(p[0] - point[0]) < LEAST_GAP)) return -1;
    write([...points.slice(0, place), point, ...points.slice(place)]);
    return place;
  };
  const remove = (i: number) => {
    if (points.length > least) write(points.filter((_, j) => j !== i));
  };
  const line = useMemo(() => (isCurve ? curveLine(points) : ""), [isCurve, points]);
  return (
    <div className="pad-field">
      <span className="label">{label}</span>
      <div className="pad-room" style={ratioOf(backdrop)}>
        <div
          ref={area}
          className={`pad ${isCurve ? "curve" : "points"}`}
          title={t(isCurve ? "pad.curveHint" : "pad.pointsHint")}
          onPointerDown={(event) => {
            if (event.button !== 0 || event.target !== event.currentTarget) return;
            add(spotIn(event.currentTarget, event));
            onDone();
          }}
        >
          {backdrop?.url && <img src={backdrop.url} alt="" draggable={false} />}
          <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
            {isCurve ? (
              <>
                <path className="grid" d="M.25 0V1M.5 0V1M.75 0V1M0 .25H1M0 .5H1M0 .75H1" />
                <path className="line" d={line} />
              </>
            ) : (
              closed && <polygon className="line shape" points={points.join(" ")} />
            )}
          </svg>
          {points.map((point, i) => {
            const { x, y } = shown(point);
            return (
              <button
                // biome-ignore lint/suspicious/noArrayIndexKey: a point is known by its place
                key={i}
                type="button"
                className="handle"
                style={{ left: `${x * 100}%`, top: `${y * 100}%` }}
                aria-label={t("pad.point", { n: i + 1, x: round(point[0]), y: round(point[1]) })}
                {...drag(i, { x, y })}
                onDoubleClick={(event) => {
                  event.stopPropagation();
                  remove(i);
                }}
                onBlur={onDone}
                onKeyDown={(event) => {
                  const arrow = ARROWS[event.key];
                  if (arrow !== undefined && !event.altKey) {
                    const step = event.shiftKey ? 0.05 : 0.01;
                    moveTo(i, { x: x + arrow[0] * step, y: y + arrow[1] * step }, true);
                  } else if (event.key === "Delete" || event.key === "Backspace") {
                    remove(i);
                  } else if (event.key === "Insert" || event.key === "+") {
                    const next = points[i + 1] ?? points[0] ?? [0.5, 0.5];
                    add(shown([(point[0] + next[0]) / 2, (point[1] + next[1]) / 2]));
                  } else return;
                  event.preventDefault();
                  event.stopPropagation();
                }}
              />
            );
          })}
          {points.length === 0 && <span className="pad-empty">{t("pad.none")}</span>}
        </div>
      </div>
    </div>
  );
}

function pairsOf(value: Value | undefined): readonly Pair[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((pair): Pair[] => {
    const [x, y] = Array.isArray(pair) ? pair.map(numberOf) : [];
    return Number.isFinite(x) && Number.isFinite(y) ? [[x as number, y as number]] : [];
  });
}

/** Between which values a curve's point may move. */
function roomOf(points: readonly Pair[], i: number): [number, number] {
  const [before, after] = [points[i - 1], points[i + 1]];
  return [before ? before[0] + LEAST_GAP : 0, after ? after[0] - LEAST_GAP : 1];
}

function curveLine(points: readonly Pair[]): string {
  const rising = points.every((p, i) => i === 0 || p[0] > (points[i - 1] as Pair)[0]);
  if (points.length < 2 || !rising) return "";
  const curve = curveThrough(points);
  const steps = Array.from({ length: 65 }, (_, i) => i / 64);
  return `M${steps.map((x) => `${x} ${(1 - curve(x)).toFixed(4)}`).join("L")}`;
}

/** The corner after which a new one lies nearest to the shape's outline. */
function nearestEdge(points: readonly Pair[], [x, y]: Pair): number {
  let best = points.length - 1;
  let least = Number.POSITIVE_INFINITY;
  points.forEach((a, i) => {
    const b = points[(i + 1) % points.length] as Pair;
    const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
    const along = within(0, ((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy || 1), 1);
    const distance = Math.hypot(a[0] + along * dx - x, a[1] + along * dy - y);
    if (distance < least) [least, best] = [distance, i];
  });
  return best;
}
