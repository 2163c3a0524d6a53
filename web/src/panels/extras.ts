/** What a search offers beside node types: notes, groups, subgraphs and bends of links. */

import type { NodeSchema } from "../api/nodes";
import { writeNote } from "../commands/adding";
import { groupSelection, subgraphSelection } from "../commands/selection";
import { REROUTE, REROUTE_SCHEMA } from "../graph/catalog";
import { addGroup } from "../graph/commands/decor";
import type { Point } from "../graph/rect";
import { entriesOf, type SearchEntry } from "../graph/search";
import { activeGraph, activeTab, edit, select } from "../state/docs";
import { t } from "../state/messages/index";
import { say } from "../state/ui";

const NOTE = "@note";
const GROUP = "@group";
const SUBGRAPH = "@subgraph";

const EMPTY_GROUP = { width: 400, height: 240 };

/** Entries for them, in the language of the page, found by their English names as well. */
export function extraEntries(): SearchEntry[] {
  const extra = (type: string, title: string, summary: string, aliases: string[]): NodeSchema => ({
    ...REROUTE_SCHEMA,
    ...(type !== REROUTE && { inputs: {}, outputs: {} }),
    type,
    title,
    summary,
    aliases,
    category: "canvas",
    categoryTitle: t("search.canvas"),
  });
  return entriesOf([
    extra(NOTE, t("search.note"), t("search.noteText"), ["Note"]),
    extra(REROUTE, t("search.reroute"), t("search.rerouteText"), ["Reroute"]),
    extra(GROUP, t("search.group"), t("search.groupText"), ["Group"]),
    extra(SUBGRAPH, t("search.subgraph"), t("search.subgraphText"), ["Subgraph"]),
  ]);
}

/** Do what an entry stands for, if it is no type of nodes; false if it is one. */
export function performExtra(type: string, at: Point): boolean {
  if (type === NOTE) writeNote(at);
  else if (type === GROUP) makeGroup(at);
  else if (type === SUBGRAPH) makeSubgraph();
  else return false;
  return true;
}

function makeGroup({ x, y }: Point): void {
  if (activeTab().selection.size > 0) {
    groupSelection();
    return;
  }
  const id = edit("node.group", (draft, graph) =>
    addGroup(draft, graph, [{ x, y, ...EMPTY_GROUP }], t("group.untitled")),
  );
  if (activeGraph().groups[id]) select([id]);
}

function makeSubgraph(): void {
  const nodes = [...activeTab().selection].filter((id) => activeGraph().nodes[id]);
  if (nodes.length === 0) say(t("search.subgraphNone"), "bad");
  else subgraphSelection();
}
