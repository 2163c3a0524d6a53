/** Everything one can do, with its name and its key: the keyboard, the menus and the sheet use it. */

import { hover, pointerPlace } from "../canvas/pointer";
import { wiresOf } from "../canvas/scene";
import {
  fitView,
  focusCanvas,
  hostRect,
  middle,
  reveal,
  toScreen,
  zoomBy,
} from "../canvas/viewport";
import { align, distribute, neighbour, type Side } from "../graph/arrange";
import { addGroup, addNote } from "../graph/commands/decor";
import { disconnect, dissolve } from "../graph/commands/links";
import { moveItems, removeItems, toggle } from "../graph/commands/nodes";
import { makeSubgraph, unpackSubgraph } from "../graph/commands/subgraphs";
import type { Rect } from "../graph/geometry";
import type { Mode } from "../graph/model";
import { duplicate } from "./clipboard";
import {
  activeGraph,
  activeTab,
  allRects,
  closeTab,
  edit,
  endGesture,
  enterSubgraph,
  leaveTo,
  newTab,
  rectAt,
  redoOnce,
  reopenTab,
  schemaOfType,
  select,
  undoOnce,
} from "./docs";
import { saveActive } from "./library/keeper";
import { type MessageKey, t } from "./messages";
import { autoLayout, chooseFile, saveFile } from "./open";
import { cancelActive, explain, run } from "./run";
import { runOf } from "./runs";
import { type RightPanel, setUi, useUi } from "./ui";

export interface Command {
  readonly label: MessageKey;
  readonly group: "shortcuts.graph" | "shortcuts.edit" | "shortcuts.see" | "shortcuts.run";
  /** Keys as `Mod+Shift+K`; Mod is Ctrl, or Command on a Mac. Several by spaces. */
  readonly keys: string;
  readonly perform: () => void;
  /** Also while a text is edited. */
  readonly always?: boolean;
}

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
  setUi({ palette: { screen, flow, pending: null } });
}

export function deleteSelection(): void {
  const { chosen } = hover.getState();
  const tab = activeTab();
  const wire = wiresOf(runOf(tab.id).pictures).find(({ link }) => link.id === chosen);
  if (wire !== undefined && tab.selection.size === 0) {
    hover.setState({ chosen: null });
    edit("link.delete", (draft, at) => disconnect(draft, at, wire.link));
    return;
  }
  if (tab.selection.size === 0) return;
  edit("node.delete", (draft, at) => {
    for (const id of tab.selection) dissolve(draft, at, id);
    removeItems(draft, at, tab.selection);
  });
}

export function toggleSelection(what: "collapsed" | "pinned" | Mode): void {
  const ids = [...activeTab().selection];
  edit(`node.${what}`, (draft, at) => toggle(draft, at, ids, what));
}

export function groupSelection(): void {
  const rects = selectedRects();
  if (Object.keys(rects).length === 0) return;
  const id = edit("node.group", (draft, at) =>
    addGroup(draft, at, Object.values(rects), t("group.untitled")),
  );
  select([id]);
}

export function subgraphSelection(): void {
  const ids = [...activeTab().selection].filter((id) => activeGraph().nodes[id]);
  if (ids.length === 0) return;
  const id = edit("node.subgraph", (draft, _, scope) =>
    makeSubgraph(draft, scope, ids, "Subgraph"),
  );
  select([id]);
}

export function unpackSelection(): void {
  const ids = [...activeTab().selection];
  const inside = edit("node.unpack", (draft, _, scope) =>
    ids.flatMap((id) => unpackSubgraph(draft, scope, id)),
  );
  if (inside.length > 0) select(inside);
}

function selectedRects(): Record<string, Rect> {
  const rects = [...activeTab().selection].map((id) => [id, rectAt(id)] as const);
  return Object.fromEntries(rects.filter((e): e is [string, Rect] => e[1] !== null));
}

export function alignSelection(side: Side): void {
  const places = align(selectedRects(), side);
  edit(`arrange.${side}`, (draft, at) => moveItems(draft, at, places));
}

export function distributeSelection(axis: "x" | "y"): void {
  const places = distribute(selectedRects(), axis);
  edit(`arrange.${axis}`, (draft, at) => moveItems(draft, at, places));
}

function nudge(dx: number, dy: number): void {
  const pinned = (id: string) => activeGraph().places[id]?.pinned === true;
  const places = Object.fromEntries(
    Object.entries(selectedRects())
      .filter(([id]) => !pinned(id))
      .map(([id, r]) => [id, { x: r.x + dx, y: r.y + dy }]),
  );
  edit("node.move", (draft, at) => moveItems(draft, at, places), "nudge");
}

/** Arrows move what is selected; with nothing selected they begin to walk. */
function arrow(direction: "left" | "right" | "up" | "down", step: number): void {
  if (activeTab().selection.size === 0) {
    walk(direction);
    return;
  }
  const [dx, dy] = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] }[direction] as [
    number,
    number,
  ];
  nudge(dx * step, dy * step);
}

