/** Copy and paste: the clipboard holds an ordinary workflow file with a few nodes in it. */

import { dictOf, withKey } from "../../api/dict";
import type { Value } from "../../api/json";
import type { Draft } from "../edits";
import type { Graph, GraphNode, Workflow } from "../model";
import { asLink, EMPTY_GRAPH, graphAt, linkValue, ROOT } from "../model";
import type { Point } from "../rect";
import { freshId } from "./nodes";

/** The chosen nodes, groups and notes as a workflow; links from outside are left as they are. */
export function fragment(workflow: Workflow, at: string, ids: Iterable<string>): Workflow {
  const graph = graphAt(workflow, at);
  const chosen = new Set(ids);
  const pick = <T>(items: Readonly<Record<string, T>>) =>
    dictOf(Object.entries(items).filter(([id]) => chosen.has(id)));
  const root: Graph = {
    ...EMPTY_GRAPH,
    nodes: pick(graph.nodes),
    places: pick(graph.places),
    groups: pick(graph.groups),
    notes: pick(graph.notes),
  };
  return { graphs: withKey(used(workflow, root), ROOT, root), requires: {} };
}

/** Subgraphs that a graph's nodes are instances of, at any depth. */
function used(workflow: Workflow, graph: Graph): Record<string, Graph> {
  const found: Record<string, Graph> = dictOf();
  const queue = [graph];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const { type } of Object.values(next.nodes)) {
      const inner = type === ROOT || found[type] ? undefined : workflow.graphs[type];
      if (inner !== undefined) {
        found[type] = inner;
        queue.push(inner);
      }
    }
  }
  return found;
}

/**
 * Put a fragment into a graph under new ids.
 *
 * Links among its nodes follow; links to nodes outside are kept where such a node stands in this
 * graph and `outside` says so, else dropped.
 *
 * @returns New ids, in the fragment's order.
 */
export function paste(
  draft: Draft,
  at: string,
  from: Workflow,
  offset: Point,
  outside: boolean,
): string[] {
  const source = graphAt(from, ROOT);
  const ids = new Map<string, string>();
  for (const [name, graph] of Object.entries(from.graphs)) {
    // A subgraph of the same name is taken to be the same one.
    if (name !== ROOT && !Object.hasOwn(draft.now.graphs, name)) {
      draft.set(["graphs", name], graph);
    }
  }
  const present = graphAt(draft.now, at).nodes;
  const pending: [string, GraphNode][] = [];
  for (const [id, node] of Object.entries(source.nodes)) {
    const fresh = freshId(graphAt(draft.now, at), id);
    ids.set(id, fresh);
    draft.set(["graphs", at, "nodes", fresh], { ...node, inputs: {} });
    pending.push([fresh, node]);
    const place = source.places[id] ?? { x: 0, y: 0 };
    draft.set(["graphs", at, "places", fresh], shift(place, offset));
  }
  for (const [id, node] of pending) {
    const inputs: Record<string, Value> = dictOf();
    for (const [port, value] of Object.entries(node.inputs)) {
      const moved = follow(value, ids, outside ? present : {});
      if (moved !== undefined) inputs[port] = moved;
    }
    draft.set(["graphs", at, "nodes", id, "inputs"], inputs);
  }
  for (const part of ["groups", "notes"] as const) {
    for (const [id, item] of Object.entries(source[part])) {
      const fresh = freshId(graphAt(draft.now, at), id);
      ids.set(id, fresh);
      draft.set(["graphs", at, part, fresh], shift(item, offset));
    }
  }
  return [...ids.values()];
}

function follow(
  value: Value,
  ids: ReadonlyMap<string, string>,
  present: Graph["nodes"],
): Value | undefined {
  if (Array.isArray(value)) {
    const items = value.map((v) => follow(v, ids, present)).filter((v) => v !== undefined);
    return items.length > 0 || value.length === 0 ? items : undefined;
  }
  const from = asLink(value);
  if (from === null) return value;
  const id = ids.get(from.node);
  if (id !== undefined) return linkValue({ node: id, port: from.port });
  return Object.hasOwn(present, from.node) ? value : undefined;
}

function shift<T extends Point>(item: T, by: Point): T {
  return { ...item, x: item.x + by.x, y: item.y + by.y };
}
