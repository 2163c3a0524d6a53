/**
 * Workflow files to and from the editor's model.
 *
 * `nodes` of a file is what runs. What only the editor knows (places, groups, notes, and nodes that
 * do not run with the links they had) lies in `layout`, and is put back on reading wherever the
 * file still says what the editor had written.
 */

import { dictOf, joined, withKey } from "../api/dict";
import type { JsonObject, Value } from "../api/json";
import { compactJson, isObject, numberOf, sameValue } from "../api/json";
import type { Catalog } from "./catalog";
import { compile } from "./compile";
import type { Frame, Graph, GraphNode, Interface, Place, Workflow } from "./model";
import { graphAt, ROOT, splitTarget } from "./model";

export class FormatError extends Error {}

const KNOWN = new Set(["nodes", "groups", "notes", "aside", "subgraphs"]);
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Read a parsed workflow file. */
export function readWorkflow(data: Value): Workflow {
  if (!isObject(data) || !isObject(data["nodes"])) {
    throw new FormatError('This is not a weft workflow: it has no object "nodes".');
  }
  if (data["weft"] !== undefined && data["weft"] !== 1) {
    throw new FormatError(
      `The file says format ${compactJson(data["weft"])}; this editor reads 1.`,
    );
  }
  const layout = objectAt(data, "layout");
  const inner = objectAt(layout, "subgraphs");
  const graphs = dictOf([[ROOT, readGraph(data, layout)]]);
  for (const [name, graph] of Object.entries(objectAt(data, "subgraphs"))) {
    if (!isObject(graph)) throw new FormatError(`Subgraph "${name}" is no object.`);
    graphs[name] = readGraph(graph, objectAt(inner, name));
  }
  return { graphs, requires: objectAt(data, "requires") };
}

function readGraph(data: JsonObject, layout: JsonObject): Graph {
  const nodes = readNodes(objectAt(data, "nodes"));
  const face = objectAt(data, "interface");
  const faces = { inputs: texts(face, "inputs"), outputs: texts(face, "outputs") };
  const aside = objectAt(layout, "aside");
  const graph: Mutable<Graph> = {
    nodes: restore(nodes, aside),
    interface: restoreInterface(faces, aside),
    places: mapObjects(objectAt(layout, "nodes"), readPlace),
    groups: mapObjects(objectAt(layout, "groups"), (g) => ({
      ...frame(g),
      title: text(g, "title"),
    })),
    notes: mapObjects(objectAt(layout, "notes"), (n) => ({
      ...frame(n),
      ...(typeof n["title"] === "string" && { title: n["title"] }),
      text: text(n, "text"),
    })),
    foreign: dictOf(Object.entries(layout).filter(([key]) => !KNOWN.has(key))),
  };
  if (typeof data["title"] === "string") graph.title = data["title"];
  if (typeof data["description"] === "string") graph.description = data["description"];
  return graph;
}

function readNodes(data: JsonObject): Record<string, GraphNode> {
  const nodes: Record<string, GraphNode> = dictOf();
  for (const [id, node] of Object.entries(data)) {
    if (!isObject(node) || typeof node["type"] !== "string") {
      throw new FormatError(`Node "${id}" has no type.`);
    }
    const inputs = node["inputs"] ?? dictOf();
    if (!isObject(inputs)) throw new FormatError(`The inputs of node "${id}" are no object.`);
    const { title } = node;
    const rest = Object.entries(node).filter(([key]) => !["type", "title", "inputs"].includes(key));
    const extra = dictOf(rest);
    nodes[id] = {
      type: node["type"],
      ...(typeof title === "string" && { title }),
      inputs,
      ...(!isEmpty(extra) && { extra }),
    };
  }
  return nodes;
}

/** Put back nodes and links that a saved file leaves out. */
function restore(nodes: Record<string, GraphNode>, aside: JsonObject): Record<string, GraphNode> {
  const all = joined(nodes);
  for (const [id, node] of Object.entries(readNodes(objectAt(aside, "nodes")))) {
    if (!Object.hasOwn(all, id)) all[id] = node;
  }
  for (const [target, kept] of Object.entries(objectAt(aside, "inputs"))) {
    const { node: id, port } = splitTarget(target);
    const node = all[id];
    if (node === undefined || !isObject(kept) || kept["value"] === undefined) continue;
    // Someone may have linked it otherwise since; theirs counts then.
    if (!sameValue(node.inputs[port], kept["now"])) continue;
    all[id] = { ...node, inputs: withKey(node.inputs, port, kept["value"]) };
  }
  return all;
}

function restoreInterface(face: Interface, aside: JsonObject): Interface {
  const kept = objectAt(aside, "interface");
  return {
    inputs: joined(face.inputs, missing(texts(kept, "inputs"), face.inputs)),
    outputs: joined(face.outputs, missing(texts(kept, "outputs"), face.outputs)),
  };
}

function missing<T>(from: Readonly<Record<string, T>>, present: object): Record<string, T> {
  return dictOf(Object.entries(from).filter(([k]) => !Object.hasOwn(present, k)));
}

