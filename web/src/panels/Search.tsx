/** Find a node type and add it; with a link in the hand, only what fits. */

import "./Search.css";
import { useEffect, useMemo, useRef, useState } from "react";
import { dictOf } from "../api/dict";
import type { NodeSchema } from "../api/nodes";
import { linkUp } from "../canvas/connecting";
import { hueColor, SHAPES, styleOf } from "../canvas/sockets";
import { insertInto } from "../graph/commands/links";
import { addNode, moveItems } from "../graph/commands/nodes";
import { descendants, firstFit, inputType } from "../graph/connect";
import { boxOf } from "../graph/geometry";
import { ROOT } from "../graph/model";
import { categoryName } from "../graph/names";
import type { Point } from "../graph/rect";
import { entriesOf, type SearchEntry, search, usual } from "../graph/search";
import { mainType, socketType } from "../graph/types";
import { additionName, chooseOnly, freePlace } from "../state/adding";
import { activeGraph, activeTab, edit, rectAt, scopeNow, select, useDocs } from "../state/docs";
import { t } from "../state/messages/index";
import { type Palette, setUi } from "../state/ui";
import { focusCanvas, reveal } from "../state/viewport";
import { extraEntries, performExtra } from "./extras";

/** Every type that can be added here: the server's, and the workflow's own subgraphs. */
export function useEntries(): readonly SearchEntry[] {
  const catalog = useDocs((docs) => docs.catalog);
  const graphs = useDocs((docs) => activeTab(docs).workflow.graphs);
  return useMemo(() => {
    const { workflow } = activeTab();
    const own = Object.keys(graphs)
      .filter((name) => name !== ROOT)
      .map((name) => catalog.find(workflow, name))
      .filter((schema) => schema !== undefined);
    return entriesOf([...Object.values(catalog.schemas), ...own]);
  }, [catalog, graphs]);
}

/** A category as a heading. */
export function categoryTitle(schema: NodeSchema): string {
  return schema.category === "subgraphs" ? t("search.subgraphs") : categoryName(schema);
}

const BETWEEN = 72;

/** Places of a node and of all that comes after it, so far to the right that it begins at `x`. */
function roomBefore(id: string, x: number): Record<string, Point> {
  const by = x - (rectAt(id)?.x ?? x);
  if (by <= 0) return {};
  const graph = activeGraph();
  const moved = [...descendants(graph, id)].filter((one) => graph.places[one]?.pinned !== true);
  return dictOf(
    moved.flatMap((one) => {
      const rect = rectAt(one);
      return rect ? [[one, { x: rect.x + by, y: rect.y }]] : [];
    }),
  );
}

/** Add a node at a place and link it to what is held. */
export function place(schema: NodeSchema, palette: Palette): void {
  const { flow, pending } = palette;
  const port = pending && firstFit(scopeNow(), schema.type, pending.type, pending.side);
  const box = boxOf({ type: schema.type, inputs: {} }, undefined, schema);
  // The port, not the corner, comes to stand where the link was let go.
  const offset = !port
    ? { x: 0, y: 0 }
    : pending?.side === "output"
      ? { x: 0, y: box.inputs[port] ?? 0 }
      : { x: box.width, y: box.outputs[port] ?? 0 };
  const snap = (value: number) => Math.round(value / 8) * 8;
  const wanted = { x: snap(flow.x - offset.x), y: snap(flow.y - offset.y) };
  // A person who points says where; by keyboard the node must find room by itself.
  const point = palette.byKey ? freePlace(schema.type, wanted) : wanted;
  const merge = additionName();
  const id = edit(
    "undo.add",
    (draft, at, scope) => {
      const added = addNode(draft, at, schema.type, point, schema);
      if (pending && port) {
        const other = { node: added, port };
        linkUp(draft, at, { ...scope, workflow: draft.now }, pending, other);
        const { into } = palette;
        if (into) {
          insertInto(draft, { ...scope, workflow: draft.now }, into, added);
          moveItems(draft, at, roomBefore(into.to.node, point.x + box.width + BETWEEN));
        }
      }
      return added;
    },
    merge,
  );
  select([id]);
  void chooseOnly(id, merge);
  const rect = palette.byKey ? rectAt(id) : null;
  if (rect) reveal(rect);
}

