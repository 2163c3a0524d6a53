/** The graph as a list: found, read and walked without seeing it. */

import { useMemo, useState } from "react";
import { isExact } from "../api/json";
import {
  activeGraph,
  activeTab,
  enterSubgraph,
  rectAt,
  runKey,
  select,
  useDocs,
} from "../app/docs";
import { t } from "../app/messages";
import { problemsOf, runOf, stateOf, useRuns } from "../app/runs";
import { setUi } from "../app/ui";
import { titleOf } from "../canvas/NodeView";
import { reveal } from "../canvas/viewport";
import { REROUTE } from "../graph/catalog";
import { asLink, type GraphNode, targetOf } from "../graph/model";
import { Dock } from "./Docks";
import { TypeMark } from "./Search";

export function OutlinePanel() {
  const [text, setText] = useState("");
  const graph = useDocs(activeGraph);
  const catalog = useDocs((docs) => docs.catalog);
  const tab = useDocs(activeTab);
  const run = useRuns((runs) => runOf(tab.id, runs));
  const rows = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return Object.entries(graph.nodes)
      .filter(([, node]) => node.type !== REROUTE)
      .map(([id, node]) => {
        const schema = catalog.find(tab.workflow, node.type);
        return { id, node, schema, title: titleOf(node, schema) };
      })
      .filter(({ id, node, title }) => {
        const ports = Object.keys(node.inputs).join(" ");
        const hay = `${id} ${title} ${node.type} ${ports} ${literals(node)}`.toLowerCase();
        return words.every((word) => hay.includes(word));
      });
  }, [graph.nodes, catalog, tab.workflow, text]);
  return (
    <Dock title={t("outline.title")} side="left" name="outline">
      <input
        className="search"
        placeholder={t("view.find")}
        aria-label={t("view.find")}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {rows.length === 0 && (
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
                      <b>{port}</b>{" "}
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
    </Dock>
  );
}

function go(id: string): void {
  select([id]);
  const rect = rectAt(id);
  if (rect) reveal(rect);
}

function literals(node: GraphNode): string {
  return Object.values(node.inputs)
    .filter((value) => typeof value !== "object" || isExact(value))
    .map(String)
    .join(" ");
}
