/** What an opened workflow needs that is not here, with a replacement at hand for each. */

import "./window.css";
import "./Report.css";
import { Box, CircleCheck, ImageIcon, Puzzle, TriangleAlert } from "lucide-react";
import { useEffect, useState } from "react";
import { upload } from "../api/client";
import type { FileCheck, NodeCheck, Report } from "../api/share";
import { type NamedFile, replaceFile } from "../graph/commands/files";
import { EMPTY_WORKFLOW, ROOT } from "../graph/model";
import { typeName } from "../graph/names";
import { activate, editTab, tabById, useDocs } from "../state/docs";
import { checkTab, useReports } from "../state/library/foreign";
import { attempt } from "../state/library/open";
import { t } from "../state/messages/index";
import { told } from "../state/problems";
import { loadFiles, loadModels } from "../state/resources";
import { fateOf, fateText, replaceType, standinsFor, usesOfType } from "../state/standins";
import { closeDialog, Dialog, DialogFooter } from "./Dialog";
import { jumpTo } from "./Problems";

export function ReportDialog({ tab }: { tab: string }) {
  const report = useReports((reports) => reports.byTab[tab]);
  const remarks = useReports((reports) => reports.remarks[tab]) ?? NONE;
  const title = useDocs(() => tabById(tab)?.workflow.graphs[""]?.title ?? t("tab.untitled"));
  // Rows stay when they are settled, so that one sees that they are.
  const [files, setFiles] = useState<readonly FileCheck[]>([]);
  useEffect(() => {
    const missing = report?.files.filter(({ ready }) => !ready) ?? [];
    setFiles((now) => [...now, ...missing.filter((one) => !now.some((old) => sameFile(old, one)))]);
  }, [report]);
  if (report === undefined) return null;
  const replace = async (file: NamedFile, name: string) => {
    const { catalog } = useDocs.getState();
    editTab(tab, "report.replace", (draft) => void replaceFile(draft, catalog, file, name));
    await attempt(() => checkTab(tab));
  };
  return (
    <Dialog title={t("report.title", { name: title })} name="report">
      <div className="share-body">
        <Summary report={report} />
        {files.length > 0 && (
          <section>
            <h3>{t("report.files")}</h3>
            <ul className="needs">
              {files.map((file) => (
                <FileRow
                  key={`${file.folder} ${file.name}`}
                  file={file}
                  settled={!report.files.some((now) => !now.ready && sameFile(now, file))}
                  onReplace={(name) =>
                    replace({ folder: file.folder ?? null, name: file.name }, name)
                  }
                />
              ))}
            </ul>
          </section>
        )}
        <Nodes report={report} tab={tab} />
        <Lacks report={report} tab={tab} />
        <Sentences title={t("report.remarks")} texts={remarks} />
        <Effects report={report} tab={tab} />
        <Sentences title={t("report.differs")} texts={report.differs} />
      </div>
      <footer>
        <button type="button" className="run" onClick={closeDialog}>
          {t("report.done")}
        </button>
      </footer>
    </Dialog>
  );
}

const NONE: readonly string[] = [];

