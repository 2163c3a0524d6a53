/** What the painter draws: links with their ends and colours. Recomputed only when something moved. */

import { graphOf, outputType, type Scope } from "../graph/connect";
import type { LinkDiff } from "../graph/diff";
import { type Box, HEADER } from "../graph/geometry";
import { type Graph, type Link, linksOf, type PortRef, targetOf } from "../graph/model";
import type { Point } from "../graph/rect";
import { mainType } from "../graph/types";
import { activeTab, boxAt, scopeNow, useDocs } from "../state/docs";
import { diffInView } from "../state/library/compare";
import { styleOf } from "./sockets";

export interface Wire {
  readonly link: Link;
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  readonly hue: number | null;
  /** One of the two nodes does not run. */
  readonly off: boolean;
  /** In a comparison: only one of the two versions has it. */
  readonly mark?: "added" | "removed";
}

/** Place of a socket in canvas units. */
export function socketAt(
  ref: PortRef,
  side: "input" | "output",
  graph: Graph,
  box: Box | null,
): Point {
  const place = graph.places[ref.node];
  const sockets = side === "input" ? box?.inputs : box?.outputs;
  const offset = sockets?.[ref.port] ?? HEADER / 2;
  return {
    x: (place?.x ?? 0) + (side === "output" ? (box?.width ?? 0) : 0),
    y: (place?.y ?? 0) + offset,
  };
}

type Hues = ReadonlyMap<string, number | null>;

const known = new WeakMap<Graph["nodes"], { of: readonly unknown[]; hues: Hues }>();

/** The colour of each output that is linked. It depends on no place: dragging finds it known. */
function huesOf(scope: Scope): Hues {
  const graph = graphOf(scope);
  // The type of a subgraph's output is that of a node inside.
  const inner = Object.values(scope.workflow.graphs).flatMap((one) => [one.nodes, one.interface]);
  const of = [scope.catalog, ...inner];
  const before = known.get(graph.nodes);
  if (before !== undefined && sameItems(before.of, of)) return before.hues;
  const hues = new Map<string, number | null>();
  for (const { from } of linksOf(graph)) {
    const key = targetOf(from);
    if (!hues.has(key)) hues.set(key, styleOf(mainType(outputType(scope, from))).hue);
  }
  known.set(graph.nodes, { of, hues });
  return hues;
}

/** Whether what something was made of is what there is now. */
export function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i]);
}

let last: { of: readonly unknown[]; wires: readonly Wire[] } | null = null;

/** Every link of the graph in view. `pictures` changes when nodes grow or shrink by one. */
export function wiresOf(pictures: unknown): readonly Wire[] {
  const state = useDocs.getState();
  const tab = activeTab(state);
  const scope = scopeNow(state);
  const graph = graphOf(scope);
  const differences = diffInView(tab);
  // All of the workflow: the sockets of a subgraph's instance are those of the graph inside.
  const of = [scope.workflow, scope.at, scope.catalog, pictures, differences];
  if (last !== null && sameItems(last.of, of)) return last.wires;
  const boxes = new Map<string, Box | null>();
  const box = (id: string) => {
    let found = boxes.get(id);
    if (found === undefined) {
      found = boxAt(id, state);
      boxes.set(id, found);
    }
    return found;
  };
  const colors = huesOf(scope);
  const differs = differences?.links ?? [];
  const present = linksOf(graph);
  const isPresent = ({ link }: LinkDiff) => present.some((one) => sameLink(one, link));
  // Links that were are drawn beside those that took their place.
  const gone = differs.filter((diff) => !isPresent(diff)).map(({ link }) => link);
  const wires = [...present, ...gone].map((link): Wire => {
    const from = socketAt(link.from, "output", graph, box(link.from.node));
    const to = socketAt(link.to, "input", graph, box(link.to.node));
    const mark = differs.find((diff) => sameLink(diff.link, link))?.mark;
    return {
      link,
      x1: from.x,
      y1: from.y,
      x2: to.x,
      y2: to.y,
      hue: colors.get(targetOf(link.from)) ?? null,
      off: [link.from.node, link.to.node].some((id) => graph.places[id]?.mode !== undefined),
      ...(mark && { mark }),
    };
  });
  last = { of, wires };
  return wires;
}

function sameLink(a: Link, b: Link): boolean {
  return a.id === b.id && a.from.node === b.from.node && a.from.port === b.from.port;
}

/** A link's curve as the path of an SVG. */
export function curve(from: Point, to: Point): string {
  const d = reach(from.x, to.x);
  return `M${from.x} ${from.y}C${from.x + d} ${from.y} ${to.x - d} ${to.y} ${to.x} ${to.y}`;
}

/** How far the handles of a link's curve reach. */
export function reach(x1: number, x2: number): number {
  const distance = Math.abs(x2 - x1);
  return x2 >= x1 ? Math.max(24, Math.min(distance / 2, 180)) : Math.min(60 + distance / 3, 240);
}

/** A point of a link's curve; `t` from 0 to 1. */
export function onCurve(wire: Pick<Wire, "x1" | "y1" | "x2" | "y2">, t: number): Point {
  const d = reach(wire.x1, wire.x2);
  const u = 1 - t;
  const [a, b, c, e] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return {
    x: a * wire.x1 + b * (wire.x1 + d) + c * (wire.x2 - d) + e * wire.x2,
    y: a * wire.y1 + b * wire.y1 + c * wire.y2 + e * wire.y2,
  };
}

/** The link nearest to a point, if one is within `distance` canvas units. */
export function wireAt(wires: readonly Wire[], point: Point, distance: number): Wire | null {
  let best: Wire | null = null;
  let least = distance * distance;
  for (const wire of wires) {
    const d = reach(wire.x1, wire.x2) + distance;
    if (point.x < Math.min(wire.x1, wire.x2) - d || point.x > Math.max(wire.x1, wire.x2) + d) {
      continue;
    }
    if (
      point.y < Math.min(wire.y1, wire.y2) - distance ||
      point.y > Math.max(wire.y1, wire.y2) + distance
    ) {
      continue;
    }
    let before = onCurve(wire, 0);
    for (let i = 1; i <= 24; i++) {
      const after = onCurve(wire, i / 24);
      const off = toSegment(point, before, after);
      if (off < least) {
        least = off;
        best = wire;
      }
      before = after;
    }
  }
  return best;
}

/** The links that a stroke from one point to another crosses. */
export function wiresAcross(wires: readonly Wire[], from: Point, to: Point): Wire[] {
  return wires.filter((wire) => {
    let before = onCurve(wire, 0);
    for (let i = 1; i <= 24; i++) {
      const after = onCurve(wire, i / 24);
      if (cross(from, to, before, after)) return true;
      before = after;
    }
    return false;
  });
}

function cross(a: Point, b: Point, c: Point, d: Point): boolean {
  const side = (p: Point, q: Point, r: Point) =>
    Math.sign((q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x));
  return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
}

/** Squared distance of a point to a segment. */
function toSegment(p: Point, a: Point, b: Point): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : ((p.x - a.x) * dx + (p.y - a.y) * dy) / length;
  const u = Math.max(0, Math.min(1, t));
  const [x, y] = [a.x + u * dx - p.x, a.y + u * dy - p.y];
  return x * x + y * y;
}
