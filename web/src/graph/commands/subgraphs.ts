/** Commands that make a subgraph of nodes, and nodes of a subgraph. */

import { dictOf, joined, withoutKey } from "../../api/dict";
import type { Value } from "../../api/json";
import type { Scope } from "../connect";
import type { Draft } from "../edits";
import type { Graph, GraphNode, PortRef } from "../model";
import { EMPTY_GRAPH, graphAt, linksOf, linkValue, ROOT, splitTarget, targetOf } from "../model";
import { fragment, paste } from "./clipboard";
import { addNode, moveItems, removeItems } from "./nodes";
import { freshName } from "./values";

/** Replace nodes by one instance of a new subgraph; gives the instance's id. */
export function makeSubgraph(
  draft: Draft,
  scope: Scope,
  ids: readonly string[],
  name: string,
): string {
  const { at } = scope;
  const graph = graphAt(draft.now, at);
  const inside = new Set(ids.filter((id) => Object.hasOwn(graph.nodes, id)));
  const cut = linksOf(graph).filter((l) => inside.has(l.from.node) !== inside.has(l.to.node));
  const inputs: Record<string, string> = dictOf();
  const outputs: Record<string, string> = dictOf();
  const given: Record<string, Value> = dictOf();
  const nameOf = (ports: Record<string, string>, ref: PortRef) => {
    const known = Object.entries(ports).find(([, target]) => target === targetOf(ref))?.[0];
    if (known !== undefined) return known;
    const fresh = freshName(ports, ref);
    ports[fresh] = targetOf(ref);
    return fresh;
  };
  const readers: [PortRef, number | null, string][] = [];
  for (const link of cut) {
    if (inside.has(link.to.node)) {
      given[nameOf(inputs, link.to)] = graph.nodes[link.to.node]?.inputs[link.to.port] as Value;
    } else {
      readers.push([link.to, link.index, nameOf(outputs, link.from)]);
    }
  }
  const piece = graphAt(fragment(draft.now, at, inside), ROOT);
  const subgraph = freshSubgraph(draft, name);
  draft.set(["graphs", subgraph], {
    ...EMPTY_GRAPH,
    ...(name !== subgraph && { title: name }),
    nodes: withoutInputs(piece.nodes, Object.values(inputs)),
    places: piece.places,
    interface: { inputs, outputs },
  } satisfies Graph);
  const first = Object.values(piece.places)[0] ?? { x: 0, y: 0 };
  const instance = addNode(draft, at, subgraph, first);
  draft.set(["graphs", at, "nodes", instance, "inputs"], given);
  for (const [to, index, port] of readers) {
    const path = ["graphs", at, "nodes", to.node, "inputs", to.port];
    const link = linkValue({ node: instance, port });
    const now = draft.get(path);
    draft.set(path, Array.isArray(now) ? now.map((v, i) => (i === index ? link : v)) : link);
  }
  keepFace(draft, at, inside, instance, { inputs, outputs });
  removeItems(draft, at, inside);
  return instance;
}

/** Public names that pointed into the nodes point through the instance now. */
function keepFace(
  draft: Draft,
  at: string,
  inside: ReadonlySet<string>,
  instance: string,
  face: { inputs: Record<string, string>; outputs: Record<string, string> },
): void {
  const type = (draft.get(["graphs", at, "nodes", instance]) as GraphNode).type;
  for (const side of ["inputs", "outputs"] as const) {
    const ports = joined(face[side]);
    for (const [name, target] of Object.entries(graphAt(draft.now, at).interface[side])) {
      const ref = splitTarget(target);
      if (!inside.has(ref.node)) continue;
      let port = Object.entries(ports).find(([, t]) => t === target)?.[0];
      if (port === undefined) {
        port = freshName(ports, ref);
        ports[port] = target;
        draft.set(["graphs", type, "interface", side, port], target);
      }
      draft.set(["graphs", at, "interface", side, name], `${instance}.${port}`);
    }
  }
}

function withoutInputs(nodes: Graph["nodes"], targets: readonly string[]): Graph["nodes"] {
  const out = joined(nodes);
  for (const target of targets) {
    const { node: id, port } = splitTarget(target);
    const node = out[id] as GraphNode;
    const inputs = withoutKey(node.inputs, port);
    out[id] = { ...node, inputs };
  }
  return out;
}

function freshSubgraph(draft: Draft, name: string): string {
  const base = name.trim() === "" ? "Subgraph" : name.trim().slice(0, 100);
  for (let n = 1; ; n++) {
    const id = n === 1 ? base : `${base} ${n}`;
    if (!Object.hasOwn(draft.now.graphs, id)) return id;
  }
}

/** Replace an instance by the nodes of its subgraph; gives their ids. */
export function unpackSubgraph(draft: Draft, scope: Scope, instance: string): string[] {
  const { at } = scope;
  const graph = graphAt(draft.now, at);
  const node = graph.nodes[instance];
  const inner = node && node.type !== ROOT ? draft.now.graphs[node.type] : undefined;
  if (node === undefined || inner === undefined) return [];
  const before = Object.keys(inner.nodes);
  const piece = { graphs: dictOf([[ROOT, inner]]), requires: {} };
  const ids = paste(draft, at, piece, { x: 0, y: 0 }, false);
  const renamed = new Map(before.map((id, i) => [id, ids[i] as string]));
  const inside = (target: string | undefined): PortRef | null => {
    const ref = splitTarget(target ?? "");
    const id = renamed.get(ref.node);
    return id === undefined ? null : { node: id, port: ref.port };
  };
  for (const [port, value] of Object.entries(node.inputs)) {
    const to = inside(inner.interface.inputs[port]);
    if (to !== null) draft.set(["graphs", at, "nodes", to.node, "inputs", to.port], value);
  }
  for (const link of linksOf(graph)) {
    if (link.from.node !== instance) continue;
    const from = inside(inner.interface.outputs[link.from.port]);
    if (from === null) continue;
    const path = ["graphs", at, "nodes", link.to.node, "inputs", link.to.port];
    const now = draft.get(path);
    const value = linkValue(from);
    draft.set(path, Array.isArray(now) ? now.map((v, i) => (i === link.index ? value : v)) : value);
  }
  for (const side of ["inputs", "outputs"] as const) {
    for (const [name, target] of Object.entries(graph.interface[side])) {
      const ref = splitTarget(target);
      const to = ref.node === instance ? inside(inner.interface[side][ref.port]) : null;
      if (to !== null) draft.set(["graphs", at, "interface", side, name], targetOf(to));
    }
  }
  // Its nodes come to stand where the instance stood.
  const place = graph.places[instance] ?? { x: 0, y: 0 };
  const places = ids.map((id) => graphAt(draft.now, at).places[id] ?? { x: 0, y: 0 });
  const left = Math.min(...places.map((p) => p.x));
  const top = Math.min(...places.map((p) => p.y));
  const moved = ids.map((id, i) => {
    const { x, y } = places[i] as { x: number; y: number };
    return [id, { x: x - left + place.x, y: y - top + place.y }] as const;
  });
  moveItems(draft, at, dictOf(moved));
  removeItems(draft, at, [instance]);
  return ids;
}

export function isInstance(graphs: Readonly<Record<string, Graph>>, node: GraphNode): boolean {
  return node.type !== ROOT && Object.hasOwn(graphs, node.type);
}