function Sentences({ title, texts }: { title: string; texts: readonly string[] }) {
  if (texts.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <ul className="plain">
        {texts.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </section>
  );
}

function sameFile(a: FileCheck, b: FileCheck): boolean {
  return a.name === b.name && a.folder === b.folder;
}

/** Whether all is here that it names; values may be missing all the same. */
function isComplete(report: Report): boolean {
  return report.files.every(({ ready }) => ready) && !report.nodes.some(isMissing);
}

function isMissing({ state }: NodeCheck): boolean {
  return state === "missing";
}

function Summary({ report }: { report: Report }) {
  const { ready, problems } = report;
  const tone = ready ? "good" : isComplete(report) ? "warn" : "bad";
  const text = { good: "report.ready", warn: "report.lacks", bad: "report.notReady" } as const;
  return (
    <p className={`verdict ${tone}`} role="status">
      {ready ? <CircleCheck size={15} /> : <TriangleAlert size={15} />}
      {t(text[tone], { n: problems.length })}
    </p>
  );
}

/** What is still to be filled in or mended, such as a value that a replaced node has no default for. */
function Lacks({ report, tab }: { report: Report; tab: string }) {
  const { problems } = report;
  // What an unknown node lacks is told with the node.
  if (problems.length === 0 || report.nodes.some(isMissing)) return null;
  const go = (node: string) => {
    closeDialog();
    activate(tab);
    jumpTo(node);
  };
  return (
    <section>
      <h3>{t("report.toFix")}</h3>
      <ul className="needs">
        {problems.map((problem) => {
          const { port, text, hint } = told(problem);
          const { node, code, message } = problem;
          return (
            <li key={`${code} ${node} ${problem.port}`}>
              <TriangleAlert size={15} aria-hidden="true" />
              <div>
                <b>{[node, port].filter(Boolean).join(" · ") || code}</b>
                <small title={message}>
                  {text} {hint}
                </small>
              </div>
              {node && (
                <button type="button" className="quiet on" onClick={() => go(node)}>
                  {t("problems.jump", { node })}
                </button>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

interface RowProps {
  readonly file: FileCheck;
  readonly settled: boolean;
  readonly onReplace: (name: string) => Promise<void>;
}

function FileRow({ file, settled, onReplace }: RowProps) {
  const { folder, name, candidates, state, advice, sources } = file;
  const [all, setAll] = useState<readonly string[]>([]);
  const [chosen, setChosen] = useState(candidates[0] ?? "");
  useEffect(() => {
    let gone = false;
    const names = folder
      ? loadModels(folder).then((found) => found.map((one) => one.name))
      : loadFiles(name).then((found) => found.map((one) => one.name));
    void names.then((found) => !gone && setAll(found));
    return () => {
      gone = true;
    };
  }, [folder, name]);
  const options = [...new Set([...candidates, ...all])].filter((one) => one !== name);
  const value = options.includes(chosen) ? chosen : (options[0] ?? "");
  return (
    <li className={settled ? "settled" : ""}>
      {folder ? <Box size={15} aria-hidden="true" /> : <ImageIcon size={15} aria-hidden="true" />}
      <div>
        <b>{name}</b>
        <small>
          {settled
            ? t("report.settled")
            : t(state === "missing" ? "report.missing" : "report.other")}
          {folder && ` · ${folder}`}
        </small>
        {!settled && advice && <p>{advice}</p>}
        {!settled && sources.length > 0 && <code>{sources.join("\n")}</code>}
        {!settled && (
          <div className="link-row">
            {options.length > 0 && (
              <>
                <select
                  value={value}
                  aria-label={t("report.instead", { name })}
                  onChange={(event) => setChosen(event.target.value)}
                >
                  {options.map((one) => (
                    <option key={one} value={one}>
                      {one}
                    </option>
                  ))}
                </select>
                <button type="button" className="quiet on" onClick={() => void onReplace(value)}>
                  {t("report.replace")}
                </button>
              </>
            )}
            {!folder && <Upload onDone={onReplace} />}
            {folder && options.length === 0 && (
              <small>{t("widget.noModels", { kind: folder })}</small>
            )}
          </div>
        )}
      </div>
      {settled && <CircleCheck className="good" size={16} aria-hidden="true" />}
    </li>
  );
}

function Upload({ onDone }: { onDone: (name: string) => Promise<void> }) {
  return (
    <label className="quiet upload">
      {t("widget.upload")}
      <input
        type="file"
        accept="image/*"
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) void attempt(() => upload(file)).then((found) => found && onDone(found.name));
        }}
      />
    </label>
  );
}

/** Types that are not here. A row stays when it is settled, as those of files do. */
function Nodes({ report, tab }: { report: Report; tab: string }) {
  const [rows, setRows] = useState<readonly NodeCheck[]>([]);
  useEffect(() => {
    const missing = report.nodes.filter(isMissing);
    setRows((now) => [...now, ...missing.filter((one) => !now.some((old) => isSame(old, one)))]);
  }, [report]);
  if (rows.length === 0) return null;
  return (
    <section>
      <h3>{t("report.nodes")}</h3>
      <ul className="needs">
        {rows.map((node) => (
          <NodeRow key={node.type} node={node} tab={tab} />
        ))}
      </ul>
    </section>
  );
}

function isSame(a: NodeCheck, b: NodeCheck): boolean {
  return a.type === b.type;
}

function NodeRow({ node: { type, pack }, tab }: { node: NodeCheck; tab: string }) {
  const workflow = useDocs(() => tabById(tab)?.workflow) ?? EMPTY_WORKFLOW;
  const readOnly = useDocs(() => tabById(tab)?.readOnly === true);
  const [chosen, setChosen] = useState("");
  const [told, setTold] = useState("");
  const settled = usesOfType(workflow, type).length === 0;
  const options = settled || readOnly ? [] : standinsFor(workflow, type);
  const { schema } = options.find((one) => one.schema.type === chosen) ?? options[0] ?? {};
  const loss = schema && fateText(fateOf(workflow, type, schema));
  const replace = () => {
    if (schema === undefined) return;
    setTold(`${t("standin.done", { type: typeName(schema.type, schema) })} ${loss}`);
    replaceType(tab, type, schema);
    void attempt(() => checkTab(tab));
  };
  return (
    <li className={settled ? "settled" : ""}>
      <Puzzle size={15} aria-hidden="true" />
      <div>
        <b>{type}</b>
        <small>{settled ? told : pack ? t("report.pack", { pack }) : t("node.unknown")}</small>
        {schema && (
          <div className="link-row">
            <select
              value={schema.type}
              aria-label={t("report.instead", { name: type })}
              onChange={(event) => setChosen(event.target.value)}
            >
              {options.map((one) => (
                <option key={one.schema.type} value={one.schema.type}>
                  {typeName(one.schema.type, one.schema)}
                </option>
              ))}
            </select>
            <button type="button" className="quiet on" onClick={replace}>
              {t("report.replace")}
            </button>
          </div>
        )}
        {!settled && !readOnly && <small>{schema ? loss : t("standin.none")}</small>}
      </div>
      {settled && <CircleCheck className="good" size={16} aria-hidden="true" />}
    </li>
  );
}

/** What a workflow would do besides computing, with the nodes that do it. */
export function Effects({ report, tab }: { report: Report; tab: string }) {
  const workflow = tabById(tab)?.workflow ?? EMPTY_WORKFLOW;
  const named = (id: string) => {
    const node = workflow.graphs[ROOT]?.nodes[id.split("/")[0] ?? id];
    if (node === undefined) return id;
    const schema = useDocs.getState().catalog.find(workflow, node.type);
    return `${node.title ?? typeName(node.type, schema)} (${id})`;
  };
  if (report.effects.length === 0) return null;
  return (
    <section>
      <h3>{t("report.effects")}</h3>
      <ul className="plain">
        {report.effects.map((effect) => (
          <li key={effect}>
            {t(`effect.${effect}`)}
            <small>
              {" "}
              {effect === "packs"
                ? report.packs.join(", ")
                : report.touching[effect]?.map(named).join(", ")}
            </small>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Asked before a stranger's workflow runs. */
export function ConsentDialog() {
  const question = useReports((reports) => reports.question);
  // Closing the window is a no.
  useEffect(() => () => useReports.getState().question?.answer(false), []);
  if (question === null) return null;
  return (
    <Dialog title={t("consent.title")} name="consent">
      <div className="share-body">
        <p>{t("consent.text")}</p>
        <Effects report={question.report} tab={question.tab} />
      </div>
      <DialogFooter
        action={t("consent.run")}
        onAct={() => question.answer(true)}
        onCancel={() => question.answer(false)}
      />
    </Dialog>
  );
}
