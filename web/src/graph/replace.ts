/** Which types could stand in for a node of a type that is not here, and what of it they keep. */

import { isNumeric, numberOf, type Value } from "../api/json";
import type { InputSchema, NodeSchema } from "../api/nodes";
import { inputName, REROUTE } from "./catalog";
import { graphOf, inputType, outputType, type Scope } from "./connect";
import { isLinked, type Link, linksInto, type PortRef, readersOf, splitTarget } from "./model";
import { byPosition } from "./positions";
import type { SeedMode } from "./seeds";
import { likeness } from "./similar";
import { accepts, collects, holds, mainType, type SocketType, socketType } from "./types";

/** Something of a node that another type has no place for. */
export interface Lost {
  readonly port: string;
  readonly what: "link" | "value" | "output";
}

/** How a node's ports are called when it is of another type. */
export interface Fit {
  readonly inputs: ReadonlyMap<string, string>;
  readonly outputs: ReadonlyMap<string, string>;
  readonly lost: Lost[];
  /** Inputs whose values had no names and were told by their places in the list. */
  readonly placed: readonly string[];
  /** Seed -> what becomes of it after a run, where the unnamed values say so. */
  readonly modes: ReadonlyMap<string, SeedMode>;
}

export interface Candidate {
  readonly schema: NodeSchema;
  readonly fit: Fit;
}

const BY_NAME = 0.6;
const BY_PORTS = 0.4;
/** Taken off for each socket that would have to be linked anew. */
const BARE = 0.04;
const LEAST = 0.3;
/** Names less alike than this are alike by chance. */
const CHANCE = 0.3;

/**
 * The types most like what a node was, the best first.
 *
 * Both what it is called (by id and alias, so by ComfyUI's class too) and what of its links and
 * values would stay count.
 */
export function candidates(scope: Scope, id: string, most = 4): Candidate[] {
  const node = graphOf(scope).nodes[id];
  if (node === undefined) return [];
  const use = usageOf(scope, id);
  return Object.values(scope.catalog.schemas)
    .map((schema) => {
      const names = [schema.type, ...schema.aliases].map((name) => likeness(node.type, name));
      const alike = Math.max(...names);
      const fit = fitOf(scope, id, schema, use);
      const ports = fit.inputs.size + fit.outputs.size;
      const kept = ports / Math.max(1, ports + fit.lost.length);
      const taken = new Set(fit.inputs.values());
      const bare = Object.entries(schema.inputs).filter(
        ([name, input]) => input.socket && input.required && !taken.has(name),
      );
      const score = BY_NAME * (alike < CHANCE ? 0 : alike) + BY_PORTS * kept - BARE * bare.length;
      return { schema, fit, score };
    })
    .filter(({ score }) => score >= LEAST)
    .sort((a, b) => b.score - a.score || a.schema.type.localeCompare(b.schema.type))
    .slice(0, most);
}

/** What becomes of a node's ports: names and aliases first, then sockets by their types. */
export function fitOf(
  scope: Scope,
  id: string,
  schema: NodeSchema,
  use: Use = usageOf(scope, id),
): Fit {
  const lost: Lost[] = [];
  const named = fitInputs(scope, id, schema, use, lost);
  const outputs = fitOutputs(schema, use, lost);
  const given = graphOf(scope).nodes[id]?.inputs ?? {};
  const listed = byPosition(given, schema, new Set(named.values()), allows);
  const isTold = ({ port }: Lost) => listed.inputs.has(port) || listed.modePorts.has(port);
  return {
    inputs: new Map([...named, ...listed.inputs]),
    outputs,
    lost: lost.filter((one) => one.what !== "value" || !isTold(one)),
    placed: [...listed.inputs.values()],
    modes: listed.modes,
  };
}

/** What is linked to a node: the same for whatever type it may become. */
interface Use {
  /** Types that come into each linked input. */
  readonly sources: ReadonlyMap<string, readonly SocketType[]>;
  /** Types that the readers of each output take; none for one that is only shown outside. */
  readonly wanted: ReadonlyMap<string, readonly SocketType[]>;
}

