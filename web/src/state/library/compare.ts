/** Two versions of a workflow shown as one: a tab to look at, with marks for what differs. */

import { create } from "zustand";
import { withKey } from "../../api/dict";
import { type Difference, difference, type GraphDiff, type NodeDiff } from "../../graph/diff";
import { graphAt, ROOT, type Workflow } from "../../graph/model";
import { activeTab, graphName, newTab, type Tab } from "../docs";

export interface Comparison {
  readonly difference: Difference;
  /** What the two versions are called. */
  readonly before: string;
  readonly after: string;
}

interface Comparisons {
  readonly byTab: Readonly<Record<string, Comparison>>;
}

export const useCompare = create<Comparisons>(() => ({ byTab: {} }));

export function comparisonOf(tab: string, state: Comparisons = useCompare.getState()) {
  return state.byTab[tab] ?? null;
}

/** Marks of the graph in view; null where nothing is compared. */
export function diffInView(tab: Tab): GraphDiff | null {
  return comparisonOf(tab.id)?.difference.graphs[graphName(tab)] ?? null;
}

export function nodeDiff(id: string): NodeDiff | null {
  return diffInView(activeTab())?.nodes[id] ?? null;
}

/** Show the difference in a tab of its own. */
export function openComparison(
  before: Workflow,
  after: Workflow,
  names: Pick<Comparison, "before" | "after">,
): string {
  const made = difference(before, after);
  const { graphs, requires } = made.merged;
  const title = `${names.before} → ${names.after}`;
  const merged: Workflow = {
    graphs: withKey(graphs, ROOT, { ...graphAt(made.merged, ROOT), title }),
    requires,
  };
  const tab = newTab(merged, { readOnly: true, transient: true });
  useCompare.setState(({ byTab }) => ({
    byTab: { ...byTab, [tab]: { difference: made, ...names } },
  }));
  return tab;
}
