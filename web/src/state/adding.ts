/** New nodes: where they have room, and what is chosen in them without asking. */

import { freeSpot } from "../graph/arrange";
import { addNode } from "../graph/commands/nodes";
import { setValue } from "../graph/commands/values";
import { boxOf, GRID } from "../graph/geometry";
import type { Point } from "../graph/rect";
import { activeGraph, activeTab, allRects, edit, graphName, schemaOfType, select } from "./docs";
import { loadModels } from "./resources";

let added = 0;

/** A name under which all that adds one node is undone together. */
export function additionName(): string {
  added += 1;
  return `add ${added}`;
}

/** Add a node with its left upper corner at a place. */
export function addNodeAt(type: string, at: Point): string {
  const merge = additionName();
  const id = edit(
    "undo.add",
    (draft, graph) => addNode(draft, graph, type, at, schemaOfType(type)),
    merge,
  );
  select([id]);
  void chooseOnly(id, merge);
  return id;
}

/** The place nearest to the wanted one where a new node of a type lies on no other. */
export function freePlace(type: string, wanted: Point): Point {
  const schema = schemaOfType(type);
  const { width, height } = boxOf({ type, inputs: {} }, undefined, schema, schema?.root === true);
  const spot = freeSpot({ ...wanted, width, height }, Object.values(allRects()));
  const snap = (value: number) => Math.round(value / GRID) * GRID;
  return { x: snap(spot.x), y: snap(spot.y) };
}

/**
 * Choose the models of a new node of which the server has exactly one.
 *
 * @param merge What its addition was called, so that both are one step to undo.
 */
export async function chooseOnly(id: string, merge: string): Promise<void> {
  const tab = activeTab();
  const node = activeGraph().nodes[id];
  const schema = node && schemaOfType(node.type);
  for (const [port, input] of Object.entries(schema?.inputs ?? {})) {
    if (input.model === undefined || !input.required || input.default !== undefined) continue;
    const [only, ...others] = await loadModels(input.model);
    if (only === undefined || others.length > 0) continue;
    // Meanwhile it may have been chosen, or removed, or another graph be in front.
    const now = activeTab();
    const there = activeGraph().nodes[id];
    if (now.id !== tab.id || graphName(now) !== graphName(tab) || there === undefined) return;
    if (there.inputs[port] !== undefined) continue;
    edit("undo.add", (draft, at) => setValue(draft, at, { node: id, port }, only.name), merge);
  }
}
