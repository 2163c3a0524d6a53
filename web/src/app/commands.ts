/** Everything one can do, with its name and its key: the keyboard and the sheet of shortcuts use it. */

import { editValues, linkSelected, openSearch, writeNote } from "../commands/adding";
import {
  alignSelection,
  deleteSelection,
  dissolveSelection,
  groupSelection,
  renameSelected,
  selectAll,
  subgraphSelection,
  toggleSelection,
} from "../commands/selection";
import { arrow, directionOf, goBack, nextRegion, walk } from "../commands/walking";
import { PANELS, togglePanel } from "../panels/table";
import { duplicate } from "../state/clipboard";
import { activeTab, closeTab, newTab, redoOnce, reopenTab, undoOnce } from "../state/docs";
import { pointerPlace } from "../state/hover";
import { saveActive } from "../state/library/keeper";
import type { MessageKey } from "../state/messages/index";
import { autoLayout, chooseFile, saveFile } from "../state/open";
import { cancelActive, explain, run } from "../state/run";
import { setUi, useUi } from "../state/ui";
import { fitView, middle, zoomBy } from "../state/viewport";

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

function nothing(): void {}

/** Open the outline with the keyboard in its search, once the panel is there. */
function findInGraph(): void {
  setUi({ left: "outline" });
  const attempt = () => {
    const field = document.querySelector<HTMLElement>(".outline input");
    if (field) field.focus();
    else if (useUi.getState().left === "outline") requestAnimationFrame(attempt);
  };
  requestAnimationFrame(attempt);
}

export const COMMANDS: readonly Command[] = [
  { label: "keys.search", group: "shortcuts.graph", keys: "Tab /", perform: openSearch },
  { label: "keys.linkFrom", group: "shortcuts.graph", keys: "L", perform: linkSelected },
  { label: "keys.values", group: "shortcuts.graph", keys: "Enter", perform: editValues },
  {
    label: "keys.all",
    group: "shortcuts.graph",
    keys: "Mod+A",
    perform: selectAll,
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
  ...PANELS.flatMap((panel): Command[] =>
    panel.key === undefined
      ? []
      : [
          {
            label: panel.label,
            group: "shortcuts.see",
            keys: panel.key,
            perform: () => togglePanel(panel),
          },
        ],
  ),
  {
    label: "view.find",
    group: "shortcuts.see",
    keys: "Mod+F",
    perform: findInGraph,
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
