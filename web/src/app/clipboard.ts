/** The clipboard: what is copied is a workflow file, here and in every other program. */

import { formatJson, isObject, parseJson } from "../api/json";
import { middle } from "../canvas/viewport";
import { fromComfy, isComfy } from "../graph/comfy";
import { fragment, paste } from "../graph/commands/clipboard";
import { readWorkflow, writeWorkflow } from "../graph/file";
import { graphAt, ROOT, type Workflow } from "../graph/model";
import { activeTab, edit, graphName, select, useDocs } from "./docs";
import { addPicture, openFiles } from "./open";

function selectedText(): string | null {
  const tab = activeTab();
  if (tab.selection.size === 0) return null;
  const { catalog } = useDocs.getState();
  const piece = fragment(tab.workflow, graphName(tab), tab.selection);
  return formatJson(writeWorkflow(piece, catalog));
}

export function copySelection(event: ClipboardEvent): boolean {
  const text = selectedText();
  if (text === null) return false;
  event.clipboardData?.setData("text/plain", text);
  event.preventDefault();
  return true;
}

/** Copy without a clipboard event, from a menu. */
export async function copyText(): Promise<void> {
  const text = selectedText();
  if (text !== null) await navigator.clipboard.writeText(text);
}

export async function pasteText(): Promise<void> {
  const piece = readPiece(await navigator.clipboard.readText());
  if (piece !== null) pastePiece(piece);
}

export function pasteInto(event: ClipboardEvent): void {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length > 0) {
    event.preventDefault();
    for (const file of files) {
      if (file.type.startsWith("image/")) void addPicture(file, middle());
      else void openFiles([file]);
    }
    return;
  }
  const piece = readPiece(event.clipboardData?.getData("text/plain") ?? "");
  if (piece === null) return;
  event.preventDefault();
  pastePiece(piece);
}

function readPiece(text: string): Workflow | null {
  if (!text.trimStart().startsWith("{")) return null;
  try {
    const data = parseJson(text);
    if (isComfy(data)) return fromComfy(data, useDocs.getState().catalog);
    return isObject(data) ? readWorkflow(data) : null;
  } catch {
    return null; // some other text
  }
}

function pastePiece(piece: Workflow): void {
  const { places, groups, notes } = graphAt(piece, ROOT);
  const points = [places, groups, notes].flatMap((items) => Object.values(items));
  const left = points.length > 0 ? Math.min(...points.map((p) => p.x)) : 0;
  const top = points.length > 0 ? Math.min(...points.map((p) => p.y)) : 0;
  const target = middle();
  const offset = {
    x: Math.round((target.x - left - 120) / 8) * 8,
    y: Math.round((target.y - top - 80) / 8) * 8,
  };
  const ids = edit("node.paste", (draft, at) => paste(draft, at, piece, offset, true));
  select(ids);
}

/** Copies beside the originals, fed by the same nodes. */
export function duplicate(): void {
  const tab = activeTab();
  if (tab.selection.size === 0) return;
  const piece = fragment(tab.workflow, graphName(tab), tab.selection);
  const ids = edit("node.duplicate", (draft, at) =>
    paste(draft, at, piece, { x: 32, y: 32 }, true),
  );
  select(ids);
}
