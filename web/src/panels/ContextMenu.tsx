/** What can be done with what was pressed. */

import "./ContextMenu.css";
import {
  AlignCenterHorizontal,
  AlignCenterVertical,
  AlignEndHorizontal,
  AlignEndVertical,
  AlignHorizontalDistributeCenter,
  AlignStartHorizontal,
  AlignStartVertical,
  AlignVerticalDistributeCenter,
  type LucideIcon,
} from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { formatJson } from "../api/json";
import { pendingFrom } from "../canvas/connecting";
import { NODE_HUES, nodeColor } from "../canvas/sockets";
import { linkSelected, writeNote } from "../commands/adding";
import * as selection from "../commands/selection";
import type { Side } from "../graph/arrange";
import { REROUTE } from "../graph/catalog";
import { fitGroup } from "../graph/commands/decor";
import { addReroute } from "../graph/commands/links";
import { setColor } from "../graph/commands/nodes";
import { toggleExposed } from "../graph/commands/ports";
import { isInstance } from "../graph/commands/subgraphs";
import { setValue } from "../graph/commands/values";
import { linksOf, type PortRef, targetOf } from "../graph/model";
import type { Rect } from "../graph/rect";
import { copyText, duplicate, pasteText } from "../state/clipboard";
import {
  activeGraph,
  activeTab,
  edit,
  enterSubgraph,
  membersOf,
  rectAt,
  schemaOfType,
  select,
} from "../state/docs";
import { hover } from "../state/hover";
import { keyText } from "../state/keyNames";
import { type MessageKey, t } from "../state/messages/index";
import { autoLayout } from "../state/open";
import { type Menu, say, setUi } from "../state/ui";
import { fitView, focusCanvas } from "../state/viewport";

/** The keyboard goes back to where the menu was opened. */
function close(): void {
  setUi({ menu: null });
  focusCanvas();
}

interface Item {
  readonly label: MessageKey;
  readonly keys?: string;
  readonly perform: () => void;
  readonly danger?: boolean;
}

export function ContextMenu({ menu }: { menu: Menu }) {
  const panel = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ left: menu.x, top: menu.y });
  useLayoutEffect(() => {
    const rect = panel.current?.getBoundingClientRect();
    if (!rect) return;
    setPlace({
      left: Math.max(8, Math.min(menu.x, window.innerWidth - rect.width - 8)),
      top: Math.max(8, Math.min(menu.y, window.innerHeight - rect.height - 8)),
    });
    panel.current?.querySelector("button")?.focus();
  }, [menu]);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      const buttons = [...(panel.current?.querySelectorAll("button") ?? [])];
      const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
      if (event.key === "Escape" || event.key === "Tab") close();
      else if (event.key === "ArrowDown") buttons[(at + 1) % buttons.length]?.focus();
      else if (event.key === "ArrowUp")
        buttons[(at - 1 + buttons.length) % buttons.length]?.focus();
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    window.addEventListener("keydown", key, true);
    return () => window.removeEventListener("keydown", key, true);
  }, []);
  const groups = menu.link ? linkItems(menu) : menu.node ? nodeItems(menu) : canvasItems(menu);
  return (
    <>
      <button
        type="button"
        className="veil"
        tabIndex={-1}
        aria-label={t("dialog.close")}
        onClick={close}
        onContextMenu={(event) => {
          event.preventDefault();
          close();
        }}
      />
      <div className="menu" role="menu" style={place} ref={panel}>
        {groups.map((items, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the groups never change their order
          <div key={i} className="menu-group">
            {items.map(({ label, keys, perform, danger }) => (
              <button
                key={label}
                type="button"
                role="menuitem"
                className={danger ? "danger" : ""}
                onClick={() => {
                  close();
                  perform();
                }}
              >
                <span>{t(label)}</span>
                {keys && <kbd>{keyText(keys)}</kbd>}
              </button>
            ))}
          </div>
        ))}
        {(menu.node ?? null) !== null && activeTab().selection.size > 1 && <Arrange />}
        {(menu.node ?? null) !== null && <Colors />}
      </div>
    </>
  );
}

