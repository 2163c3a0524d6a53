/** Commands on the interface of a graph: what a form shows, and what a subgraph takes and gives. */

import { dictOf } from "../../api/dict";
import type { Value } from "../../api/json";
import type { Draft } from "../edits";
import type { Graph, GraphNode, PortRef } from "../model";
import { asLink, graphAt, linkValue, ROOT, splitTarget, targetOf } from "../model";
import { freshName } from "./values";

export type Face = "inputs" | "outputs";

/** Give an input or output a public name, or take it back. */
export function toggleExposed(draft: Draft, at: string, side: Face, ref: PortRef): void {
  const ports = graphAt(draft.now, at).interface[side];
  const target = targetOf(ref);
  const known = Object.entries(ports).find(([, t]) => t === target)?.[0];
  if (known !== undefined) hide(draft, at, side, known);
  else draft.set(["graphs", at, "interface", side, freshName(ports, ref)], target);
}

/** Take a public name back; the subgraph's instances lose what was given for it. */
export function hide(draft: Draft, at: string, side: Face, name: string): void {
  draft.remove(["graphs", at, "interface", side, name]);
  eachInstance(draft, at, (graph, id) => {
    if (side === "inputs") draft.remove(["graphs", graph, "nodes", id, "inputs", name]);
    else relink(draft, graph, { node: id, port: name }, null);
    retarget(draft, graph, side, { node: id, port: name }, null);
  });
}

/** Call a public input or output otherwise, wherever the subgraph is used as well. */
export function renameExposed(
  draft: Draft,
  at: string,
  side: Face,
  from: string,
  to: string,
): void {
  const ports = graphAt(draft.now, at).interface[side];
  if (to === "" || !Object.hasOwn(ports, from) || Object.hasOwn(ports, to)) return;
  // A link says node.port, so a port has no dot in it.
  if (at !== ROOT && to.includes(".")) return;
  draft.rename(["graphs", at, "interface", side, from], to);
  eachInstance(draft, at, (graph, id) => {
    if (side === "inputs") {
      draft.rename(["graphs", graph, "nodes", id, "inputs", from], to);
      renameMapped(draft, ["graphs", graph, "nodes", id], from, to);
    } else relink(draft, graph, { node: id, port: from }, { node: id, port: to });
    retarget(draft, graph, side, { node: id, port: from }, { node: id, port: to });
  });
}

/** An instance may be made for each item of a list that this input takes. */
function renameMapped(draft: Draft, node: readonly string[], from: string, to: string): void {
  const path = [...node, "extra", "map", "over"];
  const over = draft.get(path);
  if (Array.isArray(over) && over.includes(from)) {
    draft.set(
      path,
      over.map((port: unknown) => (port === from ? to : port)),
    );
  }
}

/** Put a public name one place earlier or later. */
export function moveExposed(draft: Draft, at: string, side: Face, name: string, by: 1 | -1): void {
  const entries = Object.entries(graphAt(draft.now, at).interface[side]);
  const from = entries.findIndex(([one]) => one === name);
  const to = from + by;
  const [moved, other] = [entries[from], entries[to]];
  if (moved === undefined || other === undefined) return;
  [entries[from], entries[to]] = [other, moved];
  draft.set(["graphs", at, "interface", side], dictOf(entries));
}

/** Every node that is an instance of a subgraph; the root has none. */
function eachInstance(draft: Draft, at: string, act: (graph: string, id: string) => void): void {
  if (at === ROOT) return;
  for (const [name, graph] of Object.entries(draft.now.graphs)) {
    for (const [id, node] of Object.entries(graph.nodes)) if (node.type === at) act(name, id);
  }
}

/** Links that read an output read another one, or are taken away. */
function relink(draft: Draft, at: string, from: PortRef, to: PortRef | null): void {
  const reads = (value: Value) => {
    const link = asLink(value);
    return link?.node === from.node && link.port === from.port;
  };
  for (const [id, node] of Object.entries(graphAt(draft.now, at).nodes) as [string, GraphNode][]) {
    for (const [port, value] of Object.entries(node.inputs)) {
      const path = ["graphs", at, "nodes", id, "inputs", port];
      if (Array.isArray(value) && value.some(reads)) {
        const next = value.flatMap((item: Value) =>
          reads(item) ? (to === null ? [] : [linkValue(to)]) : [item],
        );
        draft.set(path, next.length > 0 ? next : undefined);
      } else if (reads(value)) {
        draft.set(path, to === null ? undefined : linkValue(to));
      }
    }
  }
}

/** Public names of an outer graph that meant a port of an instance follow it, or go with it. */
function retarget(draft: Draft, at: string, side: Face, from: PortRef, to: PortRef | null): void {
  const ports: Graph["interface"][Face] = graphAt(draft.now, at).interface[side];
  for (const [name, target] of Object.entries(ports)) {
    const { node, port } = splitTarget(target);
    if (node !== from.node || port !== from.port) continue;
    if (to === null) hide(draft, at, side, name);
    else draft.set(["graphs", at, "interface", side, name], targetOf(to));
  }
}
