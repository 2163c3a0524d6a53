/**
 * Changes of a workflow and their inverses.
 *
 * An edit sets or removes one key somewhere in the data and knows what stood there before, so that
 * its inverse is itself with the two sides swapped. Everything a person does is a list of edits.
 */

import { dictOf, withKey, withoutKey } from "../api/dict";
import type { Workflow } from "./model";

export const ABSENT = Symbol("absent");

export interface Edit {
  readonly path: readonly string[];
  readonly before: unknown;
  readonly after: unknown;
  /** Where the key stands among its neighbours, used when it comes (back) into being. */
  readonly index: number;
}

export interface Change {
  /** Message key of what was done. */
  readonly label: string;
  readonly edits: readonly Edit[];
  /** Changes of the same gesture share a name and are undone together. */
  readonly merge?: string;
}

type Record_ = Readonly<Record<string, unknown>>;

export function invert(change: Change): Change {
  const edits = change.edits
    .map(({ path, before, after, index }) => ({ path, before: after, after: before, index }))
    .reverse();
  return { ...change, edits };
}

export function applyChange(workflow: Workflow, change: Change): Workflow {
  return change.edits.reduce(applyEdit, workflow);
}

export function applyEdit(workflow: Workflow, edit: Edit): Workflow {
  return put(workflow as unknown as Record_, edit, 0) as unknown as Workflow;
}

function put(data: Record_, edit: Edit, depth: number): Record_ {
  const key = edit.path[depth] as string;
  if (depth < edit.path.length - 1) {
    const child = data[key];
    if (typeof child !== "object" || child === null) throw new Error(`no ${edit.path.join("/")}`);
    return withKey(data, key, put(child as Record_, edit, depth + 1));
  }
  if (edit.after === ABSENT) {
    return withoutKey(data, key);
  }
  if (Object.hasOwn(data, key) || edit.index >= Object.keys(data).length) {
    return withKey(data, key, edit.after);
  }
  const entries = Object.entries(data);
  entries.splice(edit.index, 0, [key, edit.after]);
  return dictOf(entries);
}

/** A workflow being changed: each step takes effect at once and is written down. */
export class Draft {
  now: Workflow;
  readonly edits: Edit[] = [];

  constructor(workflow: Workflow) {
    this.now = workflow;
  }

  get(path: readonly string[]): unknown {
    let value: unknown = this.now;
    for (const key of path) {
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return ABSENT;
      value = (value as Record_)[key];
    }
    return value;
  }

  /** Set a key; undefined removes it. Setting what is there already is no edit. */
  set(path: readonly string[], value: unknown): void {
    const before = this.get(path);
    const after = value === undefined ? ABSENT : value;
    if (before === after) return;
    const moves = before === ABSENT || after === ABSENT;
    this.#push({ path, before, after, index: moves ? this.#index(path) : 0 });
  }

  remove(path: readonly string[]): void {
    this.set(path, undefined);
  }

  /** Give a key another name in the same place. */
  rename(path: readonly string[], name: string): void {
    const value = this.get(path);
    if (value === ABSENT) return;
    const index = this.#index(path);
    const to = [...path.slice(0, -1), name];
    this.remove(path);
    this.#push({ path: to, before: ABSENT, after: value, index });
  }

  #push(edit: Edit): void {
    this.now = applyEdit(this.now, edit);
    this.edits.push(edit);
  }

  #index(path: readonly string[]): number {
    const parent = this.get(path.slice(0, -1));
    const keys = Object.keys(parent as object);
    const index = keys.indexOf(path[path.length - 1] as string);
    return index < 0 ? keys.length : index;
  }
}

/** Record what `steps` does to a workflow. */
export function change(
  workflow: Workflow,
  label: string,
  steps: (draft: Draft) => void,
  merge?: string,
): Change {
  const draft = new Draft(workflow);
  steps(draft);
  return merge === undefined ? { label, edits: draft.edits } : { label, edits: draft.edits, merge };
}

/** Two changes as one. When the second writes the same keys as the first, each is written once. */
export function join(first: Change, second: Change): Change {
  const again =
    first.edits.length === second.edits.length &&
    first.edits.every((edit, i) => rewrites(edit, second.edits[i] as Edit));
  const edits = again
    ? first.edits.map((edit, i) => ({ ...edit, after: (second.edits[i] as Edit).after }))
    : [...first.edits, ...second.edits];
  return { ...first, edits };
}

function rewrites(first: Edit, second: Edit): boolean {
  return (
    ![first.before, first.after, second.before, second.after].includes(ABSENT) &&
    first.path.length === second.path.length &&
    first.path.every((key, i) => key === second.path[i])
  );
}