/** Write a workflow as a file's data, in canonical key order, without its empty parts. */
export function writeWorkflow(workflow: Workflow, catalog: Catalog): JsonObject {
  const root = writeGraph(workflow, ROOT, catalog);
  const names = Object.keys(workflow.graphs).filter((name) => name !== ROOT);
  const inner = names.map((name) => [name, writeGraph(workflow, name, catalog)] as const);
  const subgraphs = dictOf(inner.map(([name, { graph }]) => [name, graph]));
  const layouts = inner.filter(([, { layout }]) => !isEmpty(layout));
  const layout = {
    ...root.layout,
    ...(layouts.length > 0 && {
      subgraphs: dictOf(layouts.map(([name, { layout }]) => [name, layout])),
    }),
  };
  return {
    weft: 1,
    ...root.graph,
    ...filled({ subgraphs, requires: workflow.requires, layout }),
  };
}

function writeGraph(workflow: Workflow, at: string, catalog: Catalog) {
  const graph = graphAt(workflow, at);
  const { nodes, aside } = compile({ workflow, at, catalog });
  const runs = (target: string) => !aside.has(splitTarget(target).node);
  const split = (ports: Readonly<Record<string, string>>, live: boolean) =>
    dictOf(Object.entries(ports).filter(([, target]) => runs(target) === live));
  const { inputs, outputs } = graph.interface;
  const face = filled({ inputs: split(inputs, true), outputs: split(outputs, true) });
  const asideFace = filled({ inputs: split(inputs, false), outputs: split(outputs, false) });
  const data: JsonObject = {
    ...(graph.title !== undefined && { title: graph.title }),
    ...(graph.description !== undefined && { description: graph.description }),
    nodes: mapObject(nodes, writeNode),
    ...filled({ interface: face }),
  };
  const kept = {
    nodes: dictOf([...aside].map((id) => [id, writeNode(graph.nodes[id] as GraphNode)])),
    inputs: relinked(graph, nodes),
    interface: asideFace,
  };
  const layout: JsonObject = filled({
    ...graph.foreign,
    nodes: mapObject(graph.places, (place) => place as unknown as Value),
    groups: mapObject(graph.groups, (group) => group as unknown as Value),
    notes: mapObject(graph.notes, (note) => note as unknown as Value),
    aside: filled(kept),
  });
  return { graph: data, layout };
}

function writeNode(node: GraphNode): Value {
  return {
    type: node.type,
    ...(node.title !== undefined && { title: node.title }),
    inputs: node.inputs,
    ...node.extra,
  };
}

/** Inputs that run otherwise than they are drawn. */
function relinked(graph: Graph, compiled: Graph["nodes"]): JsonObject {
  const found: Record<string, Value> = dictOf();
  for (const [id, node] of Object.entries(compiled)) {
    const drawn = graph.nodes[id];
    if (drawn === undefined || drawn === node) continue;
    for (const [port, value] of Object.entries(drawn.inputs)) {
      const now = node.inputs[port];
      if (now !== value) found[`${id}.${port}`] = { value, ...(now !== undefined && { now }) };
    }
  }
  return found;
}

function readPlace(data: JsonObject): Place {
  const place: Mutable<Place> = { x: number(data, "x"), y: number(data, "y") };
  for (const key of ["width", "height", "color"] as const) {
    if (data[key] !== undefined) place[key] = number(data, key);
  }
  if (data["collapsed"] === true) place.collapsed = true;
  if (data["pinned"] === true) place.pinned = true;
  const mode = data["mode"];
  if (mode === "mute" || mode === "bypass") place.mode = mode;
  if (isObject(data["seeds"])) place.seeds = texts(data, "seeds");
  return place;
}

function frame(data: JsonObject): Frame {
  return {
    x: number(data, "x"),
    y: number(data, "y"),
    width: number(data, "width"),
    height: number(data, "height"),
    ...(data["color"] !== undefined && { color: number(data, "color") }),
  };
}

function objectAt(data: JsonObject, key: string): JsonObject {
  const value = data[key];
  return isObject(value) ? value : dictOf();
}

function texts(data: JsonObject, key: string): Record<string, string> {
  const entries = Object.entries(objectAt(data, key));
  return dictOf(entries.filter((e): e is [string, string] => typeof e[1] === "string"));
}

function text(data: JsonObject, key: string): string {
  const value = data[key];
  return typeof value === "string" ? value : "";
}

function number(data: JsonObject, key: string): number {
  const value = numberOf(data[key]);
  return Number.isFinite(value) ? value : 0;
}

function mapObject<A, B>(
  data: Readonly<Record<string, A>>,
  map: (value: A) => B,
): Record<string, B> {
  return dictOf(Object.entries(data).map(([key, value]) => [key, map(value)]));
}

/** As `mapObject`, for the members that are objects; others are left out. */
function mapObjects<B>(data: JsonObject, map: (value: JsonObject) => B): Record<string, B> {
  const entries = Object.entries(data).filter((e): e is [string, JsonObject] => isObject(e[1]));
  return dictOf(entries.map(([key, value]) => [key, map(value)]));
}

function filled(data: Readonly<Record<string, Value>>): JsonObject {
  return dictOf(Object.entries(data).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: Value): boolean {
  return isObject(value) && Object.keys(value).length === 0;
}