function walk(direction: "left" | "right" | "up" | "down"): void {
  endGesture();
  const rects = allRects();
  const from = [...activeTab().selection][0];
  const to = from === undefined ? Object.keys(rects)[0] : neighbour(rects, from, direction);
  if (to == null) return;
  select([to]);
  reveal(rects[to] as Rect);
}

/** A new note, with the keyboard in it. */
export function writeNote(point: { x: number; y: number }): void {
  const id = edit("node.note", (draft, at) => addNote(draft, at, point));
  if (!activeGraph().notes[id]) return; // only to be looked at
  select([id]);
  editValues();
}

/** Put the keyboard into the first value of the selected node, or into a note. */
function editValues(): void {
  const id = [...activeTab().selection][0];
  if (id === undefined || enterSubgraph(id)) return;
  const rect = rectAt(id);
  if (rect !== null) reveal(rect);
  const isNote = activeGraph().notes[id] !== undefined;
  // The view may have to come nearer before the node has elements, which takes as many frames as
  // the machine needs: it is waited for as long as nothing else was done.
  const attempt = () => {
    const { selection } = activeTab();
    if (selection.size !== 1 || !selection.has(id) || !onCanvas(document.activeElement)) return;
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

function linkSelected(): void {
  const id = [...activeTab().selection][0];
  if (id !== undefined && activeGraph().nodes[id]) setUi({ dialog: { kind: "link", node: id } });
}

export function togglePanel(panel: Exclude<RightPanel, null>): void {
  setUi((ui) => ({ right: ui.right === panel ? null : panel }));
}

export const COMMANDS: readonly Command[] = [
  { label: "keys.search", group: "shortcuts.graph", keys: "Tab /", perform: openSearch },
  { label: "keys.linkFrom", group: "shortcuts.graph", keys: "L", perform: linkSelected },
  { label: "keys.values", group: "shortcuts.graph", keys: "Enter", perform: editValues },
  {
    label: "keys.all",
    group: "shortcuts.graph",
    keys: "Mod+A",
    perform: () => select(Object.keys(allRects(true))),
  },
  {
    label: "node.note",
    group: "shortcuts.graph",
    keys: "N",
    perform: () => {
      writeNote(pointerPlace() ?? middle());
    },
  },
  { label: "node.group", group: "shortcuts.graph", keys: "Mod+G", perform: groupSelection },
  {
    label: "node.subgraph",
    group: "shortcuts.graph",
    keys: "Mod+Shift+G",
    perform: subgraphSelection,
  },
  {
    label: "arrange.layout",
    group: "shortcuts.graph",
    keys: "Shift+L",
    perform: () => void autoLayout(),
  },
  { label: "view.undo", group: "shortcuts.edit", keys: "Mod+Z", perform: undoOnce },
  { label: "view.redo", group: "shortcuts.edit", keys: "Mod+Shift+Z Mod+Y", perform: redoOnce },
  { label: "node.duplicate", group: "shortcuts.edit", keys: "Mod+D", perform: duplicate },
  {
    label: "node.delete",
    group: "shortcuts.edit",
    keys: "Delete Backspace",
    perform: deleteSelection,
  },
  {
    label: "node.collapse",
    group: "shortcuts.edit",
    keys: "C",
    perform: () => toggleSelection("collapsed"),
  },
  {
    label: "node.mute",
    group: "shortcuts.edit",
    keys: "M",
    perform: () => toggleSelection("mute"),
  },
  {
    label: "node.bypass",
    group: "shortcuts.edit",
    keys: "B",
    perform: () => toggleSelection("bypass"),
  },
  {
    label: "node.pin",
    group: "shortcuts.edit",
    keys: "P",
    perform: () => toggleSelection("pinned"),
  },
  { label: "view.fit", group: "shortcuts.see", keys: "F", perform: () => fitView("selection") },
  { label: "view.in", group: "shortcuts.see", keys: "+ =", perform: () => zoomBy(1.25) },
  { label: "view.out", group: "shortcuts.see", keys: "-", perform: () => zoomBy(0.8) },
  {
    label: "rail.library",
    group: "shortcuts.see",
    keys: "Y",
    perform: () => setUi((ui) => ({ left: ui.left === "library" ? null : "library" })),
  },
  {
    label: "rail.history",
    group: "shortcuts.see",
    keys: "H",
    perform: () => togglePanel("history"),
  },
  {
    label: "rail.outline",
    group: "shortcuts.see",
    keys: "O",
    perform: () => setUi((ui) => ({ left: ui.left === "outline" ? null : "outline" })),
  },
  { label: "rail.form", group: "shortcuts.see", keys: "V", perform: () => togglePanel("form") },
  {
    label: "rail.results",
    group: "shortcuts.see",
    keys: "R",
    perform: () => togglePanel("results"),
  },
  { label: "rail.queue", group: "shortcuts.see", keys: "Q", perform: () => togglePanel("queue") },
  {
    label: "view.find",
    group: "shortcuts.see",
    keys: "Mod+F",
    perform: () => {
      setUi({ left: "outline" });
      requestAnimationFrame(() => document.querySelector<HTMLElement>(".outline input")?.focus());
    },
  },
  {
    label: "view.snap",
    group: "shortcuts.see",
    keys: "S",
    perform: () => setUi((ui) => ({ snap: !ui.snap })),
  },
  {
    label: "rail.shortcuts",
    group: "shortcuts.see",
    keys: "?",
    perform: () => setUi({ dialog: { kind: "shortcuts" } }),
  },
  {
    label: "run.run",
    group: "shortcuts.run",
    keys: "Mod+Enter",
    perform: () => void run(),
    always: true,
  },
  {
    label: "run.cancel",
    group: "shortcuts.run",
    keys: "Mod+Shift+Enter",
    perform: () => void cancelActive(),
    always: true,
  },
  { label: "run.explain", group: "shortcuts.run", keys: "E", perform: () => void explain() },
  {
    label: "file.save",
    group: "shortcuts.run",
    keys: "Mod+S",
    perform: () => void saveActive(),
    always: true,
  },
  {
    label: "file.export",
    group: "shortcuts.run",
    keys: "Mod+Shift+S",
    perform: saveFile,
    always: true,
  },
  { label: "file.open", group: "shortcuts.run", keys: "Mod+O", perform: chooseFile, always: true },
  { label: "tab.new", group: "shortcuts.run", keys: "Alt+N", perform: () => void newTab() },
  {
    label: "tab.close",
    group: "shortcuts.run",
    keys: "Alt+W",
    perform: () => closeTab(activeTab().id),
  },
  {
    label: "tab.reopen",
    group: "shortcuts.run",
    keys: "Alt+Shift+W",
    perform: () => reopenTab(),
  },
];

const ARROWS = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
} as const;

function keyOf(event: KeyboardEvent): string {
  const shifted = event.key.length > 1 || /[a-z]/i.test(event.key);
  return [
    (event.ctrlKey || event.metaKey) && "Mod",
    event.altKey && "Alt",
    event.shiftKey && shifted && "Shift",
    event.key.length === 1 ? event.key.toUpperCase() : event.key,
  ]
    .filter(Boolean)
    .join("+");
}

export function isEditing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.closest("input, textarea, select") !== null)
  );
}

