/** Which output may be linked to which input. */

import type { Catalog } from "./catalog";
import { inputOf } from "./catalog";
import type { Graph, GraphNode, PortRef, Workflow } from "./model";
import { ancestors, asLink, graphAt, mappedInputs, readersOf, targetOf } from "./model";
import type { SocketType } from "./types";
import { accepts, collects, socketType } from "./types";

const ANY: SocketType = { name: "ANY", args: [], choices: [] };
const DEEPEST = 64;

/** The graph one looks at, with what is needed to know its types. */
export interface Scope {
  readonly workflow: Workflow;
  readonly at: string;
  readonly catalog: Catalog;
}

export function graphOf(scope: Scope): Graph {
  return graphAt(scope.workflow, scope.at);
}

export function schemaOf(scope: Scope, node: GraphNode) {
  return scope.catalog.find(scope.workflow, node.type);
}

/** The type of an output; a variable is followed to what is linked into the node. */
export function outputType(scope: Scope, ref: PortRef, depth = 0): SocketType {
  const node = graphOf(scope).nodes[ref.node];
  const port = node && schemaOf(scope, node)?.outputs[ref.port];
  if (node === undefined || port === undefined) return ANY;
  const type = socketType(port);
  const own = type.name === "VAR" ? bound(scope, node, type, depth) : type;
  return mappedInputs(node).length > 0 ? listOf(own) : own;
}

/** The type of an input, with variables bound by the node's other links. */
export function inputType(scope: Scope, ref: PortRef, except = ref.port): SocketType {
  const node = graphOf(scope).nodes[ref.node];
  const schema = node && schemaOf(scope, node);
  const port = schema && inputOf(schema, ref.port);
  if (node === undefined || port === undefined) return ANY;
  const type = socketType(port);
  const own = type.name === "VAR" ? bound(scope, node, type, 0, except) : type;
  return mappedInputs(node).includes(ref.port) ? listOf(own) : own;
}

function listOf(item: SocketType): SocketType {
  return { name: "LIST", args: [item], choices: [] };
}

function bound(
  scope: Scope,
  node: GraphNode,
  variable: SocketType,
  depth: number,
  except?: string,
): SocketType {
  const schema = schemaOf(scope, node);
  if (schema === undefined || depth > DEEPEST) return variable;
  for (const [name, value] of Object.entries(node.inputs)) {
    const port = name === except ? undefined : inputOf(schema, name);
    const from = asLink(value);
    if (port === undefined || from === null) continue;
    const type = socketType(port);
    if (type.name === "VAR" && type.choices[0] === variable.choices[0]) {
      const found = outputType(scope, from, depth + 1);
      if (found.name !== "VAR") return found;
    }
  }
  return variable;
}

export type Verdict = "link" | "collect" | "type" | "cycle" | "missing";

/** Whether a link may be made, and if not, why. */
export function judge(
  scope: Scope,
  from: PortRef,
  to: PortRef,
  upstream = ancestors(graphOf(scope), from.node),
): Verdict {
  const target = graphOf(scope).nodes[to.node];
  const schema = target && schemaOf(scope, target);
  if (schema === undefined || inputOf(schema, to.port) === undefined) return "missing";
  if (upstream.has(to.node)) return "cycle";
  const source = outputType(scope, from);
  const wanted = inputType(scope, to);
  if (accepts(wanted, source)) return "link";
  return collects(wanted, source) ? "collect" : "type";
}

export function isAllowed(verdict: Verdict): boolean {
  return verdict === "link" || verdict === "collect";
}

/** Every port that a link begun at `end` may end at, as `node.port`. */
export function partners(scope: Scope, end: PortRef, side: "input" | "output"): Set<string> {
  const graph = graphOf(scope);
  const found = new Set<string>();
  if (side === "output") {
    const upstream = ancestors(graph, end.node);
    for (const [id, node] of Object.entries(graph.nodes)) {
      const schema = upstream.has(id) ? undefined : schemaOf(scope, node);
      for (const port of Object.keys(schema?.inputs ?? {})) {
        const to = { node: id, port };
        if (isAllowed(judge(scope, end, to, upstream))) found.add(targetOf(to));
      }
    }
    return found;
  }
  const wanted = inputType(scope, end);
  const downstream = descendants(graph, end.node);
  for (const [id, node] of Object.entries(graph.nodes)) {
    const schema = downstream.has(id) ? undefined : schemaOf(scope, node);
    for (const port of Object.keys(schema?.outputs ?? {})) {
      const source = outputType(scope, { node: id, port });
      if (accepts(wanted, source) || collects(wanted, source)) found.add(`${id}.${port}`);
    }
  }
  return found;
}

/** Nodes that read from a node, at any distance, and itself. */
export function descendants(graph: Graph, start: string): Set<string> {
  const readers = readersOf(graph);
  const found = new Set([start]);
  const queue = [start];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const link of readers.get(id) ?? []) {
      if (!found.has(link.to.node)) {
        found.add(link.to.node);
        queue.push(link.to.node);
      }
    }
  }
  return found;
}

/** The first port of a type of node that a dangling link can end at; null if there is none. */
export function firstFit(
  scope: Scope,
  type: string,
  end: SocketType,
  side: "input" | "output",
): string | null {
  const schema = scope.catalog.find(scope.workflow, type);
  if (schema === undefined) return null;
  const ports =
    side === "output"
      ? Object.entries(schema.inputs).filter(([, port]) => fits(socketType(port), end))
      : Object.entries(schema.outputs).filter(([, port]) => fits(end, socketType(port)));
  // A port of exactly this type is meant before one that merely takes anything.
  const exact = ports.find(([, port]) => socketType(port).name === end.name);
  return (exact ?? ports[0])?.[0] ?? null;
}

function fits(target: SocketType, source: SocketType): boolean {
  return accepts(target, source) || collects(target, source);
}