/** Ways to put what is selected in line, as a row of signs. */
function Arrange() {
  return (
    <div className="menu-row">
      {ARRANGE.map(({ label, icon: Icon, perform }) => (
        <button
          key={label}
          type="button"
          role="menuitem"
          title={t(label)}
          aria-label={t(label)}
          onClick={() => {
            close();
            perform();
          }}
        >
          <Icon size={15} aria-hidden="true" />
        </button>
      ))}
    </div>
  );
}

const side = (name: Side, icon: LucideIcon) => ({
  label: `arrange.${name}` as const,
  icon,
  perform: () => selection.alignSelection(name),
});

const ARRANGE = [
  side("left", AlignStartVertical),
  side("center", AlignCenterVertical),
  side("right", AlignEndVertical),
  side("top", AlignStartHorizontal),
  side("middle", AlignCenterHorizontal),
  side("bottom", AlignEndHorizontal),
  {
    label: "arrange.x",
    icon: AlignHorizontalDistributeCenter,
    perform: () => selection.distributeSelection("x"),
  },
  {
    label: "arrange.y",
    icon: AlignVerticalDistributeCenter,
    perform: () => selection.distributeSelection("y"),
  },
] as const;

/** The colours that what is selected may have; the one that all of it has is checked. */
function Colors() {
  const ids = [...activeTab().selection];
  const { places, groups, notes } = activeGraph();
  const colors = ids.map((id) => (groups[id] ?? notes[id] ?? places[id])?.color);
  const is = (color?: number) => colors.every((one) => one === color);
  const paint = (color?: number) => {
    edit("node.color", (draft, at) => setColor(draft, at, ids, color));
    close();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is no part of a menu
    <div className="swatches" role="group" aria-label={t("node.color")}>
      <button
        type="button"
        role="menuitemradio"
        aria-checked={is()}
        aria-label={t("widget.reset")}
        className="none"
        onClick={() => paint()}
      />
      {NODE_HUES.map((hue, i) => (
        <button
          key={hue}
          type="button"
          role="menuitemradio"
          aria-checked={is(i)}
          aria-label={`${t("node.color")} ${i + 1}`}
          style={{ background: nodeColor(i) }}
          onClick={() => paint(i)}
        />
      ))}
    </div>
  );
}

function canvasItems(menu: Menu): Item[][] {
  return [
    [
      {
        label: "node.add",
        keys: "Tab",
        perform: () => setUi({ palette: { screen: menu, flow: menu.flow, pending: null } }),
      },
      {
        label: "node.note",
        keys: "N",
        perform: () => writeNote(menu.flow),
      },
      { label: "node.paste", keys: "Mod+V", perform: () => void pasteText() },
    ],
    [
      { label: "keys.all", keys: "Mod+A", perform: () => selection.selectAll() },
      { label: "arrange.layout", keys: "Shift+L", perform: () => void autoLayout() },
      { label: "view.fit", keys: "F", perform: () => fitView("selection") },
    ],
  ];
}

function linkItems(menu: Menu): Item[][] {
  const link = linksOf(activeGraph()).find(({ id }) => id === menu.link);
  return [
    [
      {
        label: "link.insert",
        perform: () => {
          if (!link) return;
          const pending = pendingFrom(link.from, "output");
          setUi({ palette: { screen: menu, flow: menu.flow, pending, into: link } });
        },
      },
      {
        label: "link.reroute",
        perform: () => {
          if (!link) return;
          const point = { x: menu.flow.x - 10, y: menu.flow.y - 10 };
          edit("link.reroute", (draft, at) => addReroute(draft, at, link, point));
        },
      },
      {
        label: "link.delete",
        keys: "Delete",
        danger: true,
        perform: () => {
          select([]);
          hover.setState({ chosen: menu.link });
          selection.deleteSelection();
        },
      },
    ],
  ];
}

