/** New nodes and notes, and the way into their values. */

import { addNote } from "../graph/commands/decor";
import {
  activeGraph,
  activeTab,
  edit,
  enterSubgraph,
  rectAt,
  schemaOfType,
  select,
} from "../state/docs";
import { setUi } from "../state/ui";
import { hostRect, middle, reveal, toScreen } from "../state/viewport";

/** Open the search where the next node would stand: right of the selection, else in the middle. */
export function openSearch(): void {
  const chosen = [...activeTab().selection].map((id) => rectAt(id)).filter((r) => r !== null);
  const last = chosen[chosen.length - 1];
  const flow = last ? { x: last.x + last.width + 72, y: last.y } : middle();
  const host = hostRect();
  const wanted = toScreen(flow);
  const screen = {
    x: Math.min(Math.max(wanted.x, host.left + 16), host.right - 380),
    y: Math.min(Math.max(wanted.y, host.top + 16), host.bottom - 420),
  };
  setUi({ palette: { screen, flow, pending: null, byKey: true } });
}

export function linkSelected(): void {
  const id = [...activeTab().selection][0];
  if (id !== undefined && activeGraph().nodes[id]) setUi({ dialog: { kind: "link", node: id } });
}

/** A new note, with the keyboard in it. */
export function writeNote(point: { x: number; y: number }): void {
  const id = edit("node.note", (draft, at) => addNote(draft, at, point));
  if (!activeGraph().notes[id]) return; // only to be looked at
  select([id]);
  editValues();
}

/** Put the keyboard into the first value of the selected node, or into a note. */
export function editValues(): void {
  const id = [...activeTab().selection][0];
  if (id === undefined || enterSubgraph(id)) return;
  const rect = rectAt(id);
  if (rect !== null) reveal(rect);
  const isNote = activeGraph().notes[id] !== undefined;
  // The view may have to come nearer before the node has elements, which takes as many frames as
  // the machine needs: it is waited for as long as nothing else was done.
  const attempt = () => {
    const { selection } = activeTab();
    const { activeElement: focused, body } = document;
    const elsewhere = focused !== body && !focused?.classList.contains("canvas");
    if (selection.size !== 1 || !selection.has(id) || elsewhere) return;
    const node = document.querySelector(`.react-flow__node[data-id="${CSS.escape(id)}"]`);
    const field = node?.querySelector<HTMLElement>(
      ".widget [tabindex='0'], .widget textarea, .widget input, .widget button, .note textarea",
    );
    if (field) field.focus({ preventScroll: true });
    else if (isNote || schemaHasValues(id)) requestAnimationFrame(attempt);
  };
  attempt();
}

function schemaHasValues(id: string): boolean {
  const node = activeGraph().nodes[id];
  const collapsed = activeGraph().places[id]?.collapsed === true;
  const inputs = Object.values((node && schemaOfType(node.type)?.inputs) ?? {});
  return !collapsed && inputs.some((input) => !input.socket);
}
