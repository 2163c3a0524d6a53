/** Commands on groups and notes. */

import type { Draft } from "../edits";
import type { Rect } from "../geometry";
import { graphAt } from "../model";
import { freshId, type Point } from "./nodes";

const MARGIN = 24;
const TITLE = 32;

/** A group around rectangles. */
export function addGroup(draft: Draft, at: string, rects: readonly Rect[], title: string): string {
  const id = freshId(graphAt(draft.now, at), "group");
  const left = Math.min(...rects.map((r) => r.x)) - MARGIN;
  const top = Math.min(...rects.map((r) => r.y)) - MARGIN - TITLE;
  const right = Math.max(...rects.map((r) => r.x + r.width)) + MARGIN;
  const bottom = Math.max(...rects.map((r) => r.y + r.height)) + MARGIN;
  draft.set(["graphs", at, "groups", id], {
    title,
    x: left,
    y: top,
    width: right - left,
    height: bottom - top,
    color: Object.keys(graphAt(draft.now, at).groups).length % 8,
  });
  return id;
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
