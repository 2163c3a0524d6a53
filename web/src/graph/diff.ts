/**
 * What two versions of a workflow differ in, ready to be drawn: marks for nodes and links, old and
 * new values, and one workflow that holds everything of both.
 */

import { dictOf, joined } from "../api/dict";
import type { Value } from "../api/json";
import { sameValue } from "../api/json";
import {
  EMPTY_GRAPH,
  type Graph,
  type GraphNode,
  graphAt,
  isLinked,
  type Link,
  linksInto,
  type PortRef,
  type Workflow,
} from "./model";

export type Mark = "added" | "removed" | "changed" | "moved";

/** An input or property that is not what it was; a missing side was not there. */
export interface FieldChange {
  readonly field: string;
  readonly before: Value | undefined;
  readonly after: Value | undefined;
  readonly linked: boolean;
}

export interface NodeDiff {
  readonly mark: Mark;
  readonly fields: readonly FieldChange[];
}

export interface LinkDiff {
  readonly link: Link;
  readonly mark: "added" | "removed";
}

export interface GraphDiff {
  readonly nodes: Readonly<Record<string, NodeDiff>>;
  readonly links: readonly LinkDiff[];
  /** Title, description, interface, groups and notes. */
  readonly about: readonly FieldChange[];
}

export interface Difference {
  readonly graphs: Readonly<Record<string, GraphDiff>>;
  /** The later version, with what was removed put back where it stood. */
  readonly merged: Workflow;
  readonly counts: Readonly<Record<Mark, number>>;
}

/** Everything that differs; an identical pair gives zero counts and empty parts. */
export function difference(before: Workflow, after: Workflow): Difference {
  const graphs: Record<string, GraphDiff> = dictOf();
  const merged: Record<string, Graph> = dictOf();
  const counts = { added: 0, removed: 0, changed: 0, moved: 0 };
  for (const name of union(after.graphs, before.graphs)) {
    const [one, other] = [before.graphs[name] ?? EMPTY_GRAPH, after.graphs[name] ?? EMPTY_GRAPH];
    const diff = graphDiff(one, other);
    graphs[name] = diff;
    merged[name] = together(one, graphAt(after, name), diff);
    for (const { mark } of Object.values(diff.nodes)) counts[mark]++;
    counts.changed += diff.about.length;
  }
  if (!sameValue(before.requires, after.requires)) counts.changed++;
  return { graphs, merged: { graphs: merged, requires: after.requires }, counts };
}

export function isSame({ counts }: Difference): boolean {
  return Object.values(counts).every((count) => count === 0);
}

function graphDiff(before: Graph, after: Graph): GraphDiff {
  const nodes: Record<string, NodeDiff> = dictOf();
  const links: LinkDiff[] = [];
  for (const id of union(after.nodes, before.nodes)) {
    const [one, other] = [before.nodes[id], after.nodes[id]];
    links.push(...linkDiff(id, one, other));
    const diff = nodeDiff(id, before, after);
    if (diff !== null) nodes[id] = diff;
  }
  return { nodes, links, about: aboutDiff(before, after) };
}

function nodeDiff(id: string, before: Graph, after: Graph): NodeDiff | null {
  const [one, other] = [before.nodes[id], after.nodes[id]];
  if (one === undefined || other === undefined) {
    return { mark: one === undefined ? "added" : "removed", fields: [] };
  }
  const { x, y, mode, ...look } = before.places[id] ?? { x: 0, y: 0 };
  const { x: newX, y: newY, mode: newMode, ...newLook } = after.places[id] ?? { x: 0, y: 0 };
  const fields = [
    field("type", one.type, other.type),
    field("title", one.title, other.title),
    ...union(other.inputs, one.inputs).map((name) =>
      field(name, one.inputs[name], other.inputs[name]),
    ),
    ...union(other.extra ?? {}, one.extra ?? {}).map((name) =>
      field(name, one.extra?.[name], other.extra?.[name]),
    ),
    field("mode", mode, newMode),
  ].filter((change) => change !== null);
  if (fields.length > 0) return { mark: "changed", fields };
  const moved = x !== newX || y !== newY || !sameValue(look as Value, newLook as Value);
  return moved ? { mark: "moved", fields: [] } : null;
}

function linkDiff(
  id: string,
  before: GraphNode | undefined,
  after: GraphNode | undefined,
): LinkDiff[] {
  const old = before === undefined ? [] : linksInto(id, before);
  const now = after === undefined ? [] : linksInto(id, after);
  const missing = (from: readonly Link[], among: readonly Link[]) =>
    from.filter((link) => !among.some((one) => one.id === link.id && sameEnd(one.from, link.from)));
  return [
    ...missing(old, now).map((link) => ({ link, mark: "removed" as const })),
    ...missing(now, old).map((link) => ({ link, mark: "added" as const })),
  ];
}

function sameEnd(a: PortRef, b: PortRef): boolean {
  return a.node === b.node && a.port === b.port;
}

function aboutDiff(before: Graph, after: Graph): FieldChange[] {
  const flat = (graph: Graph): Record<string, Value | undefined> => ({
    title: graph.title,
    description: graph.description,
    ...prefixed("form", graph.interface.inputs),
    ...prefixed("output", graph.interface.outputs),
    ...prefixed("group", graph.groups as unknown as Record<string, Value>),
    ...prefixed("note", graph.notes as unknown as Record<string, Value>),
  });
  const [one, other] = [flat(before), flat(after)];
  return union(other, one)
    .map((name) => field(name, one[name], other[name]))
    .filter((change) => change !== null);
}

function prefixed(prefix: string, items: Readonly<Record<string, Value>>): Record<string, Value> {
  return dictOf(Object.entries(items).map(([key, item]) => [`${prefix} ${key}`, item]));
}

function field(name: string, before: Value | undefined, after: Value | undefined) {
  if (sameValue(before, after)) return null;
  return { field: name, before, after, linked: isLinked(before) || isLinked(after) };
}

/** The later graph with the removed nodes where they stood. */
function together(before: Graph, after: Graph, diff: GraphDiff): Graph {
  const removed = Object.keys(diff.nodes).filter((id) => diff.nodes[id]?.mark === "removed");
  if (removed.length === 0) return after;
  const pick = <T>(from: Readonly<Record<string, T>>) =>
    dictOf(removed.flatMap((id) => (from[id] === undefined ? [] : [[id, from[id]]])));
  return {
    ...after,
    nodes: joined(after.nodes, pick(before.nodes)),
    places: joined(after.places, pick(before.places)),
  };
}

function union(a: object, b: object): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])];
}
