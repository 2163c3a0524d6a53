/**
 * Lay out a graph: layers from left to right, where a group is one block and keeps what it holds.
 *
 * A group is laid out inside first and takes part in the layers around it as one large node, so
 * nothing else comes to lie in its frame. A note goes along with what it stood beside; other notes
 * make a column of their own at the left. What may not be moved is gone around.
 */

import { dictOf, joined, withKey } from "../api/dict";
import { boundsOf, contains, overlaps, type Places, type Rects } from "./arrange";
import { frameAround, GRID } from "./geometry";
import { BETWEEN, GAP, type LayerEdge, layered } from "./layers";
import { componentsOf, inRows } from "./pack";
import type { Point, Rect } from "./rect";

/** What is to be laid out, as it stands now. */
export interface LayoutTask {
  /** Nodes and notes; an edge names nodes. */
  readonly rects: Rects;
  readonly notes: ReadonlySet<string>;
  readonly groups: Rects;
  readonly edges: readonly LayerEdge[];
  /** What is to be moved, with the groups that hold nothing else. */
  readonly chosen: ReadonlySet<string>;
  /** What stays wherever it is. */
  readonly pinned: ReadonlySet<string>;
  /** How much wider than high all of it is to be where there is a choice. */
  readonly aspect?: number;
}

export interface Layout {
  readonly places: Places;
  /** The groups around what lies in them now. */
  readonly frames: Rects;
}

/** Of a usual window. */
const ASPECT = 1.6;

/** A note nearer to a node than columns are to each other is about it. */
const NEAR = BETWEEN;
const NOTE_GAP = 16;

export async function layOut(scene: LayoutTask): Promise<Layout> {
  const { layout } = await placed(scene, treeOf(scene), OUTSIDE, []);
  return layout;
}

// Groups in groups

/** Stands for the graph itself, which is no group; no id is empty. */
const OUTSIDE = "";

type Tree = ReadonlyMap<string, readonly string[]>;

/** What lies in each group, and in none: of frames around one another the smallest counts. */
export function treeOf({ rects, groups }: Pick<LayoutTask, "rects" | "groups">): Tree {
  const size = ({ width, height }: Rect) => width * height;
  const frames = Object.entries(groups);
  const bySize = [...frames].sort(([, a], [, b]) => size(a) - size(b));
  const tree = new Map<string, string[]>([[OUTSIDE, []]]);
  for (const id of Object.keys(groups)) tree.set(id, []);
  const put = (id: string, rect: Rect, among: typeof frames) => {
    const [group] = among.find(([, frame]) => contains(frame, rect)) ?? [OUTSIDE];
    tree.get(group)?.push(id);
  };
  for (const [id, rect] of Object.entries(rects)) put(id, rect, bySize);
  // Among larger ones only: two frames at the same place cannot hold each other.
  for (const frame of frames) put(...frame, bySize.slice(bySize.indexOf(frame) + 1));
  return tree;
}

/** What lies in a group, and in groups of it; itself if it holds nothing or is none. */
export function membersIn(tree: Tree, id: string): string[] {
  const inside = tree.get(id) ?? [];
  return inside.length > 0 ? inside.flatMap((one) => membersIn(tree, one)) : [id];
}

// Blocks: a group, or whatever is moved as one

interface Block extends Layout {
  readonly width: number;
  readonly height: number;
}

/** Everything in a group, in layers; its places count from the block's corner. */
async function block(scene: LayoutTask, tree: Tree, ids: readonly string[]): Promise<Block> {
  const units = new Map<string, Block>();
  for (const id of ids) {
    if (!scene.notes.has(id)) units.set(id, await unit(scene, tree, id));
  }
  const alone = addNotes(scene, ids, units);
  const owner = new Map<string, [string, number]>();
  for (const [id, { places }] of units) {
    for (const [one, { y }] of Object.entries(places)) owner.set(one, [id, y]);
  }
  const edges = scene.edges.flatMap(({ from, to, fromY = 0, toY = 0 }) => {
    const [left, leftY] = owner.get(from) ?? [OUTSIDE, 0];
    const [right, rightY] = owner.get(to) ?? [OUTSIDE, 0];
    return left === right || left === OUTSIDE || right === OUTSIDE
      ? []
      : [{ from: left, to: right, fromY: fromY + leftY, toY: toY + rightY }];
  });
  const corners = await cornersOf(scene, units, edges);
  const column = stack(alone.map((id) => [id, leaf(id, scene.rects[id] as Rect)]));
  const left = alone.length > 0 && units.size > 0 ? ceil(column.width + BETWEEN) : 0;
  const parts = [...units].map(([id, one]) => {
    const { x, y } = corners.get(id) as Point;
    return [one, { x: x + left, y }] as const;
  });
  return together(alone.length > 0 ? [[column, { x: 0, y: 0 }], ...parts] : parts);
}

