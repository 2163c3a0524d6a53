/** The workflow as a form: only the values that its interface names, and what it gives. */

import { Maximize2, Minimize2, Play, Square } from "lucide-react";
import { memo } from "react";
import { activeGraph, activeTab, edit, graphName, runKey, useDocs } from "../app/docs";
import { paceOf, t } from "../app/messages";
import { cancelActive, run } from "../app/run";
import { runOf, useRuns } from "../app/runs";
import { setUi, useUi } from "../app/ui";
import { inputOf } from "../graph/catalog";
import { renameExposed } from "../graph/commands/ports";
import { splitTarget } from "../graph/model";
import { IconButton } from "../widgets/IconButton";
import { Widget } from "../widgets/Widget";
import { Dock } from "./Docks";
import { Interface } from "./Interface";

export function FormPanel() {
  const inside = useDocs((docs) => graphName(activeTab(docs)) !== "");
  const named = useDocs((docs) => Object.keys(activeGraph(docs).interface.outputs).length > 0);
  if (inside) {
    return (
      <Dock title={t("port.title")} side="right" name="form-dock">
        <p className="note-line">{t("port.hint")}</p>
        <Interface sides={["inputs", "outputs"]} />
      </Dock>
    );
  }
  return (
    <Dock
      title={t("form.title")}
      side="right"
      name="form-dock"
      tools={
        <IconButton label={t("form.full")} onClick={() => setUi({ formOnly: true, right: null })}>
          <Maximize2 size={13} />
        </IconButton>
      }
    >
      <FormFields />
      {named && <Interface sides={["outputs"]} />}
    </Dock>
  );
}

/** The form in place of the canvas. */
export function FormPage() {
  const title = useDocs((docs) => activeGraph(docs).title);
  const about = useDocs((docs) => activeGraph(docs).description);
  const tab = useDocs((docs) => activeTab(docs).id);
  const running = useRuns((runs) => runOf(tab, runs).running);
  return (
    <main className="form-page">
      <section className="form-card">
        <header>
          <h1>{title ?? t("tab.untitled")}</h1>
          {about && <p>{about}</p>}
        </header>
        <FormFields />
        <footer>
          <button type="button" className="run" onClick={() => void run()}>
            <Play size={13} fill="currentColor" /> {t("run.run")}
          </button>
          {running && (
            <button type="button" className="quiet" onClick={() => void cancelActive()}>
              <Square size={12} fill="currentColor" aria-hidden="true" /> {t("run.cancel")}
            </button>
          )}
          <button type="button" className="quiet" onClick={() => setUi({ formOnly: false })}>
            <Minimize2 size={13} /> {t("form.graph")}
          </button>
        </footer>
      </section>
      <FormOutputs />
    </main>
  );
}

function FormFields() {
  const inputs = useDocs((docs) => activeGraph(docs).interface.inputs);
  const names = Object.entries(inputs);
  if (names.length === 0) return <p className="nothing">{t("form.empty")}</p>;
  return (
    <div className="form-fields">
      {names.map(([name, target]) => (
        <FormField key={name} name={name} target={target} />
      ))}
    </div>
  );
}

const FormField = memo(function FormField({ name, target }: { name: string; target: string }) {
  const { node: id, port } = splitTarget(target);
  const full = useUi((ui) => ui.formOnly);
  const node = useDocs((docs) => activeGraph(docs).nodes[id]);
  const schema = useDocs((docs) => {
    const type = activeGraph(docs).nodes[id]?.type;
    const found =
      type === undefined ? undefined : docs.catalog.find(activeTab(docs).workflow, type);
    return found && inputOf(found, port);
  });
  if (node === undefined || schema === undefined) {
    return <p className="nothing">{`${name}: ${target}`}</p>;
  }
  // A name that a person gave is shown as it is.
  const shown = name === port ? (schema.label ?? name) : name;
  return (
    <div
      className={`form-field ${schema.multiline ? "tall" : schema.file ? "tall file-field" : ""}`}
    >
      {!full && (
        <input
          className="form-name"
          defaultValue={name}
          aria-label={`${t("node.rename")} ${name}`}
          onBlur={(event) => {
            const to = event.target.value.trim();
            if (to === name) return;
            edit("form.rename", (draft, at) => renameExposed(draft, at, "inputs", name, to));
          }}
          onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
        />
      )}
      <Widget node={id} port={port} schema={schema} given={node.inputs[port]} label={shown} />
    </div>
  );
});

function FormOutputs() {
  const tab = useDocs(activeTab);
  const outputs = useDocs((docs) => activeGraph(docs).interface.outputs);
  const { pictures, job, running } = useRuns((runs) => runOf(tab.id, runs));
  const progress = useRuns((runs) => Object.values(runOf(tab.id, runs).progress)[0]);
  const named = Object.entries(outputs).map(([name, target]) => {
    const key =
      graphName(tab) === "" ? splitTarget(target).node : runKey(tab, splitTarget(target).node);
    return { name, shown: pictures[key] ?? [] };
  });
  const fallback = Object.values(pictures).flat();
  const found = named.flatMap(({ shown }) => shown);
  // While it is made one sees it come; then what was asked for.
  const unfinished = fallback.filter((one) => running && one.job === job && one.artifact === null);
  const made = found.some((one) => one.job === job);
  const all = unfinished.length > 0 && !made ? unfinished : found.length > 0 ? found : fallback;
  const [first] = all;
  return (
    <section className="form-outputs" aria-label={t("form.outputs")}>
      <div className="form-progress">
        {progress ? (
          <>
            <progress value={progress.value} max={progress.total} aria-label={t("state.running")} />
            <small>{paceOf(progress)}</small>
          </>
        ) : (
          running && <small role="status">{t("state.running")}…</small>
        )}
      </div>
      {first ? (
        <img src={first.url} alt={first.artifact?.file ?? ""} />
      ) : (
        <p className="nothing">{t("form.nothing")}</p>
      )}
      {all.length > 1 && (
        <ul className="gallery">
          {all.slice(1).map((picture) => (
            <li key={picture.url}>
              <img src={picture.thumbnail} alt={picture.artifact?.file ?? ""} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