function usageOf(scope: Scope, id: string): Use {
  const graph = graphOf(scope);
  const node = graph.nodes[id];
  const sources = new Map<string, SocketType[]>();
  for (const { from, to } of node === undefined ? [] : linksInto(id, node)) {
    sources.set(to.port, [...(sources.get(to.port) ?? []), outputType(scope, from)]);
  }
  const shown = Object.values(graph.interface.outputs)
    .map(splitTarget)
    .filter((ref) => ref.node === id);
  const read = (readersOf(graph).get(id) ?? []).map(({ from }) => from);
  const ports = new Set([...read, ...shown].map(({ port }) => port));
  return {
    sources,
    wanted: new Map([...ports].map((port) => [port, wantedOf(scope, { node: id, port })])),
  };
}

function fitInputs(scope: Scope, id: string, schema: NodeSchema, use: Use, lost: Lost[]) {
  const graph = graphOf(scope);
  const node = graph.nodes[id];
  const found = new Map<string, string>();
  if (node === undefined) return found;
  const taken = new Set<string>();
  const keep = (port: string, name: string) => {
    found.set(port, name);
    taken.add(name);
  };
  const sourcesOf = (port: string) => use.sources.get(port) ?? [];
  for (const [port, value] of Object.entries(node.inputs)) {
    const name = inputName(schema, port);
    const input = name === undefined ? undefined : schema.inputs[name];
    if (name === undefined || input === undefined || taken.has(name)) continue;
    const fits = isLinked(value)
      ? sourcesOf(port).every((source) => takes(input, source))
      : allows(input, value);
    if (fits) keep(port, name);
  }
  for (const [port, value] of Object.entries(node.inputs)) {
    if (found.has(port)) continue;
    const sources = isLinked(value) ? sourcesOf(port) : [];
    const free = Object.entries(schema.inputs).find(
      ([name, input]) =>
        sources.length > 0 &&
        !taken.has(name) &&
        sources.every((source) => takes(input, source) && isSame(socketType(input), source)),
    );
    if (free !== undefined) keep(port, free[0]);
    else lost.push({ port, what: isLinked(value) ? "link" : "value" });
  }
  // A public name may mean an input that has its default.
  for (const target of Object.values(graph.interface.inputs)) {
    const ref = splitTarget(target);
    const name = ref.node === id && !found.has(ref.port) && inputName(schema, ref.port);
    if (name && !taken.has(name)) keep(ref.port, name);
  }
  return found;
}

function fitOutputs(schema: NodeSchema, use: Use, lost: Lost[]) {
  const found = new Map<string, string>();
  const names = Object.keys(schema.outputs);
  for (const [port, wanted] of use.wanted) {
    const gives = (name: string) => {
      const type = socketType(schema.outputs[name] as { type: string });
      return wanted.every((target) => accepts(target, type) || collects(target, type));
    };
    const isKnown = ({ name }: SocketType) => name !== "VAR" && name !== "ANY";
    // ComfyUI's files name the outputs of what is not known by their numbers.
    const slot = /^slot_(\d+)$/.exec(port)?.[1];
    const called = slot === undefined ? port : (names[Number(slot)] ?? port);
    const free = names.filter((name) => ![...found.values()].includes(name) && gives(name));
    const name =
      names.includes(called) && gives(called) ? called : wanted.some(isKnown) ? free[0] : undefined;
    if (name === undefined) lost.push({ port, what: "output" });
    else found.set(port, name);
  }
  return found;
}

/** What the readers of an output take, through bends. */
function wantedOf(scope: Scope, ref: PortRef, seen = new Set<string>()): SocketType[] {
  const graph = graphOf(scope);
  if (seen.has(ref.node)) return [];
  seen.add(ref.node);
  const reads = ({ from }: Link) => from.port === ref.port;
  return (readersOf(graph).get(ref.node) ?? []).filter(reads).flatMap(({ to }) => {
    return graph.nodes[to.node]?.type === REROUTE
      ? wantedOf(scope, { node: to.node, port: "out" }, seen)
      : [inputType(scope, to)];
  });
}

function takes(input: InputSchema, source: SocketType): boolean {
  const target = socketType(input);
  return accepts(target, source) || collects(target, source);
}

function isSame(target: SocketType, source: SocketType): boolean {
  return mainType(target).name === mainType(source).name;
}

/** Whether a literal may stand in an input: of its type, and in its range. */
function allows(input: InputSchema, value: Value): boolean {
  if (input.file === true || input.model) return typeof value === "string";
  const type = socketType(input);
  if (!holds(type, value)) return false;
  if (!isNumeric(value)) return true;
  const number = numberOf(value);
  return !(number < numberOf(input.min) || number > numberOf(input.max));
}
