/** Run the workflow for every combination of a few values, and see the pictures as a sheet. */

import "./Sweep.css";
import { Download, Square } from "lucide-react";
import { useMemo } from "react";
import { inputOf } from "../graph/catalog";
import { isLinked, splitTarget, targetOf } from "../graph/model";
import { type Swept, sweptValues } from "../graph/sweep";
import { activeGraph, activeTab, useDocs } from "../state/docs";
import { t } from "../state/messages/index";
import { type Picture, useRuns } from "../state/runs";
import { setAxis, startSweep, stopSweep, useSweep } from "../state/sweep";
import { say } from "../state/ui";
import { Dialog } from "./Dialog";
import { saveSheet } from "./sheet";

const MOST = 100;

export function SweepDialog() {
  const axes = useSweep((sweep) => sweep.axes);
  const starting = useSweep((sweep) => sweep.starting);
  const targets = useTargets();
  const [rows = [], columns = []] = axes.map(({ target, text }) => valuesOf(target, text));
  const nameOf = (i: 0 | 1) =>
    targets.find(({ target }) => target === axes[i].target)?.label ?? axes[i].target;
  const count = rows.length * Math.max(1, columns.length);
  const tooMany = count > MOST;
  return (
    <Dialog title={t("sweep.title")} name="sweep">
      <p className="note-line">{t("sweep.text")}</p>
      {([0, 1] as const).map((i) => (
        <div className="sweep-axis" key={i}>
          <select
            aria-label={t(i === 0 ? "sweep.first" : "sweep.second")}
            value={axes[i].target}
            onChange={(event) => setAxis(i, { target: event.target.value, text: "" })}
          >
            <option value="">{t(i === 0 ? "sweep.first" : "sweep.none")}</option>
            {targets
              .filter(({ target }) => i === 0 || target !== axes[0].target)
              .map(({ target, label }) => (
                <option key={target} value={target}>
                  {label}
                </option>
              ))}
          </select>
          <input
            aria-label={t("sweep.values")}
            placeholder={t("sweep.example")}
            value={axes[i].text}
            disabled={axes[i].target === ""}
            onChange={(event) => setAxis(i, { ...axes[i], text: event.target.value })}
          />
        </div>
      ))}
      <footer>
        <p className={tooMany ? "bad" : ""}>{tooMany && t("sweep.many", { n: MOST })}</p>
        <button
          type="button"
          className="run"
          disabled={count === 0 || tooMany || starting}
          onClick={() => void startSweep(rows, columns, [nameOf(0), nameOf(1)])}
        >
          {count === 0 ? t("run.run") : t("sweep.run", { n: count })}
        </button>
      </footer>
      <Sheet />
    </Dialog>
  );
}

/** A row for each first value, a column for each second. */
function Sheet() {
  const { names, rows, columns, cells } = useSweep();
  const gallery = useRuns((runs) => runs.gallery);
  const pictures = useMemo(
    () => cells.map(({ job }) => gallery.find((one) => one.job === job)),
    [cells, gallery],
  );
  const runs = useRuns();
  const going = new Set([...runs.running, ...runs.queued].map(({ id }) => id));
  const open = cells.map(({ job }) => job).filter((job) => going.has(job));
  if (cells.length === 0) return null;
  const flat = columns.length === 0;
  // One value only is shown side by side, as many as fit.
  const across = flat ? Math.min(4, cells.length) : columns.length;
  const save = () => {
    const found = cells.map((cell, i) => ({ ...cell, url: pictures[i]?.url ?? null }));
    saveSheet(names, rows, columns, found).catch((error: unknown) =>
      say(error instanceof Error ? error.message : String(error), "bad"),
    );
  };
  return (
    <section className="sheet" aria-label={t("sweep.sheet")}>
      <header>
        <h3>{t("sweep.sheet")}</h3>
        {open.length > 0 && (
          <>
            <small role="status">
              {t("sweep.done", {
                done: cells.length - open.length,
                all: rows.length * Math.max(1, columns.length),
              })}
            </small>
            <button type="button" className="quiet" onClick={() => void stopSweep(open)}>
              <Square size={11} fill="currentColor" aria-hidden="true" /> {t("sweep.stop")}
            </button>
          </>
        )}
        <button
          type="button"
          className="quiet"
          disabled={pictures.every((picture) => picture === undefined)}
          onClick={save}
        >
          <Download size={13} /> {t("results.download")}
        </button>
      </header>
      <div
        className="sheet-grid"
        style={{
          gridTemplateColumns: `${flat ? "" : "auto "}repeat(${across}, minmax(0, 1fr))`,
        }}
      >
        {!flat && (
          <small className="corner">
            {names[0]} ↓<br />
            {names[1]} →
          </small>
        )}
        {columns.map((column) => (
          <b key={column}>{column}</b>
        ))}
        {cells.map((cell, i) => (
          <SheetCell
            key={cell.job}
            job={cell.job}
            picture={pictures[i]}
            label={
              flat
                ? `${names[0]} ${rows[cell.row]}`
                : `${names[0]} ${rows[cell.row]} · ${names[1]} ${columns[cell.column]}`
            }
            row={!flat && cell.column === 0 ? (rows[cell.row] ?? "") : null}
            captioned={flat}
          />
        ))}
      </div>
    </section>
  );
}

interface CellProps {
  readonly job: string;
  readonly picture: Picture | undefined;
  readonly label: string;
  /** The row's own label, before its first picture. */
  readonly row: string | null;
  readonly captioned: boolean;
}

function SheetCell({ job, picture, label, row, captioned }: CellProps) {
  const found = useRuns((runs) =>
    [...runs.running, ...runs.queued, ...runs.recent].find((one) => one.id === job),
  );
  const state = found?.state ?? "queued";
  return (
    <>
      {row !== null && <b className="side">{row}</b>}
      <figure data-state={state}>
        {picture ? (
          <a href={picture.url} target="_blank" rel="noreferrer" aria-label={label}>
            <img src={picture.url} alt={label} />
          </a>
        ) : (
          <span title={found?.error?.message}>{t(`state.${state}`)}</span>
        )}
        {captioned && <figcaption>{label}</figcaption>}
      </figure>
    </>
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
        .map(([port, { label = port }]) => ({
          target: targetOf({ node: id, port }),
          label: `${id} · ${label}`,
        })),
    );
    const taken = new Set(named.map(({ target }) => target));
    return [...named, ...others.filter(({ target }) => !taken.has(target))];
  }, [graph, catalog]);
}

function valuesOf(target: string, text: string): readonly Swept[] {
  if (target === "") return [];
  const { node: id, port } = splitTarget(target);
  const node = activeGraph().nodes[id];
  const schema = node && useDocs.getState().catalog.find(activeTab().workflow, node.type);
  const input = schema && inputOf(schema, port);
  return input === undefined ? [] : sweptValues(text, input);
}
