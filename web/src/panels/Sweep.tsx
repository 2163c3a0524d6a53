/** Run the workflow for every combination of a few values, and see the pictures as a sheet. */

import { useMemo, useState } from "react";
import { submit } from "../api/client";
import { isNumeric, parseJson, type Value } from "../api/json";
import type { Job } from "../api/server";
import { activeGraph, activeTab, tabTitle, useDocs } from "../app/docs";
import { t } from "../app/messages";
import { documentOf } from "../app/run";
import { useRuns } from "../app/runs";
import { say } from "../app/ui";
import { inputOf } from "../graph/catalog";
import { isLinked, splitTarget, targetOf } from "../graph/model";
import { mainType, socketType } from "../graph/types";
import { Dialog } from "./Dialog";

interface Axis {
  readonly target: string;
  readonly text: string;
}

interface Cell {
  readonly labels: readonly string[];
  readonly job: Job;
}

const MOST = 100;

export function SweepDialog() {
  const [axes, setAxes] = useState<readonly [Axis, Axis]>([
    { target: "", text: "" },
    { target: "", text: "" },
  ]);
  const [cells, setCells] = useState<readonly Cell[]>([]);
  const targets = useTargets();
  const lists = axes.map(({ target, text }) => (target === "" ? [] : valuesOf(target, text)));
  const [rows = [], columns = []] = lists;
  const count = rows.length * Math.max(1, columns.length);
  const set = (i: 0 | 1, axis: Axis) => setAxes(i === 0 ? [axis, axes[1]] : [axes[0], axis]);

  const start = async () => {
    const tab = activeTab();
    const workflow = documentOf(tab);
    const title = tabTitle(tab) || t("tab.untitled");
    setCells([]);
    try {
      for (const row of rows) {
        for (const column of columns.length > 0 ? columns : [null]) {
          const values: Record<string, Value> = { [axes[0].target]: row.value };
          const labels = [row.text];
          if (column) {
            values[axes[1].target] = column.value;
            labels.push(column.text);
          }
          const job = await submit({
            workflow,
            title: `${title} · ${labels.join(", ")}`,
            set: values,
          });
          setCells((now) => [...now, { labels, job }]);
        }
      }
    } catch (error) {
      say(error instanceof Error ? error.message : String(error), "bad");
    }
  };
  return (
    <Dialog title={t("sweep.title")} name="sweep">
      <p className="note-line">{t("sweep.text")}</p>
      {([0, 1] as const).map((i) => (
        <div className="sweep-axis" key={i}>
          <select
            aria-label={t(i === 0 ? "sweep.first" : "sweep.second")}
            value={axes[i].target}
            onChange={(event) => set(i, { target: event.target.value, text: "" })}
          >
            <option value="">{t(i === 0 ? "sweep.first" : "sweep.none")}</option>
            {targets.map(({ target, label }) => (
              <option key={target} value={target}>
                {label}
              </option>
            ))}
          </select>
          <input
            aria-label={t("sweep.values")}
            placeholder={t("sweep.values")}
            value={axes[i].text}
            disabled={axes[i].target === ""}
            onChange={(event) => set(i, { ...axes[i], text: event.target.value })}
          />
        </div>
      ))}
      <footer>
        <button
          type="button"
          className="run"
          disabled={count === 0 || count > MOST}
          onClick={() => void start()}
        >
          {t("sweep.run", { n: count })}
        </button>
      </footer>
      {cells.length > 0 && (
        <section
          className="sheet"
          aria-label={t("sweep.sheet")}
          style={{
            gridTemplateColumns: `repeat(${Math.max(1, columns.length || Math.min(4, cells.length))}, 1fr)`,
          }}
        >
          {cells.map((cell) => (
            <SheetCell key={cell.job.id} cell={cell} />
          ))}
        </section>
      )}
    </Dialog>
  );
}

function SheetCell({ cell: { labels, job } }: { cell: Cell }) {
  const picture = useRuns((runs) => runs.gallery.find((one) => one.job === job.id));
  const state = useRuns(
    (runs) =>
      [...runs.running, ...runs.queued, ...runs.recent].find((one) => one.id === job.id)?.state ??
      job.state,
  );
  return (
    <figure data-state={state}>
      {picture ? (
        <img src={picture.thumbnail} alt={labels.join(", ")} />
      ) : (
        <span>{t(`state.${state}`)}</span>
      )}
      <figcaption>{labels.join(" · ")}</figcaption>
    </figure>
  );
}

/** Values that can be swept: those of the form first. */
function useTargets() {
  const graph = useDocs(activeGraph);
  const catalog = useDocs((docs) => docs.catalog);
  return useMemo(() => {
    const { workflow } = activeTab();
    const named = Object.entries(graph.interface.inputs).map(([name, target]) => ({
      target,
      label: name,
    }));
    const others = Object.entries(graph.nodes).flatMap(([id, node]) =>
      Object.entries(catalog.find(workflow, node.type)?.inputs ?? {})
        .filter(([port, input]) => !input.socket && !isLinked(node.inputs[port]))
        .map(([port]) => ({ target: targetOf({ node: id, port }), label: `${id} · ${port}` })),
    );
    const taken = new Set(named.map(({ target }) => target));
    return [...named, ...others.filter(({ target }) => !taken.has(target))];
  }, [graph, catalog]);
}

/** What was typed, as values of the input's type; what does not fit is left out. */
function valuesOf(target: string, text: string): { text: string; value: Value }[] {
  const { node: id, port } = splitTarget(target);
  const node = activeGraph().nodes[id];
  const schema = node && useDocs.getState().catalog.find(activeTab().workflow, node.type);
  const input = schema && inputOf(schema, port);
  if (input === undefined) return [];
  const { name } = mainType(socketType(input));
  const parts = text.split(name === "STRING" ? /\s*[|\n]\s*/ : /[\s,]+/).filter((p) => p !== "");
  return parts.flatMap((part): { text: string; value: Value }[] => {
    if (name !== "INT" && name !== "FLOAT") return [{ text: part, value: part }];
    try {
      const value = parseJson(part);
      return isNumeric(value) ? [{ text: part, value }] : [];
    } catch {
      return [];
    }
  });
}
