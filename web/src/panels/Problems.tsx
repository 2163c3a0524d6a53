import "./Problems.css";
import { TriangleAlert } from "lucide-react";
import type { PackFault, Problem } from "../api/server";
import { graphAt, ROOT } from "../graph/model";
import { activeTab, leaveTo, rectAt, select, useDocs } from "../state/docs";
import { t } from "../state/messages/index";
import { packTold, usePacks } from "../state/packs";
import { told } from "../state/problems";
import { runOf, useRuns } from "../state/runs";
import { reveal } from "../state/viewport";
import { Fixes } from "../widgets/Fixes";
import { Dock } from "./Dock";

/** Go to where a problem is, into subgraphs if need be. */
export function jumpTo(node: string): void {
  const steps = node.split("/");
  const last = steps.pop() as string;
  leaveTo(0);
  const { workflow } = activeTab();
  const path: { node: string; graph: string }[] = [];
  let graph = graphAt(workflow, ROOT);
  for (const step of steps) {
    const type = graph.nodes[step]?.type;
    if (type === undefined) return;
    path.push({ node: step, graph: type });
    graph = graphAt(workflow, type);
  }
  if (path.length > 0) {
    const { active } = useDocs.getState();
    useDocs.setState(({ tabs }) => ({
      tabs: tabs.map((tab) => (tab.id === active ? { ...tab, path } : tab)),
    }));
  }
  select([last]);
  requestAnimationFrame(() => {
    const rect = rectAt(last);
    if (rect) reveal(rect);
  });
}

/**
 * Everything that keeps the workflow from running, and what failed in the last run; below, what the
 * server could not load, whatever the workflow.
 */
export function ProblemsPanel() {
  const tab = useDocs((docs) => activeTab(docs).id);
  const problems = useRuns((runs) => runOf(tab, runs).problems);
  const faults = usePacks((packs) => packs.faults);
  return (
    <Dock title={t("problems.title")} side="right" name="problems">
      {problems.length + faults.length === 0 && <p className="nothing">{t("problems.none")}</p>}
      <ul className="problem-list">
        {problems.map((problem, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list is replaced as a whole
          <li key={i}>
            <ProblemCard problem={problem} />
            <Fixes problem={problem} />
          </li>
        ))}
      </ul>
      {faults.length > 0 && (
        <section aria-label={t("problems.packs")}>
          <h3>{t("problems.packs")}</h3>
          <ul className="problem-list">
            {faults.map((fault) => (
              <li key={fault.text}>
                <PackCard fault={fault} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </Dock>
  );
}

function PackCard({ fault }: { fault: PackFault }) {
  const { packs, types } = fault;
  const { text, hint } = packTold(fault);
  return (
    <div className="problem">
      <span className="where">
        <TriangleAlert size={13} aria-hidden="true" />
        {packs.join(", ")}
      </span>
      <span>{text}</span>
      {types.length > 0 && <span>{t("problems.packTypes", { types: types.join(", ") })}</span>}
      {hint && <em>{hint}</em>}
    </div>
  );
}

function ProblemCard({ problem }: { problem: Problem }) {
  const { node, message, expected, got, code } = problem;
  const { port, text, hint } = told(problem);
  const body = (
    <>
      <span className="where">
        <TriangleAlert size={13} aria-hidden="true" />
        {node ? `${node}${port ? ` · ${port}` : ""}` : code}
      </span>
      <span title={message}>{text}</span>
      {(expected || got) && (
        <dl>
          {expected && (
            <>
              <dt>✓</dt>
              <dd>{expected}</dd>
            </>
          )}
          {got && (
            <>
              <dt>✗</dt>
              <dd>{got}</dd>
            </>
          )}
        </dl>
      )}
      {hint && <em>{hint}</em>}
    </>
  );
  if (!node) return <div className="problem">{body}</div>;
  return (
    <button
      type="button"
      className="problem"
      aria-label={`${t("problems.jump", { node })}: ${text}`}
      onClick={() => jumpTo(node)}
    >
      {body}
    </button>
  );
}
