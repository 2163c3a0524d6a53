/** What the server does with the workflows: jobs, node states, progress, pictures, problems. */

import { create } from "zustand";
import { own } from "../api/dict";
import type { Artifact, Explanation, Job, NodeReport, Problem, Progress } from "../api/server";
import { pictureSource } from "./docs";

export interface Picture {
  readonly url: string;
  /** A small one for lists; the same for previews. */
  readonly thumbnail: string;
  readonly node: string;
  /** Null for an unfinished picture. */
  readonly artifact: Artifact | null;
  readonly job: string;
}

/** What is known of the runs of one tab. */
export interface TabRun {
  /** The job that is shown: the one that runs, else the one that ran last, else the next in line. */
  readonly job: string | null;
  /** Jobs of the tab that are not over, in the order in which they were asked for. */
  readonly open: readonly string[];
  /** Whether a job of the tab runs or waits. */
  readonly running: boolean;
  readonly states: Readonly<Record<string, NodeReport>>;
  readonly progress: Readonly<Record<string, Progress>>;
  readonly pictures: Readonly<Record<string, readonly Picture[]>>;
  /** Found before a run or by it; all of them. */
  readonly problems: readonly Problem[];
  /** Since a run was refused: what is not linked yet is told at the nodes too. */
  readonly refused: boolean;
  /** What the next run would do with each node; null when not asked. */
  readonly explained: Readonly<Record<string, Explanation>> | null;
}

export const NO_RUN: TabRun = {
  job: null,
  open: [],
  running: false,
  states: {},
  progress: {},
  pictures: {},
  problems: [],
  refused: false,
  explained: null,
};

interface Runs {
  readonly online: boolean;
  readonly running: readonly Job[];
  readonly queued: readonly Job[];
  readonly recent: readonly Job[];
  readonly tabs: Readonly<Record<string, TabRun>>;
  /** The latest steps of each running job, whoever asked for it. */
  readonly steps: Readonly<Record<string, Progress>>;
  /** Every picture that is known of, newest first. */
  readonly gallery: readonly Picture[];
}

export const useRuns = create<Runs>(() => ({
  online: false,
  running: [],
  queued: [],
  recent: [],
  tabs: {},
  steps: {},
  gallery: [],
}));

export function runOf(tab: string, state: Runs = useRuns.getState()): TabRun {
  return state.tabs[tab] ?? NO_RUN;
}

export function updateRun(tab: string, update: (run: TabRun) => Partial<TabRun>): void {
  useRuns.setState(({ tabs }) => {
    const run = tabs[tab] ?? NO_RUN;
    return { tabs: { ...tabs, [tab]: { ...run, ...update(run) } } };
  });
}

/** The job that Stop means, and whether it is the tab's own. */
export interface ToStop {
  readonly job: Job;
  readonly own: boolean;
  /** How many jobs wait behind it: the tab's, or all of them where the tab has none. */
  readonly behind: number;
}

/**
 * What Stop ends for a tab: the tab's job that runs, else its next in line. A tab without a job of
 * its own stops what runs for others, else what would run next.
 */
export function jobToStop(tab: string, state: Runs = useRuns.getState()): ToStop | null {
  const { open } = runOf(tab, state);
  const isOwn = open.length > 0;
  const mine = ({ id }: Job) => !isOwn || open.includes(id);
  const waiting = state.queued.filter(mine);
  const running = state.running.find(mine);
  const job = running ?? waiting[0];
  if (job === undefined) return null;
  return { job, own: isOwn, behind: running ? waiting.length : waiting.length - 1 };
}

pictureSource((tab, node) => (own(runOf(tab).pictures, node)?.length ?? 0) > 0);

/** The last finished picture of a tab; none while there is only a preview. */
export function finishedPicture(tab: string | null, runs: Runs): Picture | undefined {
  if (tab === null) return undefined;
  return Object.values(runOf(tab, runs).pictures)
    .flat()
    .findLast(({ artifact }) => artifact?.kind === "output");
}

const RANK = { failed: 4, running: 3, done: 2, cached: 1 } as const;

/** The state of a node; of a subgraph's instance, that of what is inside. */
export function stateOf(run: TabRun, key: string): NodeReport | undefined {
  const itself = own(run.states, key);
  if (itself !== undefined) return itself;
  let found: NodeReport | undefined;
  for (const [id, report] of Object.entries(run.states)) {
    if (!id.startsWith(`${key}/`)) continue;
    if (found === undefined || RANK[report.state] > RANK[found.state]) found = report;
  }
  return found;
}

/**
 * Those of a node's problems that are told on the canvas: while one builds, every new node lacks
 * its links, and that needs no red before one wants to run.
 */
export function toldProblems(run: TabRun, key: string): readonly Problem[] {
  const all = problemsOf(run, key);
  return run.refused ? all : all.filter(isFault);
}

/** How many problems are told without being asked for: a graph is not wrong for being unfinished. */
export function toldCount(run: TabRun): number {
  return run.refused ? run.problems.length : run.problems.filter(isFault).length;
}

/** What a graph lacks while one builds it. */
const UNFINISHED: readonly string[] = ["graph.missing_input", "graph.no_outputs"];

function isFault({ code }: Problem): boolean {
  return !UNFINISHED.includes(code);
}

/** Problems of a node, and of what is inside a subgraph's instance. */
export function problemsOf(run: TabRun, key: string): readonly Problem[] {
  return run.problems.filter(({ node }) => node === key || node?.startsWith(`${key}/`));
}
