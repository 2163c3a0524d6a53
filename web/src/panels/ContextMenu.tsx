/** What can be done with what was pressed. */

import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { copyText, duplicate, pasteText } from "../app/clipboard";
import * as commands from "../app/commands";
import { activeGraph, activeTab, edit, enterSubgraph, schemaOfType, select } from "../app/docs";
import { type MessageKey, t } from "../app/messages";
import { autoLayout } from "../app/open";
import { type Menu, setUi } from "../app/ui";
import { hover } from "../canvas/pointer";
import { NODE_HUES, nodeColor } from "../canvas/sockets";
import { focusCanvas } from "../canvas/viewport";
import type { Side } from "../graph/arrange";
import { addReroute } from "../graph/commands/links";
import { setColor } from "../graph/commands/nodes";
import { toggleExposed } from "../graph/commands/ports";
import { isInstance } from "../graph/commands/subgraphs";
import { setValue } from "../graph/commands/values";
import { linksOf, targetOf } from "../graph/model";

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
      left: Math.min(menu.x, window.innerWidth - rect.width - 8),
      top: Math.min(menu.y, window.innerHeight - rect.height - 8),
    });
    panel.current?.querySelector("button")?.focus();
  }, [menu]);
  const close = () => {
    setUi({ menu: null });
    focusCanvas();
  };
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      const buttons = [...(panel.current?.querySelectorAll("button") ?? [])];
      const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
      if (event.key === "Escape") setUi({ menu: null });
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
                {keys && <kbd>{commands.keyText(keys)}</kbd>}
              </button>
            ))}
          </div>
        ))}
        {(menu.node ?? null) !== null && <Colors onClose={close} />}
      </div>
    </>
  );
}

function Colors({ onClose }: { onClose: () => void }) {
  const paint = (color?: number) => {
    const ids = [...activeTab().selection];
    edit("node.color", (draft, at) => setColor(draft, at, ids, color));
    onClose();
  };
  return (
    <div className="swatches">
      <button
        type="button"
        aria-label={t("widget.reset")}
        className="none"
        onClick={() => paint()}
      />
      {NODE_HUES.map((hue, i) => (
        <button
          key={hue}
          type="button"
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
        perform: () => commands.writeNote(menu.flow),
      },
      { label: "node.paste", keys: "Mod+V", perform: () => void pasteText() },
    ],
    [
      { label: "keys.all", keys: "Mod+A", perform: () => commandNamed("keys.all") },
      { label: "arrange.layout", keys: "Shift+L", perform: () => void autoLayout() },
      { label: "view.fit", keys: "F", perform: () => commandNamed("view.fit") },
    ],
  ];
}

function linkItems(menu: Menu): Item[][] {
  const link = linksOf(activeGraph()).find(({ id }) => id === menu.link);
  return [
    [
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
          commands.deleteSelection();
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
    }
    if (items.length > 0) groups.push(items);
  }
  const instance = node !== undefined && isInstance(activeTab().workflow.graphs, node);
  if (instance) {
    groups.push([
      { label: "node.enter", keys: "Enter", perform: () => void enterSubgraph(id) },
      { label: "node.unpack", perform: commands.unpackSelection },
    ]);
  }
  if (node !== undefined) {
    const link: Item = {
      label: "node.link",
      keys: "L",
      perform: () => commandNamed("keys.linkFrom"),
    };
    groups.push([
      ...(many || !schemaOfType(node.type) ? [] : [link]),
      { label: "node.mute", keys: "M", perform: () => commands.toggleSelection("mute") },
      { label: "node.bypass", keys: "B", perform: () => commands.toggleSelection("bypass") },
      { label: "node.collapse", keys: "C", perform: () => commands.toggleSelection("collapsed") },
      { label: "node.pin", keys: "P", perform: () => commands.toggleSelection("pinned") },
    ]);
  }
  if (many) {
    const sides: Side[] = ["left", "center", "right", "top", "middle", "bottom"];
    groups.push([
      ...sides.map((side) => ({
        label: `arrange.${side}` as const,
        perform: () => commands.alignSelection(side),
      })),
      { label: "arrange.x", perform: () => commands.distributeSelection("x") },
      { label: "arrange.y", perform: () => commands.distributeSelection("y") },
      { label: "arrange.layout", keys: "Shift+L", perform: () => void autoLayout() },
    ]);
  }
  groups.push([
    { label: "node.group", keys: "Mod+G", perform: commands.groupSelection },
    { label: "node.subgraph", keys: "Mod+Shift+G", perform: commands.subgraphSelection },
    { label: "node.copy", keys: "Mod+C", perform: () => void copyText() },
    { label: "node.duplicate", keys: "Mod+D", perform: duplicate },
    { label: "node.delete", keys: "Delete", perform: commands.deleteSelection, danger: true },
  ]);
  return groups;
}

function commandNamed(label: MessageKey): void {
  commands.COMMANDS.find((command) => command.label === label)?.perform();
}