/** Whether keys belong to the graph: it has the focus, or nothing has. */
function onCanvas(target: EventTarget | null): boolean {
  if (target === document.body) return true;
  return (
    target instanceof Element &&
    target.closest(".canvas") !== null &&
    target.closest("[role=slider], [role=combobox], [role=listbox], .widget") === null
  );
}

export function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || useUi.getState().dialog !== null) return;
  const editing = isEditing(event.target);
  const key = keyOf(event);
  const command = COMMANDS.find(({ keys }) => keys.split(" ").includes(key));
  if (command?.always === true) {
    event.preventDefault();
    command.perform();
    return;
  }
  if (editing) return;
  const here = onCanvas(event.target);
  if (event.key === "Escape") {
    goBack(event.target);
    return;
  }
  const direction = ARROWS[event.key as keyof typeof ARROWS];
  if (direction !== undefined && here) {
    event.preventDefault();
    if (event.altKey) walk(direction);
    else arrow(direction, event.shiftKey ? 48 : 8);
    return;
  }
  // Elsewhere the plain keys keep their usual meaning, such as Tab and Enter on a button.
  const plain = !key.startsWith("Mod+") && !key.startsWith("Alt+");
  if (command === undefined || (plain && !here)) return;
  event.preventDefault();
  command.perform();
}

function goBack(target: EventTarget | null): void {
  const ui = useUi.getState();
  if (ui.palette || ui.menu) setUi({ palette: null, menu: null });
  else if (target instanceof Element && target.closest(".widget")) focusCanvas();
  else if (hover.getState().chosen !== null) hover.setState({ chosen: null });
  else if (activeTab().selection.size > 0) select([]);
  else if (activeTab().path.length > 0) leaveTo(activeTab().path.length - 1);
  focusCanvas();
}

const MAC = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** A key as people write it. */
export function keyText(keys: string): string {
  const names: Record<string, string> = {
    Mod: MAC ? "⌘" : "Ctrl",
    Shift: MAC ? "⇧" : "Shift",
    Alt: MAC ? "⌥" : "Alt",
    Enter: "↵",
    Delete: "Del",
  };
  const first = keys.split(" ")[0] ?? "";
  return first
    .split(/(?<=.)\+/)
    .map((part) => names[part] ?? part)
    .filter((part) => part !== "")
    .join(MAC ? "" : "+");
}
