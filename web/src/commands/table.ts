/** Everything one can do, with its name and its key: the keyboard, the menus and the sheet use it. */

import { dictOf } from "../api/dict";
import { passBy } from "../canvas/focus";
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
} from "../state/viewport";
import { align, distribute, neighbour, type Side } from "../graph/arrange";
import { addGroup, addNote } from "../graph/commands/decor";
import { disconnect, dissolve, spliceOut } from "../graph/commands/links";
import { moveItems, removeItems, toggle } from "../graph/commands/nodes";
import { makeSubgraph, unpackSubgraph } from "../graph/commands/subgraphs";
import type { Rect } from "../graph/geometry";
import type { Mode } from "../graph/model";
import { duplicate } from "../state/clipboard";
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
} from "../state/docs";
import { saveActive } from "../state/library/keeper";
import { type MessageKey, t } from "../state/messages/index";
import { autoLayout, chooseFile, saveFile } from "../state/open";
import { cancelActive, explain, run } from "../state/run";
import { runOf } from "../state/runs";
import { type RightPanel, setUi, useUi } from "../state/ui";

export interface Command {
  readonly label: MessageKey;
  readonly group: "shortcuts.graph" | "shortcuts.edit" | "shortcuts.see" | "shortcuts.run";
  /** Keys as `Mod+Shift+K`; Mod is Ctrl, or Command on a Mac. Several by spaces. */
  readonly keys: string;
  readonly perform: (key: string) => void;
  /** Also while a text is edited. */
  readonly always?: boolean;
  /** The browser's own events do it: the key is only told of. */
  readonly native?: boolean;
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
  setUi({ palette: { screen, flow, pending: null, byKey: true } });
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

/** Delete nodes and link their readers to what they read, as if they were bypassed. */
export function dissolveSelection(): void {
  const { selection } = activeTab();
  if (selection.size === 0) return;
  edit("node.dissolve", (draft, at, scope) => {
    for (const id of selection) spliceOut(draft, scope, id);
    removeItems(draft, at, selection);
  });
}

/** Show the title of the selected node or group as a field. */
export function renameSelected(): void {
  const [id] = activeTab().selection;
  if (id !== undefined) setUi({ renaming: id });
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
  return dictOf(rects.filter((e): e is [string, Rect] => e[1] !== null));
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
  const places = dictOf(
    Object.entries(selectedRects())
      .filter(([id]) => !pinned(id))
      .map(([id, r]) => [id, { x: r.x + dx, y: r.y + dy }]),
  );
  edit("node.move", (draft, at) => moveItems(draft, at, places), "nudge");
}

type Direction = "left" | "right" | "up" | "down";

/** `Alt+ArrowLeft` is `left`. */
function directionOf(key: string): Direction {
  return key.slice(key.lastIndexOf("Arrow") + "Arrow".length).toLowerCase() as Direction;
}

const STEP = 8;
const FAR_STEP = 48;

/** Arrows move what is selected; with nothing selected they begin to walk. */
function arrow(key: string): void {
  const direction = directionOf(key);
  if (activeTab().selection.size === 0) {
    walk(direction);
    return;
  }
  const step = key.startsWith("Shift+") ? FAR_STEP : STEP;
  const [dx, dy] = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] }[direction] as [
    number,
    number,
  ];
  nudge(dx * step, dy * step);
}

