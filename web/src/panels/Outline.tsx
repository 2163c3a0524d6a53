/** The graph as a list: found, read and walked without seeing it. */

import "./Outline.css";
import { useCallback, useMemo, useState } from "react";
import { titleOf } from "../canvas/NodeView";
import { inputOf } from "../graph/catalog";
import { nodesInside, nodesWith } from "../graph/find";
import { asLink, type GraphNode, targetOf } from "../graph/model";
import {
  activeTab,
  enterSubgraph,
  graphName,
  rectAt,
  runKey,
  select,
  useDocs,
} from "../state/docs";
import { t } from "../state/messages/index";
import { problemsOf, runOf, stateOf, useRuns } from "../state/runs";
import { setUi } from "../state/ui";
import { reveal } from "../state/viewport";
import { Dock } from "./Dock";
import { jumpTo } from "./Problems";
import { TypeMark } from "./Search";

const MOST = 200;

export function OutlinePanel() {
  const [text, setText] = useState("");
  const catalog = useDocs((docs) => docs.catalog);
  const tab = useDocs(activeTab);
  const run = useRuns((runs) => runOf(tab.id, runs));
  const titles = useCallback(
    (node: GraphNode) => titleOf(node, catalog.find(tab.workflow, node.type)),
    [catalog, tab.workflow],
  );
  // Found by what inputs are called too, where that is not what the file calls them.
  const words = useCallback(
    (node: GraphNode) => {
      const schema = catalog.find(tab.workflow, node.type);
      const labels = Object.keys(node.inputs).map((p) => schema && inputOf(schema, p)?.label);
      return [titleOf(node, schema), ...labels].filter(Boolean).join(" ");
    },
    [catalog, tab.workflow],
  );
  const rows = useMemo(() => {
    return nodesWith(tab.workflow, graphName(tab), text, words).map(([id, node]) => {
      const schema = catalog.find(tab.workflow, node.type);
      return { id, node, schema, title: titles(node) };
    });
  }, [catalog, tab, text, titles, words]);
  const inside = useMemo(
    () => (text.trim() === "" ? [] : nodesInside(tab.workflow, graphName(tab), text, words)),
    [tab, text, words],
  );
  return (
    <Dock title={t("outline.title")} side="left" name="outline">
      <input
        className="search"
        placeholder={t("view.find")}
        aria-label={t("view.find")}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {rows.length + inside.length === 0 && (
        <p className="nothing">{t(text === "" ? "outline.empty" : "outline.noMatch")}</p>
      )}
      <ul className="outline-list">
        {rows.map(({ id, node, schema, title }) => {
          const key = runKey(tab, id);
          const state = stateOf(run, key)?.state;
          const problems = problemsOf(run, key).length;
          return (
            <li key={id}>
              <button
                type="button"
                aria-current={tab.selection.has(id)}
                onClick={() => go(id)}
                onDoubleClick={() => enterSubgraph(id)}
                onKeyDown={(event) => {
                  if (event.key.toLowerCase() !== "l") return;
                  event.preventDefault();
                  go(id);
                  setUi({ dialog: { kind: "link", node: id } });
                }}
              >
                {schema && <TypeMark schema={schema} />}
                <span className="name">{title}</span>
                <code>{id}</code>
                {state && <small className={state}>{t(`state.${state}`)}</small>}
                {problems > 0 && <small className="failed">{problems}</small>}
              </button>
              <ul>
                {Object.entries(node.inputs).map(([port, value]) => {
                  const from = asLink(value);
                  return (
                    <li key={port}>
                      <b>{(schema && inputOf(schema, port)?.label) ?? port}</b>{" "}
                      {from
                        ? t("outline.from", { source: targetOf(from) })
                        : typeof value === "object"
                          ? String(value)
                          : JSON.stringify(value)}
                    </li>
                  );
                })}
              </ul>
            </li>
          );
        })}
      </ul>
      {inside.length > 0 && <h3>{t("outline.inside")}</h3>}
      <ul className="outline-list">
        {inside.slice(0, MOST).map(({ path, node }) => (
          <li key={path}>
            <button type="button" onClick={() => jumpTo(runKey(tab, path))}>
              <span className="name">{titles(node)}</span>
              <code>{path}</code>
            </button>
          </li>
        ))}
      </ul>
    </Dock>
  );
}

function go(id: string): void {
  select([id]);
  const rect = rectAt(id);
  if (rect) reveal(rect);
}
