/** What the run says of a node: on its head, and below it when something is wrong. */

import "./NodeStatus.css";
import { CircleDashed, Clock, History, Play, Repeat } from "lucide-react";
import { useShallow } from "zustand/react/shallow";
import { own } from "../api/dict";
import type { Explanation } from "../api/server";
import { activeTab, runKey, useDocs } from "../state/docs";
import { duration, t } from "../state/messages/index";
import { told } from "../state/problems";
import { runOf, stateOf, toldProblems, useRuns } from "../state/runs";
import { size } from "../state/units";
import { Clamped } from "../widgets/Clamped";
import { Fixes } from "../widgets/Fixes";

export function useRunKey(id: string): { tab: string; key: string } {
  return useDocs(
    useShallow((docs) => {
      const tab = activeTab(docs);
      return { tab: tab.id, key: runKey(tab, id) };
    }),
  );
}

export function useNodeRun(id: string) {
  const { tab, key } = useRunKey(id);
  return useRuns(
    useShallow((runs) => {
      const run = runOf(tab, runs);
      return {
        state: stateOf(run, key)?.state,
        problems: run.problems.length > 0 ? toldProblems(run, key).length : 0,
        pictures: own(run.pictures, key)?.length ?? 0,
        /** Ports with a problem, separated by spaces: a text compares by value. */
        badPorts:
          run.problems.length > 0
            ? toldProblems(run, key)
                .map((problem) => problem.port ?? "")
                .join(" ")
            : "",
      };
    }),
  );
}

export function NodeStatus({ id }: { id: string }) {
  const { tab, key } = useRunKey(id);
  const report = useRuns((runs) => stateOf(runOf(tab, runs), key));
  const progress = useRuns((runs) => own(runOf(tab, runs).progress, key));
  const explained = useRuns((runs) => own(runOf(tab, runs).explained ?? {}, key));
  if (report?.state === "running" && progress !== undefined) {
    const { value, total, rate, remaining } = progress;
    const left = remaining ? t("run.left", { time: duration(remaining) }) : "";
    const speed = rate ? t("run.rate", { rate: rate.toFixed(rate < 10 ? 1 : 0) }) : "";
    return (
      <>
        <span className="mark number" title={[speed, left].filter(Boolean).join(", ")}>
          {value}/{total}
          {speed && <span className="dim"> · {speed}</span>}
        </span>
        <progress className="meter" value={value} max={total} aria-label={t("state.running")} />
      </>
    );
  }
  if (report?.state === "running") {
    return (
      <>
        <CircleDashed className="mark spin" size={13} aria-label={t("state.running")} />
        <span className="meter endless" />
      </>
    );
  }
  if (explained !== undefined) return <Explained explanation={explained} />;
  if (report?.state === "cached") {
    return <History className="mark" size={13} aria-label={t("state.cached")} />;
  }
  if (report?.state === "done" && report.seconds != null) {
    const { seconds, bytes, why } = report;
    const told = [
      t("state.done"),
      t("state.took", { time: duration(seconds) }),
      ...(bytes ? [t("state.holds", { size: size(bytes) })] : []),
      ...(why ?? []).map((reason) => `· ${reason}`),
    ];
    return (
      <span className="mark number" title={told.join("\n")}>
        {duration(seconds)}
        {bytes ? <span className="dim"> · {size(bytes)}</span> : null}
      </span>
    );
  }
  return null;
}

const ICONS = { hit: History, trivial: Clock, runs: Play, depends: CircleDashed, always: Repeat };

function Explained({ explanation: { state, why } }: { explanation: Explanation }) {
  const Icon = ICONS[state];
  const text = [t(`explain.${state}`), ...why].join("\n· ");
  return (
    <span className={`mark explain ${state}`} title={text}>
      <Icon size={13} aria-label={text} />
    </span>
  );
}

/** Every problem of a node, below it, with what to do. */
export function NodeProblems({ id }: { id: string }) {
  const { tab, key } = useRunKey(id);
  const problems = useRuns(
    useShallow((runs) => {
      const run = runOf(tab, runs);
      return run.problems.length === 0 ? NONE : toldProblems(run, key);
    }),
  );
  if (problems.length === 0) return null;
  return (
    <ul className="node-problems nodrag">
      {problems.slice(0, 4).map((problem) => {
        const { port, text, hint } = told(problem);
        return (
          <li key={`${problem.code} ${problem.port}`} title={problem.message}>
            {port && <b>{port}</b>} <Clamped text={text} />
            {hint && <em> {hint}</em>} <Fixes problem={problem} />
          </li>
        );
      })}
    </ul>
  );
}

const NONE: readonly never[] = [];