/** Places of units: those that links join in layers, parts that nothing joins in rows. */
async function cornersOf(
  { aspect = ASPECT }: LayoutTask,
  units: ReadonlyMap<string, Block>,
  edges: readonly LayerEdge[],
): Promise<ReadonlyMap<string, Point>> {
  const parts: { places: Places; bounds: Rect }[] = [];
  // Copies of a part are laid out as it is: loose parts are often alike, and there may be hundreds.
  const alike = new Map<string, readonly Point[]>();
  for (const ids of componentsOf([...units.keys()], edges)) {
    const sizes = ids.map((id) => [id, units.get(id) as Block] as const);
    const rects = dictOf(sizes.map(([id, { width, height }]) => [id, at(0, 0, width, height)]));
    const inside = new Set(ids);
    const own = edges.filter(({ from }) => inside.has(from));
    const shape = shapeOf(
      ids.map((id) => rects[id] as Rect),
      ids,
      own,
    );
    const known = alike.get(shape);
    const places = known
      ? dictOf(ids.map((id, i) => [id, known[i] as Point]))
      : await layered(rects, own);
    if (known === undefined)
      alike.set(
        shape,
        ids.map((id) => places[id] as Point),
      );
    const put = ids.map((id) => ({ ...(rects[id] as Rect), ...(places[id] as Point) }));
    parts.push({ places, bounds: boundsOf(put) as Rect });
  }
  const corners = inRows(
    parts.map(({ bounds }) => bounds),
    BETWEEN,
    aspect,
  );
  const found = new Map<string, Point>();
  parts.forEach(({ places, bounds }, i) => {
    const { x, y } = corners[i] as Point;
    const by = { x: ceil(x - bounds.x), y: ceil(y - bounds.y) };
    for (const [id, place] of Object.entries(places)) found.set(id, moved(place, by));
  });
  return found;
}

/** What the layers of a part depend on, with its units by their order. */
function shapeOf(
  rects: readonly Rect[],
  ids: readonly string[],
  edges: readonly LayerEdge[],
): string {
  const order = new Map(ids.map((id, i) => [id, i]));
  const sizes = rects.map(({ width, height }) => [width, height]);
  const links = edges.map(({ from, to, fromY, toY }) => [
    order.get(from),
    order.get(to),
    fromY,
    toY,
  ]);
  return JSON.stringify([sizes, links]);
}

/** A node by itself, or a group with all that it holds. */
async function unit(scene: LayoutTask, tree: Tree, id: string): Promise<Block> {
  const rect = scene.rects[id] ?? (scene.groups[id] as Rect);
  const children = tree.get(id);
  if (children === undefined) return leaf(id, rect);
  if (children.length === 0) {
    const frames = dictOf([[id, { ...rect, x: 0, y: 0 }]]);
    return { width: rect.width, height: rect.height, places: dictOf(), frames };
  }
  const inner = await block(scene, tree, children);
  const frame = frameAround([at(0, 0, inner.width, inner.height)]);
  const moved = together([[inner, { x: -frame.x, y: -frame.y }]]);
  const frames = withKey(moved.frames, id, { ...frame, x: 0, y: 0 });
  return { ...frame, places: moved.places, frames };
}

function leaf(id: string, { width, height }: Rect): Block {
  return { width, height, places: dictOf([[id, { x: 0, y: 0 }]]), frames: dictOf() };
}

/** Put each note above or below the unit that it stands by; gives those that stand by none. */
function addNotes(scene: LayoutTask, ids: readonly string[], units: Map<string, Block>): string[] {
  const now = (id: string) => (scene.rects[id] ?? scene.groups[id]) as Rect;
  const alone = new Set(ids.filter((id) => scene.notes.has(id)));
  // What a note may stand by, and the unit of it: a note beside a note is about the same.
  const unitOf = new Map([...units.keys()].map((id) => [id, id]));
  const about = new Map<string, string[]>();
  for (;;) {
    let [least, note, by] = [NEAR, OUTSIDE, OUTSIDE];
    for (const one of alone) {
      for (const other of unitOf.keys()) {
        const far = distance(now(one), now(other));
        if (far < least) [least, note, by] = [far, one, other];
      }
    }
    if (note === OUTSIDE) break;
    const id = unitOf.get(by) as string;
    alone.delete(note);
    unitOf.set(note, id);
    about.set(id, [...(about.get(id) ?? []), note]);
  }
  for (const [id, notes] of about) {
    const isAbove = (note: string) => middle(now(note)) < middle(now(id));
    const leaves = (some: string[]) =>
      some
        .sort((a, b) => now(a).y - now(b).y)
        .map((note): [string, Block] => [note, leaf(note, now(note))]);
    units.set(
      id,
      stack([
        ...leaves(notes.filter(isAbove)),
        [id, units.get(id) as Block],
        ...leaves(notes.filter((note) => !isAbove(note))),
      ]),
    );
  }
  return [...alone].sort((a, b) => now(a).y - now(b).y);
}

