/** The workflow as a form: only the values that its interface names, and what it gives. */

import "./Form.css";
import { Maximize2, Minimize2, Play, Square } from "lucide-react";
import { memo } from "react";
import { inputOf } from "../graph/catalog";
import { renameExposed } from "../graph/commands/ports";
import { splitTarget } from "../graph/model";
import { activeGraph, activeTab, edit, graphName, useDocs } from "../state/docs";
import { t } from "../state/messages/index";
import { INPUTS } from "../state/messages/templates.zh";
import { cancelActive, run } from "../state/run";
import { runOf, useRuns } from "../state/runs";
import { setUi, useUi } from "../state/ui";
import { IconButton } from "../widgets/IconButton";
import { Widget } from "../widgets/Widget";
import { Dock } from "./Dock";
import { FormOutputs } from "./FormOutputs";
import { InterfaceEditor, PortTools } from "./InterfaceEditor";

export function FormPanel() {
  const inside = useDocs((docs) => graphName(activeTab(docs)) !== "");
  const named = useDocs((docs) => Object.keys(activeGraph(docs).interface.outputs).length > 0);
  if (inside) {
    return (
      <Dock title={t("port.title")} side="right" name="form-dock">
        <p className="note-line">{t("port.hint")}</p>
        <InterfaceEditor sides={["inputs", "outputs"]} />
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
      <FormOutputs />
      {named && <InterfaceEditor sides={["outputs"]} />}
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
      {names.map(([name, target], i) => (
        <FormField
          key={name}
          name={name}
          target={target}
          first={i === 0}
          last={i === names.length - 1}
        />
      ))}
    </div>
  );
}

interface FieldProps {
  readonly name: string;
  readonly target: string;
  readonly first: boolean;
  readonly last: boolean;
}

const FormField = memo(function FormField({ name, target, first, last }: FieldProps) {
  const { node: id, port } = splitTarget(target);
  const full = useUi((ui) => ui.formOnly);
  const language = useUi((ui) => ui.language);
  const node = useDocs((docs) => activeGraph(docs).nodes[id]);
  const schema = useDocs((docs) => {
    const type = activeGraph(docs).nodes[id]?.type;
    const found =
      type === undefined ? undefined : docs.catalog.find(activeTab(docs).workflow, type);
    return found && inputOf(found, port);
  });
  const tools = full ? null : (
    <div className="form-tools">
      <PortTools side="inputs" name={name} first={first} last={last} />
    </div>
  );
  if (node === undefined || schema === undefined) {
    return (
      <div className="form-field">
        <p className="nothing">{`${name}: ${target}`}</p>
        {tools}
      </div>
    );
  }
  // A name that a person gave is shown as it is; those of the templates are known.
  const known = language === "zh" && Object.hasOwn(INPUTS, name) ? INPUTS[name] : undefined;
  const shown = (name === port ? schema.label : undefined) ?? known ?? name;
  return (
    <div
      className={`form-field ${schema.multiline ? "tall" : schema.file ? "tall file-field" : ""}`}
    >
      {!full && (
        <input
          className="form-name"
          title={shown}
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
      {tools}
      <Widget node={id} port={port} schema={schema} given={node.inputs[port]} label={shown} />
    </div>
  );
});
