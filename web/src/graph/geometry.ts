/**
 * How large a node is and where its sockets are, from the data alone.
 *
 * Nothing is measured in the page: links, the far view, the minimap and the layout know every
 * place before a node is drawn. The style sheet takes its lengths from here.
 */

import { dictOf } from "../api/dict";
import type { InputSchema, NodeSchema } from "../api/nodes";
import { boxInputs } from "./boxes";
import { REROUTE } from "./catalog";
import { type GraphNode, mappedInputs, type Place } from "./model";
import type { Rect } from "./rect";

export const GRID = 8;
export const HEADER = 32;
export const ROW = 24;
export const WIDGET = 32;
export const TEXT_LABEL = 20;
export const TEXT = 100;
export const FILE = 168;
/** Of a rectangle in its picture, over the four numbers that it is. */
export const REGION = 132;
/** Of a curve, or of points. */
export const PAD = 196;
export const PICTURE_HEIGHT = 208;
export const PADDING = 8;
export const WIDTH = 248;
export const TEXT_WIDTH = 304;
export const MIN_WIDTH = 176;
export const REROUTE_SIZE = 20;

const GROUP_MARGIN = 24;
const GROUP_TITLE = 32;

export type Row =
  | { readonly kind: "ports"; readonly input?: string; readonly output?: string }
  | { readonly kind: "widget"; readonly input: string; readonly height: number }
  | { readonly kind: "region"; readonly height: number };

export interface Box {
  readonly width: number;
  readonly height: number;
  readonly rows: readonly Row[];
  /** Height of the picture at the bottom; 0 for none. */
  readonly picture: number;
  /** Distance of each socket from the node's top. */
  readonly inputs: Readonly<Record<string, number>>;
  readonly outputs: Readonly<Record<string, number>>;
}

const REROUTE_BOX: Box = {
  width: REROUTE_SIZE,
  height: REROUTE_SIZE,
  rows: [],
  picture: 0,
  inputs: dictOf([["in", REROUTE_SIZE / 2]]),
  outputs: dictOf([["out", REROUTE_SIZE / 2]]),
};

const boxes = new WeakMap<NodeSchema, Map<string, Box>>();

/** The box of a node. `picture` reserves room for what it gave. */
export function boxOf(
  node: GraphNode,
  place: Place | undefined,
  schema: NodeSchema | undefined,
  picture = false,
): Box {
  if (schema === undefined) return unknownBox(node);
  if (schema.type === REROUTE) return REROUTE_BOX;
  const { width, height, collapsed } = place ?? {};
  // What a map goes over is a list, written in one line.
  const lists = mappedInputs(node);
  const key = `${width}/${height}/${collapsed}/${picture}/${lists}`;
  let made = boxes.get(schema);
  if (made === undefined) {
    made = new Map();
    boxes.set(schema, made);
  }
  let box = made.get(key);
  if (box === undefined) {
    box = collapsed === true ? collapsedBox(schema, width) : openBox(schema, place, picture, lists);
    made.set(key, box);
  }
  return box;
}

export function rectOf(place: Place | undefined, box: Box): Rect {
  return { x: place?.x ?? 0, y: place?.y ?? 0, width: box.width, height: box.height };
}