function walk(direction: Direction): void {
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

function linkSelected(): void {
  const id = [...activeTab().selection][0];
  if (id !== undefined && activeGraph().nodes[id]) setUi({ dialog: { kind: "link", node: id } });
}

export function togglePanel(panel: Exclude<RightPanel, null>): void {
  setUi((ui) => ({ right: ui.right === panel ? null : panel }));
}

function nothing(): void {}

/** Close what is open, let go what is chosen, or leave the subgraph: one of them at a time. */
function goBack(): void {
  const target = document.activeElement;
  const ui = useUi.getState();
  if (ui.palette || ui.menu) setUi({ palette: null, menu: null });
  else if (target instanceof Element && target.closest(".widget")) focusCanvas();
  else if (hover.getState().chosen !== null) hover.setState({ chosen: null });
  else if (activeTab().selection.size > 0) select([]);
  else if (activeTab().path.length > 0) leaveTo(activeTab().path.length - 1);
  else {
    // There is nothing left to go back from but the canvas itself.
    focusCanvas();
    passBy();
    return;
  }
  focusCanvas();
}

const REGIONS = [
  ".topbar",
  ".rail",
  ".dock.left",
  ".canvas",
  ".empty",
  ".statusbar",
  ".dock.right",
];

/** Put the keyboard into the next part of the window, for those who do not point. */
function nextRegion(by: 1 | -1): void {
  const parts = REGIONS.map((name) => document.querySelector<HTMLElement>(name)).filter(
    (part) => part !== null,
  );
  const now = parts.findIndex((part) => part.contains(document.activeElement));
  const part = parts[(now + by + parts.length) % parts.length];
  const inside = "button:not([disabled]), input, textarea, select, [tabindex='0']";
  const target = part?.tabIndex === 0 ? part : part?.querySelector<HTMLElement>(inside);
  target?.focus({ preventScroll: true });
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
  {
    label: "keys.walk",
    group: "shortcuts.graph",
    keys: "Alt+ArrowLeft Alt+ArrowRight Alt+ArrowUp Alt+ArrowDown",
    perform: (key) => walk(directionOf(key)),
  },
  {
    label: "keys.nudge",
    group: "shortcuts.graph",
    keys: "ArrowLeft ArrowRight ArrowUp ArrowDown",
    perform: arrow,
  },
  {
    label: "keys.far",
    group: "shortcuts.graph",
    keys: "Shift+ArrowLeft Shift+ArrowRight Shift+ArrowUp Shift+ArrowDown",
    perform: arrow,
  },
  {
    label: "keys.arrange",
    group: "shortcuts.graph",
    keys: "Mod+ArrowLeft Mod+ArrowRight Mod+ArrowUp Mod+ArrowDown",
    perform: (key) =>
      alignSelection(
        ({ left: "left", right: "right", up: "top", down: "bottom" } as const)[directionOf(key)],
      ),
  },
  { label: "keys.none", group: "shortcuts.graph", keys: "Escape", perform: goBack },
  { label: "view.undo", group: "shortcuts.edit", keys: "Mod+Z", perform: undoOnce },
  { label: "view.redo", group: "shortcuts.edit", keys: "Mod+Shift+Z Mod+Y", perform: redoOnce },
  { label: "node.cut", group: "shortcuts.edit", keys: "Mod+X", perform: nothing, native: true },
  { label: "node.copy", group: "shortcuts.edit", keys: "Mod+C", perform: nothing, native: true },
  { label: "node.paste", group: "shortcuts.edit", keys: "Mod+V", perform: nothing, native: true },
  {
    label: "node.pasteLinked",
    group: "shortcuts.edit",
    keys: "Mod+Shift+V",
    perform: nothing,
    native: true,
  },
  { label: "node.duplicate", group: "shortcuts.edit", keys: "Mod+D", perform: duplicate },
  {
    label: "node.delete",
    group: "shortcuts.edit",
    keys: "Delete Backspace",
    perform: deleteSelection,
  },
  {
    label: "node.dissolve",
    group: "shortcuts.edit",
    keys: "Mod+Delete Mod+Backspace",
    perform: dissolveSelection,
  },
  { label: "node.rename", group: "shortcuts.edit", keys: "F2", perform: renameSelected },
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
    label: "keys.regions",
    group: "shortcuts.see",
    keys: "F6 Shift+F6",
    perform: (key) => nextRegion(key === "F6" ? 1 : -1),
    always: true,
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
    label: "tab.closeThis",
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
