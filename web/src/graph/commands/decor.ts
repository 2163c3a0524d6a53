/** Commands on groups and notes. */

import { dictOf } from "../../api/dict";
import type { Draft } from "../edits";
import { ABSENT } from "../edits";
import { frameAround } from "../geometry";
import { type Group, graphAt } from "../model";
import type { Point, Rect } from "../rect";
import { freshId } from "./nodes";

/** A group around rectangles. */
export function addGroup(draft: Draft, at: string, rects: readonly Rect[], title: string): string {
  const id = freshId(graphAt(draft.now, at), "group");
  const color = Object.keys(graphAt(draft.now, at).groups).length % 8;
  draft.set(["graphs", at, "groups", id], { title, ...frameAround(rects), color });
  return id;
}

/** Make a group as large as what lies in it. */
export function fitGroup(draft: Draft, at: string, id: string, rects: readonly Rect[]): void {
  if (rects.length > 0) setFrames(draft, at, dictOf([[id, frameAround(rects)]]));
}

/** Give groups other frames. */
export function setFrames(draft: Draft, at: string, frames: Readonly<Record<string, Rect>>): void {
  for (const [id, { x, y, width, height }] of Object.entries(frames)) {
    const group = draft.get(["graphs", at, "groups", id]);
    if (group === ABSENT) continue;
    const now = group as Group;
    if (now.x === x && now.y === y && now.width === width && now.height === height) continue;
    draft.set(["graphs", at, "groups", id], { ...now, x, y, width, height });
  }
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
