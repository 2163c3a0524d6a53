/** Running the active workflow, and asking what a run would do. */

import * as api from "../api/client";
import type { JsonObject, Value } from "../api/json";
import type { Problem } from "../api/server";
import { setValue } from "../graph/commands/values";
import { graphAt, isLinked, ROOT, type Workflow } from "../graph/model";
import { nextSeed, seedMode } from "../graph/seeds";
import { activeTab, editUnasked, type Tab, tabTitle, useDocs } from "./docs";
import { documentOf } from "./documentOf";
import { acceptedEffects, isForeign } from "./library/foreign";
import { t } from "./messages/index";
import { jobToStop, runOf, type ToStop, updateRun } from "./runs";
import { accepted } from "./sync";
import { dismiss, say, setUi, useUi } from "./ui";

/** Queue the active workflow. */
export async function run(set?: JsonObject): Promise<api.Refused | null> {
  const tab = activeTab();
  const title = tabTitle(tab) || t("tab.untitled");
  try {
    if (set === undefined && isForeign(tab.id)) {
      // Nobody is asked whether something may run that cannot.
      const problems = await api.validate(documentOf(tab));
      if (problems.length > 0) {
        reject(tab.id, problems, "");
        return null;
      }
    }
    const accepts = await acceptedEffects(tab.id);
    if (accepts === false) return null;
    const workflow = documentOf(tab);
    const scope = tab.id;
    const more = { ...(set && { set }), ...(accepts && { accepts }) };
    const job = await api.submit({ workflow, title, scope, ...more });
    accepted(tab.id, job);
    advanceSeeds(tab);
    return null;
  } catch (error) {
    return refuse(tab.id, error);
  }
}

/** What was said of a run that was refused; it is taken back when nothing is left to fix. */
let refusal = 0;

function refuse(tab: string, error: unknown): api.Refused | null {
  if (!(error instanceof api.Refused)) {
    say(t("run.offline"), "bad");
    return null;
  }
  reject(tab, error.problems, error.message);
  return error;
}

function reject(tab: string, problems: readonly Problem[], message: string): void {
  // What runs meanwhile goes on being shown.
  const past = runOf(tab).running ? {} : { states: {}, progress: {} };
  updateRun(tab, () => ({ problems, refused: true, explained: null, ...past }));
  const placed = problems.some((problem) => problem.node);
  refusal = say(placed ? t("run.rejected", { n: problems.length }) : message, "bad");
  if (placed) setUi({ right: "problems" });
}

/** Give seeds that are to change after a run their next value. */
function advanceSeeds(tab: Tab): void {
  const next: [string, string, string, Value][] = [];
  for (const [at, graph] of Object.entries(tab.workflow.graphs)) {
    for (const [node, place] of Object.entries(graph.places)) {
      for (const [port, text] of Object.entries(place.seeds ?? {})) {
        const value = graph.nodes[node]?.inputs[port];
        const mode = seedMode(text);
        if (mode !== "fixed" && !isLinked(value)) {
          next.push([at, node, port, nextSeed(value, mode, drawSeed)]);
        }
      }
    }
  }
  editUnasked(tab.id, (draft) => {
    for (const [at, node, port, value] of next) {
      if (graphAt(draft.now, at).nodes[node]) setValue(draft, at, { node, port }, value);
    }
  });
}

export function drawSeed(): bigint {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  // 53 bits: every tool that reads the file reads this number exactly.
  return (BigInt(high & 0x1fffff) << 32n) | BigInt(low);
}

/** Stop what runs of the active workflow, else what of it would run next, and say which. */
export async function cancelActive(): Promise<void> {
  const found = jobToStop(activeTab().id);
  if (found === null) return;
  await steer(async () => {
    await api.cancelJob(found.job.id);
    say(stopText(found));
  });
}

/** What Stop does, in words. */
export function stopText({ job, own, behind }: ToStop): string {
  const name = job.title ?? job.id;
  const what = job.state === "running" ? "run.stopped" : "run.unqueued";
  const more = behind > 0 ? ` ${t("run.behind", { n: behind })}` : "";
  return `${t(what, { name })}${own ? "" : ` ${t("run.notOwn")}`}${more}`;
}

/** Do something with the queue, and say so if the server refuses. */
export async function steer(action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), "bad");
  }
}

let checking = 0;
let checked: Workflow | null = null;

/** Look for problems, and for what would run, a moment after each change, while nothing runs. */
export function watchProblems(): () => void {
  const check = async () => {
    const tab = activeTab();
    const state = useDocs.getState();
    if (!state.ready || runOf(tab.id).running) return;
    const wanted = useUi.getState().explain && !tab.transient;
    if (wanted && runOf(tab.id).explained === null) void askWhatRuns(tab);
    if (tab.workflow === checked) return;
    checked = tab.workflow;
    if (Object.keys(graphAt(tab.workflow, ROOT).nodes).length === 0) {
      if (runOf(tab.id).problems.length > 0)
        updateRun(tab.id, () => ({ problems: [], refused: false }));
      return;
    }
    try {
      const problems = await api.validate(documentOf(tab));
      if (activeTab().workflow !== tab.workflow) return;
      updateRun(tab.id, (run) => ({ problems, refused: run.refused && problems.length > 0 }));
      if (problems.length === 0) dismiss(refusal);
    } catch (error) {
      if (error instanceof api.Refused && activeTab().workflow === tab.workflow) {
        updateRun(tab.id, () => ({ problems: error.problems }));
      }
    }
  };
  return useDocs.subscribe((docs, before) => {
    const [now, old] = [activeTab(docs), activeTab(before)];
    if (now.workflow === old.workflow && docs.ready === before.ready && now.id === old.id) return;
    if (now.id === old.id && runOf(now.id).explained !== null) {
      updateRun(now.id, () => ({ explained: null }));
    }
    clearTimeout(checking);
    checking = window.setTimeout(() => void check(), 600);
  });
}

/** Mark every node with what the next run would do with it, now and after each change; or no more. */
export async function explain(): Promise<void> {
  const tab = activeTab();
  const on = !useUi.getState().explain;
  setUi({ explain: on });
  if (!on) updateRun(tab.id, () => ({ explained: null }));
  else await askWhatRuns(tab, (error) => void refuse(tab.id, error));
}

/** A graph with problems has no plan; that is said below its nodes, not again. */
async function askWhatRuns(tab: Tab, onError: (error: unknown) => void = () => {}): Promise<void> {
  try {
    const found = await api.explain(documentOf(tab), tab.id);
    const explained = Object.fromEntries(found.map((one) => [one.node, one]));
    const current = activeTab().workflow === tab.workflow && useUi.getState().explain;
    if (current && !runOf(tab.id).running) updateRun(tab.id, () => ({ explained }));
  } catch (error) {
    onError(error);
  }
}
