import { TriangleAlert } from "lucide-react";
import type { Problem } from "../api/server";
import {
  activeGraph,
  activeTab,
  leaveTo,
  rectAt,
  schemaOfType,
  select,
  useDocs,
} from "../app/docs";
import { t } from "../app/messages";
import { runOf, useRuns } from "../app/runs";
import { reveal } from "../canvas/viewport";
import { inputOf } from "../graph/catalog";
import { graphAt, ROOT } from "../graph/model";
import { Dock } from "./Docks";

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

/** Everything that keeps the workflow from running, and what failed in the last run. */
export function ProblemsPanel() {
  const tab = useDocs((docs) => activeTab(docs).id);
  const problems = useRuns((runs) => runOf(tab, runs).problems);
  return (
    <Dock title={t("problems.title")} side="right" name="problems">
      {problems.length === 0 && <p className="nothing">{t("problems.none")}</p>}
      <ul className="problem-list">
        {problems.map((problem, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list is replaced as a whole
          <li key={i}>
            <ProblemCard problem={problem} />
          </li>
        ))}
      </ul>
    </Dock>
  );
}

/** What a port is called, if its node is in the graph one looks at. */
function labelOf(node: string, port: string): string {
  const schema = schemaOfType(activeGraph().nodes[node]?.type ?? "");
  return (schema && inputOf(schema, port)?.label) ?? schema?.outputs[port]?.label ?? port;
}

function ProblemCard({ problem }: { problem: Problem }) {
  const { node, port, message, expected, got, hint, code } = problem;
  const body = (
    <>
      <span className="where">
        <TriangleAlert size={13} aria-hidden="true" />
        {node ? `${node}${port ? ` · ${labelOf(node, port)}` : ""}` : code}
      </span>
      <span>{message}</span>
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
      aria-label={`${t("problems.jump", { node })}: ${message}`}
      onClick={() => jumpTo(node)}
    >
      {body}
    </button>
  );
}
