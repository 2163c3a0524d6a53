/** The clipboard: what is copied is a workflow file, here and in every other program. */

import { formatJson, isObject, parseJson } from "../api/json";
import { fromComfy, isComfy } from "../graph/comfy";
import { fragment, paste } from "../graph/commands/clipboard";
import { readWorkflow, writeWorkflow } from "../graph/file";
import { GRID } from "../graph/geometry";
import { graphAt, ROOT, type Workflow } from "../graph/model";
import { activeTab, edit, graphName, select, useDocs } from "./docs";
import { pointerPlace } from "./hover";
import { keyText } from "./keyNames";
import { t } from "./messages/index";
import { addPicture, openFiles, selectedFileInput } from "./open";
import { say } from "./ui";
import { middle } from "./viewport";

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
export async function copyText(text = selectedText()): Promise<void> {
  if (text === null) return;
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // A page over plain HTTP has no clipboard of its own; an element's selection can be copied.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

export async function pasteText(): Promise<void> {
  if (!navigator.clipboard) {
    say(t("paste.byKey", { key: keyText("Mod+V") }));
    return;
  }
  const piece = readPiece(await navigator.clipboard.readText());
  if (piece === null) say(t("paste.nothing"));
  else pastePiece(piece, false);
}

/** `linked` keeps the links from nodes that stand here and were not copied. */
export function pasteInto(event: ClipboardEvent, linked: boolean): void {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length > 0) {
    event.preventDefault();
    void takeFiles(files);
    return;
  }
  const piece = readPiece(event.clipboardData?.getData("text/plain") ?? "");
  if (piece === null) return;
  event.preventDefault();
  pastePiece(piece, linked);
}

/** The first picture goes into the node that is selected for it; others become nodes. */
async function takeFiles(files: readonly File[]): Promise<void> {
  const at = pointerPlace() ?? middle();
  let into = selectedFileInput();
  for (const file of files) {
    if (!file.type.startsWith("image/")) {
      await openFiles([file]);
      continue;
    }
    // One after the other: each finds the room that those before it left.
    await addPicture(file, at, into);
    into = null;
  }
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

/** Where the pointer is, else in the middle of what is seen. */
function pastePiece(piece: Workflow, linked: boolean): void {
  const { places, groups, notes } = graphAt(piece, ROOT);
  const points = [places, groups, notes].flatMap((items) => Object.values(items));
  const left = points.length > 0 ? Math.min(...points.map((p) => p.x)) : 0;
  const top = points.length > 0 ? Math.min(...points.map((p) => p.y)) : 0;
  const seen = middle();
  const target = pointerPlace() ?? { x: seen.x - 120, y: seen.y - 80 };
  const offset = {
    x: Math.round((target.x - left) / GRID) * GRID,
    y: Math.round((target.y - top) / GRID) * GRID,
  };
  const ids = edit("node.paste", (draft, at) => paste(draft, at, piece, offset, linked));
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
