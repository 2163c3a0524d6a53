/**
 * What of a graph runs: links go past reroutes and bypassed nodes, muted nodes and what needs them
 * stay out. A saved file holds exactly this, so that `weft run` and the editor run the same.
 */

import { dictOf } from "../api/dict";
import type { Value } from "../api/json";
import { inputOf, REROUTE } from "./catalog";
import type { Scope } from "./connect";
import { graphOf, schemaOf } from "./connect";
import type { GraphNode, PortRef } from "./model";
import { asLink, isLinked, linkValue, ROOT, splitTarget } from "./model";
import { accepts, socketType } from "./types";

export interface Compiled {
  readonly nodes: Readonly<Record<string, GraphNode>>;
  /** Ids of nodes that the editor keeps to itself. */
  readonly aside: ReadonlySet<string>;
}

type Source = PortRef | "missing" | "off";

export function compile(scope: Scope): Compiled {
  const graph = graphOf(scope);
  const { off, through, partly } = switchedOff(scope);
  if (off.size === 0 && through.size === 0 && !partly) return { nodes: graph.nodes, aside: off };
  const aside = new Set([...off, ...through]);
  const nodes: Record<string, GraphNode> = dictOf();
  for (const [id, node] of Object.entries(graph.nodes)) {
    if (!aside.has(id)) nodes[id] = relink(scope, node, off, through);
  }
  return { nodes, aside };
}

/** Nodes that do not run, nodes that links go past, and whether an instance runs in part. */
function switchedOff(scope: Scope) {
  const graph = graphOf(scope);
  const ids = Object.keys(graph.nodes);
  const mode = (id: string) => graph.places[id]?.mode;
  const off = new Set(ids.filter((id) => mode(id) === "mute"));
  const through = new Set(
    ids.filter((id) => graph.nodes[id]?.type === REROUTE || mode(id) === "bypass"),
  );
  const nodes = Object.entries(graph.nodes);
  const partly = nodes.some(([, { type }]) => offOutputs(scope, type).size > 0);
  for (let grew = off.size > 0 || partly; grew; ) {
    grew = false;
    for (const [id, node] of nodes) {
      if (off.has(id) || through.has(id) || !needsOff(scope, node, off, through)) continue;
      off.add(id);
      grew = true;
    }
  }
  return { off, through, partly };
}

const NO_OUTPUTS: ReadonlySet<string> = new Set();
const offByCatalog = new WeakMap<object, WeakMap<object, Map<string, ReadonlySet<string>>>>();

/** The outputs of a subgraph whose nodes inside do not run; none for other types. */
function offOutputs(scope: Scope, type: string): ReadonlySet<string> {
  const { workflow, catalog } = scope;
  if (type === ROOT || !Object.hasOwn(workflow.graphs, type)) return NO_OUTPUTS;
  const byWorkflow = offByCatalog.get(catalog) ?? new WeakMap();
  offByCatalog.set(catalog, byWorkflow);
  const known: Map<string, ReadonlySet<string>> = byWorkflow.get(workflow) ?? new Map();
  byWorkflow.set(workflow, known);
  const found = known.get(type);
  if (found !== undefined) return found;
  known.set(type, NO_OUTPUTS); // what a subgraph finds that stands inside of itself
  const inside = { ...scope, at: type };
  const { off, through } = switchedOff(inside);
  const outputs = new Set(
    Object.entries(graphOf(inside).interface.outputs)
      .filter(([, target]) => sourceOf(inside, splitTarget(target), off, through) === "off")
      .map(([name]) => name),
  );
  known.set(type, outputs);
  return outputs;
}

function needsOff(
  scope: Scope,
  node: GraphNode,
  off: ReadonlySet<string>,
  through: ReadonlySet<string>,
): boolean {
  const schema = schemaOf(scope, node);
  return Object.entries(node.inputs).some(([port, value]) => {
    const from = asLink(value);
    const required = schema === undefined || inputOf(schema, port)?.required !== false;
    return from !== null && required && sourceOf(scope, from, off, through) === "off";
  });
}

function relink(
  scope: Scope,
  node: GraphNode,
  off: ReadonlySet<string>,
  through: ReadonlySet<string>,
): GraphNode {
  let changed = false;
  const inputs: Record<string, Value> = dictOf();
  for (const [port, value] of Object.entries(node.inputs)) {
    const now = isLinked(value) ? relinkValue(scope, value, off, through) : value;
    changed ||= now !== value;
    if (now !== undefined) inputs[port] = now;
  }
  return changed ? { ...node, inputs } : node;
}

function relinkValue(
  scope: Scope,
  value: Value,
  off: ReadonlySet<string>,
  through: ReadonlySet<string>,
): Value | undefined {
  if (Array.isArray(value)) {
    const items = value.map((item) => relinkValue(scope, item, off, through));
    const kept = items.filter((item) => item !== undefined);
    return kept.length === value.length && kept.every((v, i) => v === value[i]) ? value : kept;
  }
  const from = asLink(value);
  if (from === null) return value;
  const source = sourceOf(scope, from, off, through);
  if (typeof source === "string") return undefined;
  return source === from ? value : linkValue(source);
}

/** The output that a link really reads. */
function sourceOf(
  scope: Scope,
  from: PortRef,
  off: ReadonlySet<string>,
  through: ReadonlySet<string>,
): Source {
  const seen = new Set<string>();
  let at = from;
  while (through.has(at.node) && !seen.has(at.node)) {
    seen.add(at.node);
    const next = passes(scope, at);
    if (next === null) return "missing";
    at = next;
  }
  if (seen.has(at.node)) return "missing";
  const type = graphOf(scope).nodes[at.node]?.type ?? "";
  return off.has(at.node) || offOutputs(scope, type).has(at.port) ? "off" : at;
}

/** What a bypassed node gives for an output: its first linked input of that type. */
export function passes(scope: Scope, output: PortRef): PortRef | null {
  const node = graphOf(scope).nodes[output.node];
  const schema = node && schemaOf(scope, node);
  const port = schema?.outputs[output.port];
  if (node === undefined || schema === undefined || port === undefined) return null;
  const wanted = socketType(port);
  // An input of the output's own name is its counterpart, as in ApplyControlNet.
  const names = Object.keys(schema.inputs);
  const ordered = names.includes(output.port) ? [output.port, ...names] : names;
  for (const name of ordered) {
    const input = schema.inputs[name];
    const from = asLink(node.inputs[name]);
    if (input !== undefined && from !== null && accepts(wanted, socketType(input))) return from;
  }
  return null;
}
