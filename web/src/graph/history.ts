/** Undo and redo over changes. */

import type { Change } from "./edits";
import { applyChange, invert, join } from "./edits";
import type { Workflow } from "./model";

export interface History {
  readonly past: readonly Change[];
  readonly future: readonly Change[];
  /** Whether the next change may join the last one. */
  readonly open: boolean;
}

export interface Edited {
  readonly workflow: Workflow;
  readonly history: History;
}

export const EMPTY_HISTORY: History = { past: [], future: [], open: false };

const LIMIT = 500;

/** Do a change and remember it. A change without edits is none. */
export function commit(at: Edited, change: Change): Edited {
  if (change.edits.length === 0) return at;
  const workflow = applyChange(at.workflow, change);
  const last = at.history.past[at.history.past.length - 1];
  const joins = at.history.open && change.merge !== undefined && last?.merge === change.merge;
  const past =
    joins && last !== undefined
      ? [...at.history.past.slice(0, -1), join(last, change)]
      : [...at.history.past.slice(-(LIMIT - 1)), change];
  return { workflow, history: { past, future: [], open: true } };
}

/**
 * Do a change that no person asked for, such as the next seed after a run. Undo and redo pass over it:
 * they write the values that a person's change had, whatever was written since.
 */
export function pass(at: Edited, change: Change): Edited {
  return { ...at, workflow: applyChange(at.workflow, change) };
}

/** End a gesture: what comes next is undone by itself. */
export function seal(history: History): History {
  return history.open ? { ...history, open: false } : history;
}

export function undo(at: Edited): Edited {
  const last = at.history.past[at.history.past.length - 1];
  if (last === undefined) return at;
  return {
    workflow: applyChange(at.workflow, invert(last)),
    history: {
      past: at.history.past.slice(0, -1),
      future: [last, ...at.history.future],
      open: false,
    },
  };
}

export function redo(at: Edited): Edited {
  const [next, ...future] = at.history.future;
  if (next === undefined) return at;
  return {
    workflow: applyChange(at.workflow, next),
    history: { past: [...at.history.past, next], future, open: false },
  };
}
