/** What one does with the selected nodes, groups and links. */

import { dictOf } from "../api/dict";
import { wiresOf } from "../canvas/scene";
import { align, distribute, type Side } from "../graph/arrange";
import { addGroup } from "../graph/commands/decor";
import { disconnect, dissolve, spliceOut } from "../graph/commands/links";
import { moveItems, removeItems, toggle } from "../graph/commands/nodes";
import { makeSubgraph, unpackSubgraph } from "../graph/commands/subgraphs";
import type { Mode } from "../graph/model";
import type { Rect } from "../graph/rect";
import { activeGraph, activeTab, allRects, edit, rectAt, select } from "../state/docs";
import { hover } from "../state/hover";
import { t } from "../state/messages/index";
import { runOf } from "../state/runs";
import { setUi } from "../state/ui";

export function deleteSelection(): void {
  const { chosen } = hover.getState();
  const tab = activeTab();
  const wire = wiresOf(runOf(tab.id).pictures).find(({ link }) => link.id === chosen);
  if (wire !== undefined && tab.selection.size === 0) {
    hover.setState({ chosen: null });
    edit("link.delete", (draft, at) => disconnect(draft, at, wire.link));
    return;
  }
  if (tab.selection.size === 0) return;
  edit("node.delete", (draft, at) => {
    for (const id of tab.selection) dissolve(draft, at, id);
    removeItems(draft, at, tab.selection);
  });
}

/** Delete nodes and link their readers to what they read, as if they were bypassed. */
export function dissolveSelection(): void {
  const { selection } = activeTab();
  if (selection.size === 0) return;
  edit("node.dissolve", (draft, at, scope) => {
    for (const id of selection) spliceOut(draft, scope, id);
    removeItems(draft, at, selection);
  });
}

/** Show the title of the selected node or group as a field. */
export function renameSelected(): void {
  const [id] = activeTab().selection;
  if (id !== undefined) setUi({ renaming: id });
}

export function toggleSelection(what: "collapsed" | "pinned" | Mode): void {
  const ids = [...activeTab().selection];
  edit(`node.${what}`, (draft, at) => toggle(draft, at, ids, what));
}

export function groupSelection(): void {
  const rects = selectedRects();
  if (Object.keys(rects).length === 0) return;
  const id = edit("node.group", (draft, at) =>
    addGroup(draft, at, Object.values(rects), t("group.untitled")),
  );
  select([id]);
}

export function subgraphSelection(): void {
  const ids = [...activeTab().selection].filter((id) => activeGraph().nodes[id]);
  if (ids.length === 0) return;
  const id = edit("node.subgraph", (draft, _, scope) =>
    makeSubgraph(draft, scope, ids, "Subgraph"),
  );
  select([id]);
}

export function unpackSelection(): void {
  const ids = [...activeTab().selection];
  const inside = edit("node.unpack", (draft, _, scope) =>
    ids.flatMap((id) => unpackSubgraph(draft, scope, id)),
  );
  if (inside.length > 0) select(inside);
}

export function selectedRects(): Record<string, Rect> {
  const rects = [...activeTab().selection].map((id) => [id, rectAt(id)] as const);
  return dictOf(rects.filter((e): e is [string, Rect] => e[1] !== null));
}

export function alignSelection(side: Side): void {
  const places = align(selectedRects(), side);
  edit(`arrange.${side}`, (draft, at) => moveItems(draft, at, places));
}

export function distributeSelection(axis: "x" | "y"): void {
  const places = distribute(selectedRects(), axis);
  edit(`arrange.${axis}`, (draft, at) => moveItems(draft, at, places));
}

export function selectAll(): void {
  select(Object.keys(allRects(true)));
}
