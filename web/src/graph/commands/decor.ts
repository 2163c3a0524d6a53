/** Commands on groups and notes. */

import type { Draft } from "../edits";
import { ABSENT } from "../edits";
import type { Rect } from "../geometry";
import { type Group, graphAt } from "../model";
import { freshId, type Point } from "./nodes";

const MARGIN = 24;
const TITLE = 32;

/** A group around rectangles. */
export function addGroup(draft: Draft, at: string, rects: readonly Rect[], title: string): string {
  const id = freshId(graphAt(draft.now, at), "group");
  const color = Object.keys(graphAt(draft.now, at).groups).length % 8;
  draft.set(["graphs", at, "groups", id], { title, ...around(rects), color });
  return id;
}

/** Make a group as large as what lies in it. */
export function fitGroup(draft: Draft, at: string, id: string, rects: readonly Rect[]): void {
  const group = draft.get(["graphs", at, "groups", id]);
  if (group === ABSENT || rects.length === 0) return;
  draft.set(["graphs", at, "groups", id], { ...(group as Group), ...around(rects) });
}

function around(rects: readonly Rect[]): Rect {
  const left = Math.min(...rects.map((r) => r.x)) - MARGIN;
  const top = Math.min(...rects.map((r) => r.y)) - MARGIN - TITLE;
  const right = Math.max(...rects.map((r) => r.x + r.width)) + MARGIN;
  const bottom = Math.max(...rects.map((r) => r.y + r.height)) + MARGIN;
  return { x: left, y: top, width: right - left, height: bottom - top };
}

export function addNote(draft: Draft, at: string, point: Point, text = ""): string {
  const id = freshId(graphAt(draft.now, at), "note");
  const { x, y } = point;
  draft.set(["graphs", at, "notes", id], { text, x, y, width: 240, height: 128 });
  return id;
}

export function setNote(draft: Draft, at: string, id: string, text: string): void {
  draft.set(["graphs", at, "notes", id, "text"], text);
}
