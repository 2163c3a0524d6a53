/** Commands on nodes: add, remove, move, and how they are drawn and run. */

import { dictOf } from "../../api/dict";
import type { NodeSchema } from "../../api/nodes";
import { REROUTE } from "../catalog";
import type { Draft } from "../edits";
import { ABSENT } from "../edits";
import type { Graph, Mode, Place } from "../model";
import { asLink, graphAt, readersOf, splitTarget } from "../model";
import type { Point } from "../rect";

/** Add a node of a type and give its id. */
export function addNode(
  draft: Draft,
  at: string,
  type: string,
  point: Point,
  schema?: NodeSchema,
): string {
  const id = freshId(graphAt(draft.now, at), baseName(type));
  const inputs = dictOf(
    // A text that must be given is given empty, so that the node is complete as it stands.
    Object.entries(schema?.inputs ?? {})
      .filter(([, input]) => input.required && input.multiline === true)
      .map(([name]) => [name, ""]),
  );
  draft.set(["graphs", at, "nodes", id], { type, inputs });
  draft.set(["graphs", at, "places", id], { x: Math.round(point.x), y: Math.round(point.y) });
  return id;
}

/** A readable name in snake case: `VAEDecode` is `vae_decode`, `KSampler` is `ksampler`. */
export function baseName(type: string): string {
  if (type === REROUTE) return "reroute";
  const name = type
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z]{2,})([A-Z][a-z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^\w]+/g, "_")
    .replace(/^_+|_+$/g, "");
  return name === "" ? "node" : name.slice(0, 100);
}

export function freshId(graph: Graph, name: string): string {
  const taken = (id: string) =>
    [graph.nodes, graph.groups, graph.notes].some((items) => Object.hasOwn(items, id));
  if (!taken(name)) return name;
  const stem = name.replace(/_\d+$/, "");
  for (let n = 2; ; n++) {
    if (!taken(`${stem}_${n}`)) return `${stem}_${n}`;
  }
}

/** Remove nodes with their links, places and public names; groups and notes too. */
export function removeItems(draft: Draft, at: string, ids: Iterable<string>): void {
  const gone = new Set(ids);
  const graph = graphAt(draft.now, at);
  const readers = readersOf(graph);
  for (const id of gone) {
    for (const link of readers.get(id) ?? []) {
      if (!gone.has(link.to.node)) unlink(draft, at, link.to.node, link.to.port, id);
    }
  }
  for (const side of ["inputs", "outputs"] as const) {
    for (const [name, target] of Object.entries(graph.interface[side])) {
      if (gone.has(splitTarget(target).node)) {
        draft.remove(["graphs", at, "interface", side, name]);
      }
    }
  }
  for (const id of gone) {
    for (const part of ["nodes", "places", "groups", "notes"]) {
      draft.remove(["graphs", at, part, id]);
    }
  }
}

function unlink(draft: Draft, at: string, id: string, port: string, from: string): void {
  const path = ["graphs", at, "nodes", id, "inputs", port];
  const value = draft.get(path);
  const kept = Array.isArray(value) ? value.filter((item) => asLink(item)?.node !== from) : [];
  draft.set(path, kept.length > 0 ? kept : undefined);
}

/** Put nodes, groups and notes elsewhere. */
export function moveItems(draft: Draft, at: string, points: Readonly<Record<string, Point>>): void {
  for (const [id, { x, y }] of Object.entries(points)) {
    const [part, item] = find(draft, at, id);
    if (part === null || (item.x === x && item.y === y)) continue;
    draft.set(["graphs", at, part, id], { ...item, x, y });
  }
}

export function resizeItem(
  draft: Draft,
  at: string,
  id: string,
  size: { width: number; height: number },
): void {
  const [part, item] = find(draft, at, id);
  if (part !== null) draft.set(["graphs", at, part, id], { ...item, ...size });
}

function find(
  draft: Draft,
  at: string,
  id: string,
): ["places" | "groups" | "notes", Place] | [null, null] {
  for (const part of ["places", "groups", "notes"] as const) {
    const item = draft.get(["graphs", at, part, id]);
    if (item !== ABSENT) return [part, item as Place];
  }
  return draft.get(["graphs", at, "nodes", id]) === ABSENT
    ? [null, null]
    : ["places", { x: 0, y: 0 }];
}

export function setTitle(draft: Draft, at: string, id: string, title: string): void {
  const group = draft.get(["graphs", at, "groups", id]) !== ABSENT;
  const path = ["graphs", at, group ? "groups" : "nodes", id, "title"];
  draft.set(path, title === "" && !group ? undefined : title);
}

export function setColor(draft: Draft, at: string, ids: Iterable<string>, color?: number): void {
  for (const id of ids) {
    const [part] = find(draft, at, id);
    if (part === null) continue;
    ensurePlace(draft, at, id);
    draft.set(["graphs", at, part, id, "color"], color);
  }
}

/** Collapse, pin, mute or bypass all of the nodes, or none of them if all are already. */
export function toggle(
  draft: Draft,
  at: string,
  ids: readonly string[],
  what: "collapsed" | "pinned" | Mode,
): void {
  const key = what === "mute" || what === "bypass" ? "mode" : what;
  const value = key === "mode" ? what : true;
  const nodes = ids.filter((id) => isNode(draft, at, id));
  const all = nodes.every((id) => draft.get(["graphs", at, "places", id, key]) === value);
  for (const id of nodes) {
    ensurePlace(draft, at, id);
    draft.set(["graphs", at, "places", id, key], all ? undefined : value);
  }
}

/** Nodes of a file without layout have no place yet. */
export function ensurePlace(draft: Draft, at: string, id: string): void {
  const path = ["graphs", at, "places", id];
  const known = draft.get(path) !== ABSENT || draft.get(["graphs", at, "nodes", id]) === ABSENT;
  if (!known) draft.set(path, { x: 0, y: 0 });
}

function isNode(draft: Draft, at: string, id: string): boolean {
  const type = draft.get(["graphs", at, "nodes", id, "type"]);
  return type !== ABSENT && type !== REROUTE;
}
