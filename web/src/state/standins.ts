/** Putting a known type in the place of one that this server does not know. */

import type { NodeSchema } from "../api/nodes";
import { retype } from "../graph/commands/retype";
import type { Scope } from "../graph/connect";
import type { Workflow } from "../graph/model";
import { typeName } from "../graph/names";
import { type Candidate, candidates, type Fit, fitOf } from "../graph/replace";
import { edit, editTab, useDocs } from "./docs";
import { t } from "./messages/index";
import { say } from "./ui";

interface Use {
  readonly at: string;
  readonly id: string;
}

/** Every node of a type, in all graphs of a workflow. */
export function usesOfType(workflow: Workflow, type: string): Use[] {
  return Object.entries(workflow.graphs).flatMap(([at, graph]) =>
    Object.entries(graph.nodes).flatMap(([id, node]) => (node.type === type ? [{ at, id }] : [])),
  );
}

function scopeOf(workflow: Workflow, at: string): Scope {
  return { workflow, at, catalog: useDocs.getState().catalog };
}

/** What could stand in for a type, by how its first node is used. */
export function standinsFor(workflow: Workflow, type: string): Candidate[] {
  const [first] = usesOfType(workflow, type);
  return first === undefined ? [] : candidates(scopeOf(workflow, first.at), first.id);
}

type Kept = Pick<Fit, "lost" | "placed">;

/** What would stay and what would not if all nodes of a type became nodes of another one. */
export function fateOf(workflow: Workflow, type: string, schema: NodeSchema): Kept {
  const fits = usesOfType(workflow, type).map(({ at, id }) =>
    fitOf(scopeOf(workflow, at), id, schema),
  );
  return {
    lost: fits.flatMap(({ lost }) => lost),
    placed: fits.flatMap(({ placed }) => placed),
  };
}

/** Say what is not kept, each port once, and which values were told by their places. */
export function fateText({ lost, placed }: Kept): string {
  const ports = lost.map(({ port, what }) => (what === "output" ? `${port} →` : port));
  const loses = t("standin.loses", { what: [...new Set(ports)].join(", ") });
  const told = t("standin.placed", { what: [...new Set(placed)].join(", ") });
  return [
    lost.length > 0 ? loses : t("standin.keepsAll"),
    ...(placed.length > 0 ? [told] : []),
  ].join(" ");
}

/** Put a type in the place of another one throughout a tab's workflow. */
export function replaceType(tab: string, type: string, schema: NodeSchema): void {
  editTab(tab, "report.replace", (draft) => {
    for (const { at, id } of usesOfType(draft.now, type)) {
      retype(draft, scopeOf(draft.now, at), id, schema);
    }
  });
}

/** Make one node of the open graph one of another type, and say what was not kept. */
export function replaceOne(id: string, schema: NodeSchema): void {
  const fit = edit("report.replace", (draft, _, scope) => retype(draft, scope, id, schema));
  if (fit == null) return; // only to be looked at
  const done = t("standin.done", { type: typeName(schema.type, schema) });
  say(`${done} ${fateText(fit)}`, fit.lost.length > 0 ? "bad" : "plain");
}
