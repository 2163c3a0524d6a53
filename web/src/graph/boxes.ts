/** Rectangles that nodes lay out by four numbers, and the picture that they lie in. */

import { floatNumber, isNumeric, numberOf, type Value } from "../api/json";
import type { BoxSide, InputSchema, NodeSchema } from "../api/nodes";
import { inputOf } from "./catalog";
import type { Scope } from "./connect";
import { graphOf, schemaOf } from "./connect";
import { asLink, type GraphNode, linksInto, readersOf } from "./model";
import { boundsOf, isWhole } from "./ranges";
import type { Rect } from "./rect";
import { mainType, socketType } from "./types";

export type BoxInputs = Readonly<Record<BoxSide, string>>;

const known = new WeakMap<NodeSchema, BoxInputs | null>();

/** The inputs of a node that are the sides of its rectangle; null if it has none. */
export function boxInputs(schema: NodeSchema): BoxInputs | null {
  let found = known.get(schema);
  if (found === undefined) {
    const sides: Partial<Record<BoxSide, string>> = {};
    for (const [name, { box }] of Object.entries(schema.inputs)) if (box) sides[box] = name;
    const { x, y, width, height } = sides;
    // A subgraph may show some of the four only.
    found = x && y && width && height ? { x, y, width, height } : null;
    known.set(schema, found);
  }
  return found;
}

/** Whether the rectangle is in fractions of the picture's sides, not in pixels. */
export function isRelative(schema: NodeSchema, inputs: BoxInputs): boolean {
  const input = schema.inputs[inputs.width];
  return input !== undefined && mainType(socketType(input)).name === "FLOAT";
}

/** The rectangle as its node says it; null if a side comes along a link. */
export function boxIn(node: GraphNode, schema: NodeSchema): Rect | null {
  const inputs = boxInputs(schema);
  if (inputs === null) return null;
  const side = (name: string) => numberOf(node.inputs[name] ?? schema.inputs[name]?.default);
  const [x, y] = [side(inputs.x), side(inputs.y)];
  const [width, height] = [side(inputs.width), side(inputs.height)];
  return [x, y, width, height].every(Number.isFinite) ? { x, y, width, height } : null;
}

/** A rectangle as the values of a node's inputs, on their steps and within their bounds. */
export function boxValues(rect: Rect, schema: NodeSchema, inputs: BoxInputs): [string, Value][] {
  return (["x", "y", "width", "height"] as const).map((side) => {
    const name = inputs[side];
    return [name, sideValue(rect[side], schema.inputs[name] as InputSchema)];
  });
}

function sideValue(value: number, input: InputSchema): Value {
  const { low, high, step } = boundsOf(input, 0.001);
  const stepped = Math.round(value / step) * step;
  const inside = Math.min(high, Math.max(low, stepped));
  return isWhole(input) ? Math.round(inside) : floatNumber(Number(inside.toFixed(6)));
}

/** What a rectangle lies in. */
export interface RegionFrame {
  /** Pixels; null where only the picture knows. */
  readonly size: { readonly width: number; readonly height: number } | null;
  /** Nodes whose picture may be shown behind it, the best first. */
  readonly pictures: readonly string[];
}

/**
 * The picture that a node's rectangle lies in.
 *
 * A node that cuts says it by what is linked into it; one that steers a prompt does not know its
 * picture, so the latent is looked for that it meets in a sampler; one that makes a mask says its
 * size itself.
 */
export function frameOf(scope: Scope, id: string): RegionFrame {
  const source = before(scope, id);
  if (source.size !== null || source.pictures.length > 0) return source;
  const own = ownSize(scope, id);
  const graph = graphOf(scope);
  const readers = readersOf(graph);
  const seen = new Set([id]);
  const queue = [id];
  const shown: string[] = [];
  let found: RegionFrame = { size: null, pictures: [] };
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    for (const { to } of readers.get(at) ?? []) {
      if (seen.has(to.node)) continue;
      seen.add(to.node);
      queue.push(to.node);
      shown.push(to.node);
      if (found.size === null && found.pictures.length === 0) found = before(scope, to.node);
    }
  }
  return { size: own ?? found.size, pictures: [...shown, ...found.pictures] };
}

/** The size of what a node makes, where that is not its rectangle. */
function ownSize(scope: Scope, id: string): RegionFrame["size"] {
  const node = graphOf(scope).nodes[id];
  const schema = node && schemaOf(scope, node);
  return node && schema && boxInputs(schema) === null ? sizeOf(node, schema) : null;
}

const PIXELS = new Set(["IMAGE", "LATENT", "MASK"]);

/** Up the links that carry pictures, to the nearest node that knows its size or shows one. */
function before(scope: Scope, start: string): RegionFrame {
  const graph = graphOf(scope);
  const seen = new Set<string>();
  const queue = pixelSources(scope, start);
  const pictures: string[] = [];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const node = graph.nodes[at];
    const schema = node && schemaOf(scope, node);
    if (node === undefined || schema === undefined) continue;
    pictures.push(at);
    const size = sizeOf(node, schema);
    if (size !== null) return { size, pictures };
    if (Object.values(schema.inputs).some((input) => input.file)) return { size: null, pictures };
    queue.push(...pixelSources(scope, at));
  }
  return { size: null, pictures };
}

function pixelSources(scope: Scope, id: string): string[] {
  const node = graphOf(scope).nodes[id];
  const schema = node && schemaOf(scope, node);
  if (node === undefined || schema === undefined) return [];
  return linksInto(id, node)
    .filter(({ to }) => {
      const input = inputOf(schema, to.port);
      if (input === undefined) return false;
      const { name } = mainType(socketType(input));
      return PIXELS.has(name) || name === "VAR";
    })
    .map(({ from }) => from.node);
}

/** Width and height that a node says as numbers. */
function sizeOf(node: GraphNode, schema: NodeSchema): RegionFrame["size"] {
  const [width, height] = ["width", "height"].map((name) => {
    const value = node.inputs[name] ?? schema.inputs[name]?.default;
    return isNumeric(value) && asLink(value) === null ? numberOf(value) : 0;
  }) as [number, number];
  return width >= 1 && height >= 1 ? { width, height } : null;
}
