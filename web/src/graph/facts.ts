/** What made a picture, in few words: the prompt and the seeds of a workflow as it was run. */

import { isNumeric, type Value } from "../api/json";
import { type Catalog, inputOf } from "./catalog";
import {
  type Graph,
  graphAt,
  linksInto,
  ROOT,
  splitTarget,
  targetOf,
  type Workflow,
} from "./model";

export interface Facts {
  /** The text that the picture was asked for by; null where none is found. */
  readonly prompt: string | null;
  /** Every seed as it was, exactly, each number once. */
  readonly seeds: readonly string[];
}

/** Inputs that mean what is wanted, and not what is unwanted. */
const WANTED = ["positive", "conditioning", "prompt", "text"];

export function factsOf(workflow: Workflow, catalog: Catalog): Facts {
  const seeds = Object.keys(workflow.graphs).flatMap((at) => seedsIn(workflow, at, catalog));
  return { prompt: promptOf(workflow, catalog), seeds: [...new Set(seeds)] };
}

function seedsIn(workflow: Workflow, at: string, catalog: Catalog): string[] {
  const graph = graphAt(workflow, at);
  // What a subgraph shows as its input is told by its instances.
  const shown = at === ROOT ? [] : Object.values(graph.interface.inputs);
  return Object.entries(graph.nodes).flatMap(([node, { type, inputs }]) =>
    Object.entries(catalog.find(workflow, type)?.inputs ?? {}).flatMap(([port, schema]) => {
      const value = Object.hasOwn(inputs, port) ? inputs[port] : schema.default;
      const told = schema.seed === true && !shown.includes(targetOf({ node, port }));
      return told && isNumeric(value) ? [value.toString()] : [];
    }),
  );
}

function promptOf(workflow: Workflow, catalog: Catalog): string | null {
  const graph = graphAt(workflow, ROOT);
  const textAt = (id: string, port: string): string | null => {
    const node = graph.nodes[id];
    const schema = node && catalog.find(workflow, node.type);
    const input = schema && inputOf(schema, port);
    if (node === undefined || input === undefined) return null;
    return asPrompt(node.inputs[port] ?? input.default, input.multiline === true);
  };
  const named = graph.interface.inputs["prompt"];
  const ref = named === undefined ? null : splitTarget(named);
  const told = ref && textAt(ref.node, ref.port);
  if (told) return told;
  for (const [id, node] of Object.entries(graph.nodes)) {
    const link = linksInto(id, node).find(({ to }) => to.port === "positive");
    const found = link && upstream(graph, link.from.node, textAt);
    if (found) return found;
  }
  for (const [id, node] of Object.entries(graph.nodes)) {
    const ports = Object.keys(node.inputs);
    const found = ports.map((port) => textAt(id, port)).find((text) => text !== null);
    if (found) return found;
  }
  return null;
}

/** The nearest text before a node, along what is wanted first. */
function upstream(
  graph: Graph,
  start: string,
  textAt: (id: string, port: string) => string | null,
): string | null {
  const seen = new Set<string>();
  const line = [start];
  for (let id = line.shift(); id !== undefined; id = line.shift()) {
    const node = graph.nodes[id];
    if (node === undefined || seen.has(id)) continue;
    seen.add(id);
    const rank = (port: string) => (WANTED.includes(port) ? WANTED.indexOf(port) : WANTED.length);
    const ports = Object.keys(node.inputs).sort((a, b) => rank(a) - rank(b));
    for (const port of ports) {
      const text = textAt(id, port);
      if (text !== null) return text;
    }
    const links = linksInto(id, node).filter(({ to }) => to.port !== "negative");
    line.push(
      ...links.sort((a, b) => rank(a.to.port) - rank(b.to.port)).map(({ from }) => from.node),
    );
  }
  return null;
}

function asPrompt(value: Value | undefined, multiline: boolean): string | null {
  return multiline && typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}
