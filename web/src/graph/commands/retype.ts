/** Make a node one of another type. */

import { dictOf } from "../../api/dict";
import type { NodeSchema } from "../../api/nodes";
import type { Scope } from "../connect";
import type { Draft } from "../edits";
import { graphAt, readersOf, splitTarget, targetOf } from "../model";
import { type Fit, fitOf } from "../replace";
import { disconnect, replaceSource } from "./links";
import { hide } from "./ports";

/**
 * Give a node another type; its links, its values of the same names, its title and its place stay.
 *
 * @returns How its ports are called now, and what the new type has no place for and is gone.
 */
export function retype(draft: Draft, scope: Scope, id: string, schema: NodeSchema): Fit | null {
  const { at } = scope;
  const graph = graphAt(draft.now, at);
  const node = graph.nodes[id];
  if (node === undefined) return null;
  const fit = fitOf({ ...scope, workflow: draft.now }, id, schema);
  const { inputs, outputs } = fit;
  const links = [...(readersOf(graph).get(id) ?? [])];
  draft.set(["graphs", at, "nodes", id], {
    ...node,
    type: schema.type,
    inputs: dictOf(
      Object.entries(node.inputs).flatMap(([port, value]) => {
        const name = inputs.get(port);
        return name === undefined ? [] : [[name, value]];
      }),
    ),
  });
  // Of an input that collects several, the last first: the others keep their places.
  for (const link of links.sort((a, b) => (b.index ?? 0) - (a.index ?? 0))) {
    const port = outputs.get(link.from.port);
    if (port === undefined) disconnect(draft, at, link);
    else if (port !== link.from.port) replaceSource(draft, at, link, { node: id, port });
  }
  for (const side of ["inputs", "outputs"] as const) {
    for (const [name, target] of Object.entries(graph.interface[side])) {
      const ref = splitTarget(target);
      if (ref.node !== id) continue;
      const port = (side === "inputs" ? inputs : outputs).get(ref.port);
      if (port === undefined) hide(draft, at, side, name);
      else draft.set(["graphs", at, "interface", side, name], targetOf({ node: id, port }));
    }
  }
  const seeds = Object.entries(graph.places[id]?.seeds ?? {}).flatMap(([port, mode]) => {
    const name = inputs.get(port);
    return name === undefined ? [] : [[name, mode] as const];
  });
  const modes = [...fit.modes].filter(([, mode]) => mode !== "fixed");
  const place = graph.places[id];
  if (place?.seeds !== undefined || (place !== undefined && modes.length > 0)) {
    const all = [...modes, ...seeds];
    const kept = all.length > 0 ? dictOf(all) : undefined;
    draft.set(["graphs", at, "places", id, "seeds"], kept);
  }
  return fit;
}
