/** A workflow as the editor holds it: plain immutable data, one shape for the root and subgraphs. */

import { dictOf } from "../api/dict";
import type { JsonObject, Value } from "../api/json";
import { isObject, numberOf } from "../api/json";

/** Eight hues of the theme, by number; undefined is neutral. */
export type Hue = number;

export type Mode = "mute" | "bypass";

export interface GraphNode {
  readonly type: string;
  readonly title?: string;
  readonly inputs: Readonly<Record<string, Value>>;
  /** Whatever else the file says of it: `map` and `loop` of a subgraph's instance. */
  readonly extra?: JsonObject;
}

/** Inputs that take a list for what is one value inside: those that a node maps over. */
export function mappedInputs(node: GraphNode): readonly string[] {
  const map = node.extra?.["map"];
  const over = isObject(map) ? map["over"] : undefined;
  return Array.isArray(over) ? over.filter((port) => typeof port === "string") : [];
}

/** How often a node loops; 1 for no loop. */
export function loopTimes(node: GraphNode): number {
  const loop = node.extra?.["loop"];
  return isObject(loop) ? numberOf(loop["times"]) : 1;
}

/** Where and how a node is drawn. Lengths in canvas units, a pixel at scale 1. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width?: number;
  readonly height?: number;
  readonly collapsed?: boolean;
  readonly color?: Hue;
  readonly pinned?: boolean;
  readonly mode?: Mode;
  /** What a seed does after each run: parameter -> mode. */
  readonly seeds?: Readonly<Record<string, string>>;
}

export interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly color?: Hue;
}

export interface Group extends Frame {
  readonly title: string;
}

export interface Note extends Frame {
  readonly title?: string;
  readonly text: string;
}

export interface Interface {
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

export interface Graph {
  readonly title?: string;
  readonly description?: string;
  readonly nodes: Readonly<Record<string, GraphNode>>;
  readonly interface: Interface;
  readonly places: Readonly<Record<string, Place>>;
  readonly groups: Readonly<Record<string, Group>>;
  readonly notes: Readonly<Record<string, Note>>;
  /** Keys of the file's layout that this editor does not know; written back untouched. */
  readonly foreign: JsonObject;
}

/** `""` is the root; any other name is a subgraph. A name cannot be empty in a file. */
export const ROOT = "";

export interface Workflow {
  readonly graphs: Readonly<Record<string, Graph>>;
  readonly requires: JsonObject;
}

export interface PortRef {
  readonly node: string;
  readonly port: string;
}

export interface Link {
  readonly id: string;
  readonly from: PortRef;
  readonly to: PortRef;
  /** Position in an input that collects several links; null for a single one. */
  readonly index: number | null;
}

export const EMPTY_GRAPH: Graph = {
  nodes: dictOf(),
  interface: { inputs: dictOf(), outputs: dictOf() },
  places: dictOf(),
  groups: dictOf(),
  notes: dictOf(),
  foreign: {},
};

export const EMPTY_WORKFLOW: Workflow = { graphs: dictOf([[ROOT, EMPTY_GRAPH]]), requires: {} };

export function graphAt(workflow: Workflow, at: string): Graph {
  return workflow.graphs[at] ?? EMPTY_GRAPH;
}

/** `node.port` in two, at the first dot: no node's id has one. No dot, and the port is empty. */
export function splitTarget(target: string): PortRef {
  const dot = target.indexOf(".");
  return dot < 0
    ? { node: target, port: "" }
    : { node: target.slice(0, dot), port: target.slice(dot + 1) };
}

export function targetOf(ref: PortRef): string {
  return `${ref.node}.${ref.port}`;
}

/** The output that a value links to, or null for a literal. */
export function asLink(value: Value | undefined): PortRef | null {
  if (!isObject(value)) return null;
  const target = value["link"];
  return typeof target === "string" && Object.keys(value).length === 1 ? splitTarget(target) : null;
}

export function linkValue(from: PortRef): Value {
  return { link: targetOf(from) };
}

export function isLinked(value: Value | undefined): boolean {
  return asLink(value) !== null || (Array.isArray(value) && value.some((v) => asLink(v) !== null));
}

const linksByNode = new WeakMap<GraphNode, { id: string; links: readonly Link[] }>();

/** Links that end in one node. */
export function linksInto(id: string, node: GraphNode): readonly Link[] {
  const known = linksByNode.get(node);
  if (known?.id === id) return known.links;
  const links: Link[] = [];
  const add = (port: string, value: Value | undefined, index: number | null) => {
    const from = asLink(value);
    if (from === null) return;
    const mark = index === null ? "" : `#${index}`;
    links.push({ id: `${id}.${port}${mark}`, from, to: { node: id, port }, index });
  };
  for (const [port, value] of Object.entries(node.inputs)) {
    if (Array.isArray(value)) value.forEach((item, i) => void add(port, item, i));
    else add(port, value, null);
  }
  linksByNode.set(node, { id, links });
  return links;
}

const linksByNodes = new WeakMap<Graph["nodes"], readonly Link[]>();

/** Every link of a graph; a link is named by the input it ends in. */
export function linksOf(graph: Graph): readonly Link[] {
  let links = linksByNodes.get(graph.nodes);
  if (links === undefined) {
    links = Object.entries(graph.nodes).flatMap(([id, node]) => linksInto(id, node));
    linksByNodes.set(graph.nodes, links);
  }
  return links;
}

const readersByNodes = new WeakMap<Graph["nodes"], ReadonlyMap<string, readonly Link[]>>();

/** Links that leave each node. */
export function readersOf(graph: Graph): ReadonlyMap<string, readonly Link[]> {
  let readers = readersByNodes.get(graph.nodes);
  if (readers === undefined) {
    const found = new Map<string, Link[]>();
    for (const link of linksOf(graph)) {
      const list = found.get(link.from.node);
      if (list === undefined) found.set(link.from.node, [link]);
      else list.push(link);
    }
    readers = found;
    readersByNodes.set(graph.nodes, readers);
  }
  return readers;
}

/** Nodes that a node needs, itself included. */
export function ancestors(graph: Graph, start: string): Set<string> {
  const found = new Set([start]);
  const queue = [start];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    const node = graph.nodes[id];
    if (node === undefined) continue;
    for (const link of linksInto(id, node)) {
      if (!found.has(link.from.node)) {
        found.add(link.from.node);
        queue.push(link.from.node);
      }
    }
  }
  return found;
}
