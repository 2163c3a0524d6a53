/** A sweep goes on, and its sheet stays, when the window that began it is closed. */

import { create } from "zustand";
import { cancelJob, submit } from "../api/client";
import type { Value } from "../api/json";
import type { Swept } from "../graph/sweep";
import { activeTab, tabTitle } from "./docs";
import { documentOf } from "./documentOf";
import { t } from "./messages/index";
import { say } from "./ui";

export interface Axis {
  readonly target: string;
  readonly text: string;
}

export interface Cell {
  readonly row: number;
  readonly column: number;
  readonly job: string;
}

interface Sweep {
  readonly axes: readonly [Axis, Axis];
  /** What the rows and the columns of the sheet are of; no second for one value alone. */
  readonly names: readonly [string, string];
  /** Labels of the sheet that was begun last. */
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly cells: readonly Cell[];
  readonly starting: boolean;
}

const NOTHING: Axis = { target: "", text: "" };

export const useSweep = create<Sweep>(() => ({
  axes: [NOTHING, NOTHING],
  names: ["", ""],
  rows: [],
  columns: [],
  cells: [],
  starting: false,
}));

export function setAxis(i: 0 | 1, axis: Axis): void {
  useSweep.setState(({ axes }) => {
    if (i === 1) return { axes: [axes[0], axis] };
    // One value cannot go along both sides.
    return { axes: [axis, axes[1].target === axis.target ? NOTHING : axes[1]] };
  });
}

/** Queue the active workflow once for each pair of values. */
export async function startSweep(
  rows: readonly Swept[],
  columns: readonly Swept[],
  names: readonly [string, string],
): Promise<void> {
  const { axes } = useSweep.getState();
  const tab = activeTab();
  const workflow = documentOf(tab);
  const title = tabTitle(tab) || t("tab.untitled");
  const texts = (values: readonly Swept[]) => values.map(({ text }) => text);
  const sheet = { names, rows: texts(rows), columns: texts(columns) };
  useSweep.setState({ ...sheet, cells: [], starting: true });
  try {
    for (const [i, row] of rows.entries()) {
      for (const [j, column] of (columns.length > 0 ? columns : [null]).entries()) {
        if (!useSweep.getState().starting) return; // it was stopped
        const set: Record<string, Value> = { [axes[0].target]: row.value };
        if (column) set[axes[1].target] = column.value;
        const labels = column ? `${row.text}, ${column.text}` : row.text;
        const { id } = await submit({ workflow, title: `${title} · ${labels}`, set });
        const cell = { row: i, column: j, job: id };
        useSweep.setState(({ cells }) => ({ cells: [...cells, cell] }));
      }
    }
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), "bad");
  }
  useSweep.setState({ starting: false });
}

/** Cancel what has not ended yet; what is finished stays on the sheet. */
export async function stopSweep(open: readonly string[]): Promise<void> {
  useSweep.setState({ starting: false });
  try {
    await Promise.all(open.map(cancelJob));
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), "bad");
  }
}