/** The frame of a group around what lies in it. */
export function frameAround(rects: readonly Rect[]): Rect {
  const left = Math.min(...rects.map((r) => r.x)) - GROUP_MARGIN;
  const top = Math.min(...rects.map((r) => r.y)) - GROUP_MARGIN - GROUP_TITLE;
  const right = Math.max(...rects.map((r) => r.x + r.width)) + GROUP_MARGIN;
  const bottom = Math.max(...rects.map((r) => r.y + r.height)) + GROUP_MARGIN;
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Height that the rows of a widget take before any stretching. */
export function widgetHeight(input: InputSchema): number {
  if (input.file === true) return FILE;
  if (input.curve === true || input.points !== undefined) return PAD;
  return isText(input) ? TEXT_LABEL + TEXT : WIDGET;
}

export function isText(input: InputSchema): boolean {
  return input.multiline === true;
}

function openBox(
  schema: NodeSchema,
  place: Place | undefined,
  picture: boolean,
  lists: readonly string[],
): Box {
  const tallness = (name: string) =>
    lists.includes(name) ? WIDGET : widgetHeight(schema.inputs[name] as InputSchema);
  const sockets = Object.keys(schema.inputs).filter((name) => schema.inputs[name]?.socket);
  const widgets = Object.keys(schema.inputs).filter((name) => !schema.inputs[name]?.socket);
  const outputs = Object.keys(schema.outputs);
  const hasText = widgets.some((name) => isText(schema.inputs[name] as InputSchema));
  const width = Math.max(MIN_WIDTH, place?.width ?? (hasText ? TEXT_WIDTH : WIDTH));

  const natural = widgets.map(tallness);
  const ports = Math.max(sockets.length, outputs.length);
  // What shows a node's rectangle stands over the first number of it.
  const sides = boxInputs(schema);
  const region = sides && widgets.find((name) => Object.values(sides).includes(name));
  const fixed = HEADER + ports * ROW + sum(natural) + 2 * PADDING + (region ? REGION : 0);
  const wanted = Math.max(fixed + (picture ? PICTURE_HEIGHT : 0), place?.height ?? 0);
  const spare = wanted - fixed - (picture ? PICTURE_HEIGHT : 0);
  // Room that a person gives by resizing goes to the picture, else to the texts.
  const stretchy = widgets.filter((name) => tallness(name) > WIDGET);
  const each = picture || stretchy.length === 0 ? 0 : Math.floor(spare / stretchy.length);

  const rows: Row[] = [];
  const box = {
    inputs: dictOf() as Record<string, number>,
    outputs: dictOf() as Record<string, number>,
  };
  let y = HEADER + PADDING;
  for (let i = 0; i < ports; i++) {
    const [input, output] = [sockets[i], outputs[i]];
    rows.push({ kind: "ports", ...(input && { input }), ...(output && { output }) });
    if (input !== undefined) box.inputs[input] = y + ROW / 2;
    if (output !== undefined) box.outputs[output] = y + ROW / 2;
    y += ROW;
  }
  widgets.forEach((input, i) => {
    if (input === region) {
      rows.push({ kind: "region", height: REGION });
      y += REGION;
    }
    const height = (natural[i] as number) + (stretchy.includes(input) ? each : 0);
    const tall = height > WIDGET;
    rows.push({ kind: "widget", input, height });
    box.inputs[input] = y + (tall ? TEXT_LABEL / 2 : WIDGET / 2);
    y += height;
  });
  return { ...box, width, height: wanted, rows, picture: picture ? PICTURE_HEIGHT + spare : 0 };
}

function collapsedBox(schema: NodeSchema, width: number | undefined): Box {
  const at = (names: string[]) => dictOf(names.map((name) => [name, HEADER / 2]));
  return {
    width: Math.max(MIN_WIDTH, width ?? MIN_WIDTH),
    height: HEADER,
    rows: [],
    picture: 0,
    inputs: at(Object.keys(schema.inputs)),
    outputs: at(Object.keys(schema.outputs)),
  };
}

function unknownBox(node: GraphNode): Box {
  const names = Object.keys(node.inputs);
  const inputs: Record<string, number> = dictOf();
  names.forEach((name, i) => {
    inputs[name] = HEADER + PADDING + i * ROW + ROW / 2;
  });
  return {
    width: WIDTH,
    // Two lines say what is the matter, and one offers what could stand in.
    height: HEADER + 2 * PADDING + (names.length + 2) * ROW + WIDGET,
    rows: names.map((input) => ({ kind: "ports", input })),
    picture: 0,
    inputs,
    outputs: dictOf(),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