function nodeItems(menu: Menu): Item[][] {
  const id = menu.node as string;
  const graph = activeGraph();
  const node = graph.nodes[id];
  const many = activeTab().selection.size > 1;
  const groups: Item[][] = [];
  const { port } = menu;
  if (node && port !== null) {
    const ref = { node: id, port };
    const face = menu.side === "output" ? "outputs" : "inputs";
    const exposed = Object.values(graph.interface[face]).includes(targetOf(ref));
    const inside = activeTab().path.length > 0;
    const isValue = schemaOfType(node.type)?.inputs[port]?.socket === false;
    const items: Item[] = [];
    if (inside || isValue || face === "outputs") {
      items.push({
        label: exposed
          ? inside || face === "outputs"
            ? "port.hide"
            : "node.unexpose"
          : inside
            ? `port.${face}`
            : face === "outputs"
              ? "port.name"
              : "node.expose",
        perform: () => {
          edit("node.expose", (draft, at) => toggleExposed(draft, at, face, ref));
          if (inside || face === "outputs") setUi({ right: "form" });
        },
      });
    }
    if (face === "inputs" && isValue) {
      items.push({
        label: "widget.reset",
        perform: () => edit("widget.reset", (draft, at) => setValue(draft, at, ref, undefined)),
      });
      items.push({ label: "widget.copy", perform: () => copyValue(ref) });
    }
    if (items.length > 0) groups.push(items);
  }
  const instance = node !== undefined && isInstance(activeTab().workflow.graphs, node);
  if (instance) {
    groups.push([
      { label: "node.enter", keys: "Enter", perform: () => void enterSubgraph(id) },
      { label: "node.unpack", perform: selection.unpackSelection },
    ]);
  }
  if (node !== undefined) {
    const link: Item = {
      label: "node.link",
      keys: "L",
      perform: linkSelected,
    };
    const rename: Item = {
      label: "node.rename",
      keys: "F2",
      perform: selection.renameSelected,
    };
    groups.push([
      ...(many || !schemaOfType(node.type) ? [] : [link]),
      ...(many || node.type === REROUTE ? [] : [rename]),
      { label: "node.mute", keys: "M", perform: () => selection.toggleSelection("mute") },
      { label: "node.bypass", keys: "B", perform: () => selection.toggleSelection("bypass") },
      { label: "node.collapse", keys: "C", perform: () => selection.toggleSelection("collapsed") },
      { label: "node.pin", keys: "P", perform: () => selection.toggleSelection("pinned") },
    ]);
  }
  if (many) {
    groups.push([{ label: "arrange.layout", keys: "Shift+L", perform: () => void autoLayout() }]);
  }
  if (!many && graph.groups[id]) {
    groups.push([
      { label: "node.rename", keys: "F2", perform: selection.renameSelected },
      { label: "group.fit", perform: () => fitTo(id) },
    ]);
  }
  groups.push([
    { label: "node.group", keys: "Mod+G", perform: selection.groupSelection },
    { label: "node.subgraph", keys: "Mod+Shift+G", perform: selection.subgraphSelection },
    { label: "node.copy", keys: "Mod+C", perform: () => void copyText() },
    { label: "node.duplicate", keys: "Mod+D", perform: duplicate },
    ...(node === undefined
      ? []
      : [
          {
            label: "node.dissolve",
            keys: "Mod+Delete",
            perform: selection.dissolveSelection,
          } as const,
        ]),
    { label: "node.delete", keys: "Delete", perform: selection.deleteSelection, danger: true },
  ]);
  return groups;
}

function fitTo(group: string): void {
  const rects = membersOf(group).map((id) => rectAt(id) as Rect);
  edit("group.fit", (draft, at) => fitGroup(draft, at, group, rects));
}

/** The value as a person would type it. */
function copyValue({ node: id, port }: PortRef): void {
  const node = activeGraph().nodes[id];
  const value = node?.inputs[port] ?? (node && schemaOfType(node.type)?.inputs[port]?.default);
  if (value === undefined) return;
  const text = typeof value === "string" ? value : formatJson(value).trim();
  void copyText(text);
  say(t("widget.copied", { text: text.length > 40 ? `${text.slice(0, 40)}…` : text }));
}