/** Blocks below one another. */
function stack(blocks: readonly (readonly [string, Block])[]): Block {
  let y = 0;
  return together(
    blocks.map(([, one]) => {
      const part = [one, { x: 0, y }] as const;
      y += ceil(one.height) + NOTE_GAP;
      return part;
    }),
  );
}

function together(parts: readonly (readonly [Block, Point])[]): Block {
  const places: Record<string, Point> = dictOf();
  const frames: Record<string, Rect> = dictOf();
  for (const [part, by] of parts) {
    for (const [id, point] of Object.entries(part.places)) places[id] = moved(point, by);
    for (const [id, frame] of Object.entries(part.frames)) frames[id] = moved(frame, by);
  }
  // A whole number of steps, so that rounding to the grid brings no two blocks together.
  const width = ceil(Math.max(0, ...parts.map(([part, { x }]) => x + part.width)));
  const height = ceil(Math.max(0, ...parts.map(([part, { y }]) => y + part.height)));
  return { width, height, places, frames };
}

// Where blocks go

interface Placed {
  readonly layout: Layout;
  /** Rectangles of all that lies in it now, moved or not. */
  readonly rects: readonly Rect[];
}

/** What may be moved in a group, or outside of all, around what may not. */
async function placed(
  scene: LayoutTask,
  tree: Tree,
  group: string,
  outside: readonly Rect[],
): Promise<Placed> {
  const now = (id: string) => (scene.rects[id] ?? scene.groups[id]) as Rect;
  const children = tree.get(group) ?? [];
  const isFree = (id: string) => scene.chosen.has(id) && !scene.pinned.has(id);
  const loose = new Set(children.filter((id) => membersIn(tree, id).every(isFree)));
  const held = new Map(
    children.filter((id) => !loose.has(id)).map((id) => [id, [now(id)] as readonly Rect[]]),
  );
  let layout: Layout = { places: dictOf(), frames: dictOf() };
  for (const id of [...held.keys()]) {
    // Some of what lies in it may be moved: then it is laid out where it stands.
    if (!membersIn(tree, id).some(isFree)) continue;
    const others = [...held].flatMap(([one, rects]) => (one === id ? [] : rects));
    const inner = await placed(scene, tree, id, [...outside, ...others]);
    const frame = frameAround(inner.rects);
    if (![...outside, ...others].some((one) => overlaps(one, frame))) {
      layout = {
        places: joined(layout.places, inner.layout.places),
        frames: withKey(joined(layout.frames, inner.layout.frames), id, frame),
      };
      held.set(id, [frame]);
    } else if (!membersIn(tree, id).some((one) => scene.pinned.has(one))) {
      // It would grow over its neighbours there; all of it is moved then.
      held.delete(id);
      loose.add(id);
    }
  }
  const stays = [...held.values()].flat();
  if (loose.size === 0) return { layout, rects: stays };
  const free = await block(
    scene,
    tree,
    children.filter((id) => loose.has(id)),
  );
  const corner = {
    x: snap(Math.min(...[...loose].map((id) => now(id).x))),
    y: snap(Math.min(...[...loose].map((id) => now(id).y))),
  };
  const parts = rectsOf(scene, free, [...loose]).map((rect) => moved(rect, corner));
  const down = clearance(parts, stays);
  const { places, frames } = together([[free, { x: corner.x, y: corner.y + down }]]);
  return {
    layout: {
      places: joined(layout.places, places),
      frames: joined(layout.frames, frames),
    },
    rects: [...stays, ...parts.map((rect) => moved(rect, { x: 0, y: down }))],
  };
}

function rectsOf(scene: LayoutTask, { places, frames }: Layout, ids: readonly string[]): Rect[] {
  return ids.map((id) => frames[id] ?? { ...(scene.rects[id] as Rect), ...places[id] });
}

/** How far down some rectangles must go to be clear of others. */
function clearance(parts: readonly Rect[], stays: readonly Rect[]): number {
  let down = 0;
  for (;;) {
    let next = down;
    for (const part of parts) {
      const { x, y, width, height } = part;
      const rect = at(x - GAP, y + down - GAP, width + 2 * GAP, height + 2 * GAP);
      for (const one of stays) {
        if (overlaps(rect, one)) next = Math.max(next, one.y + one.height + GAP - y);
      }
    }
    if (next === down) return down;
    down = ceil(next);
  }
}

function distance(a: Rect, b: Rect): number {
  const across = Math.max(a.x - b.x - b.width, b.x - a.x - a.width, 0);
  const down = Math.max(a.y - b.y - b.height, b.y - a.y - a.height, 0);
  return Math.hypot(across, down);
}

function moved<T extends Point>(what: T, by: Point): T {
  return { ...what, x: what.x + by.x, y: what.y + by.y };
}

function at(x: number, y: number, width: number, height: number): Rect {
  return { x, y, width, height };
}

function middle({ y, height }: Rect): number {
  return y + height / 2;
}

function ceil(value: number): number {
  return Math.ceil(value / GRID) * GRID;
}

function snap(value: number): number {
  return Math.round(value / GRID) * GRID;
}