export function Search({ palette }: { palette: Palette }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const types = useEntries();
  const all = useMemo(() => [...types, ...extraEntries()], [types]);
  const { pending, into } = palette;
  const fitting = useMemo(() => {
    if (pending === null) return all;
    const scope = scopeNow();
    const wanted = into ? inputType(scope, into.to) : null;
    return all.filter(
      ({ schema: { type } }) =>
        firstFit(scope, type, pending.type, pending.side) &&
        (wanted === null || firstFit(scope, type, wanted, "input")),
    );
  }, [all, pending, into]);
  const known = useMemo(
    () => (pending ? usual(fitting, mainType(pending.type).name, pending.side) : []),
    [fitting, pending],
  );
  const found = useMemo(() => {
    const all = search(fitting, text, 60);
    return text.trim() === "" ? [...known, ...all.filter((one) => !known.includes(one))] : all;
  }, [fitting, known, text]);
  const heading = (i: number) => {
    if (text.trim() !== "") return null;
    if (i < known.length) return i === 0 ? t("search.usual") : null;
    const schema = found[i]?.schema;
    const first = i === known.length || schema?.category !== found[i - 1]?.schema.category;
    return schema && first ? categoryTitle(schema) : null;
  };
  const active = Math.min(at, found.length - 1);
  useEffect(() => {
    list.current?.querySelectorAll("[role=option]")[active]?.scrollIntoView({ block: "nearest" });
  }, [active]);

  const close = () => {
    setUi({ palette: null });
    focusCanvas();
  };
  const choose = (entry: SearchEntry | undefined) => {
    if (entry === undefined) return;
    // A note takes the keyboard itself.
    close();
    if (!performExtra(entry.schema.type, palette.flow)) place(entry.schema, palette);
  };
  const onKey = (event: React.KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "ArrowDown") setAt(Math.min(found.length - 1, active + 1));
    else if (event.key === "ArrowUp") setAt(Math.max(0, active - 1));
    else if (event.key === "Enter") choose(found[active]);
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
  };
  const left = Math.max(8, Math.min(palette.screen.x, window.innerWidth - 376));
  const top = Math.max(8, Math.min(palette.screen.y, window.innerHeight - 420));
  return (
    <>
      <button
        type="button"
        className="veil"
        tabIndex={-1}
        aria-label={t("dialog.close")}
        onClick={close}
      />
      <div className="palette" style={{ left, top }} role="dialog" aria-label={t("keys.search")}>
        <input
          className="search"
          role="combobox"
          aria-expanded="true"
          aria-controls="search-results"
          aria-activedescendant={active >= 0 ? `search-${active}` : undefined}
          aria-label={t("search.placeholder")}
          placeholder={t(pending ? "search.fits" : "search.placeholder")}
          value={text}
          // biome-ignore lint/a11y/noAutofocus: the search was opened to be typed in
          autoFocus
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKey}
        />
        <div
          id="search-results"
          className="results"
          role="listbox"
          aria-label={t("search.results")}
          ref={list}
        >
          {found.map((entry, i) => (
            <SearchItem
              key={entry.schema.type}
              entry={entry}
              id={`search-${i}`}
              active={i === active}
              heading={heading(i)}
              onPoint={() => i !== active && setAt(i)}
              onPick={() => choose(entry)}
            />
          ))}
          {found.length === 0 && <p className="nothing">{t("search.none")}</p>}
        </div>
        <footer>{found[active]?.schema.summary ?? t("search.hint")}</footer>
      </div>
    </>
  );
}

interface ItemProps {
  readonly entry: SearchEntry;
  readonly id: string;
  readonly active: boolean;
  /** What stands above it. */
  readonly heading: string | null;
  readonly onPoint: () => void;
  readonly onPick: () => void;
}

function SearchItem({ entry, id, active, heading, onPoint, onPick }: ItemProps) {
  const { schema, label, words } = entry;
  return (
    <>
      {heading !== null && <h4 role="presentation">{heading}</h4>}
      <button
        id={id}
        type="button"
        role="option"
        tabIndex={-1}
        aria-selected={active}
        onPointerMove={onPoint}
        onClick={onPick}
      >
        <TypeMark schema={schema} />
        <span className="name">{label}</span>
        <small>
          {schema.aliases.find((alias) => alias !== label) ?? (words === label ? "" : words)}
        </small>
      </button>
    </>
  );
}

/** The socket that a node is known by. */
export function TypeMark({ schema }: { schema: NodeSchema }) {
  const port = Object.values(schema.outputs)[0] ?? Object.values(schema.inputs)[0];
  const style = styleOf(port ? socketType(port) : { name: "ANY", args: [], choices: [] });
  return (
    <svg
      className="type-mark"
      viewBox="0 0 12 12"
      aria-hidden="true"
      style={{ color: hueColor(style.hue) }}
    >
      <path d={SHAPES[style.shape]} fillRule="evenodd" />
    </svg>
  );
}
