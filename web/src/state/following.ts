/**
 * Which job a tab shows. A tab may have asked for several: it shows the one that runs, and turns to
 * the next when that begins, so that what waits hides nothing.
 */

import { job as fetchJob } from "../api/client";
import type { Job } from "../api/server";
import { addArtifact } from "./pictures";
import { runOf, type TabRun, updateRun, useRuns } from "./runs";

export const isOver = (job: Job) => !["queued", "running"].includes(job.state);

/** The tab that asked for a job, or shows it. */
export function tabOf(job: string): string | null {
  const { tabs } = useRuns.getState();
  const has = (tab: string) => tabs[tab]?.job === job || tabs[tab]?.open.includes(job) === true;
  return Object.keys(tabs).find(has) ?? null;
}

/**
 * The tab that shows a job of which something is told, which turns to it unless another job of the
 * tab still runs. That a quick job began is not told, only what its nodes did.
 */
export function shownIn(job: string): string | null {
  const tab = tabOf(job);
  if (tab === null) return null;
  const { job: shown } = runOf(tab);
  if (shown === job) return tab;
  if (useRuns.getState().running.some(({ id }) => id === shown)) return null;
  turnTo(tab, job);
  return tab;
}

/** Nothing is known of the job that is shown now. The pictures stay until there are others. */
const CLEAN = {
  states: {},
  progress: {},
  problems: [],
  refused: false,
  explained: null,
} satisfies Partial<TabRun>;

function turnTo(tab: string, job: string): void {
  updateRun(tab, () => ({ ...CLEAN, job }));
  // It may have begun a while ago, beside the one that was shown.
  void catchUp(tab);
}

/** Show a job of a tab that runs, where the one that is shown does not. */
export function settle(tab: string): void {
  const { job, open } = runOf(tab);
  const { running } = useRuns.getState();
  if (running.some(({ id }) => id === job)) return;
  const next = running.find(({ id }) => open.includes(id));
  if (next !== undefined) turnTo(tab, next.id);
}

/** A tab has these jobs that are not over. */
export function setOpen(tab: string, open: readonly string[]): void {
  updateRun(tab, () => ({ open, running: open.length > 0 }));
}

/** A job was started, for the first time or again: what was known of an earlier try is gone. */
export function began(job: string): void {
  const tab = shownIn(job);
  if (tab !== null) updateRun(tab, () => ({ ...CLEAN }));
}

/** Take down whether a job of a tab is over. */
export function keepOpen(tab: string, job: Job): void {
  const { open } = runOf(tab);
  if (isOver(job)) forget(tab, job.id);
  else if (!open.includes(job.id)) setOpen(tab, [...open, job.id]);
}

function forget(tab: string, job: string): void {
  setOpen(
    tab,
    runOf(tab).open.filter((id) => id !== job),
  );
}

/** What was going on when a job ended is not going on any more. */
export function ended(tab: string, job: Job): void {
  // A quick one may be over before it is told that it began; one that never ran shows nothing.
  if (job.state !== "cancelled") shownIn(job.id);
  if (runOf(tab).job === job.id) {
    updateRun(tab, (run) => ({ progress: {}, states: atRest(run.states) }));
    if (job.state !== "done") void catchUp(tab);
  }
  settle(tab);
}

function atRest(states: TabRun["states"]): TabRun["states"] {
  return Object.fromEntries(
    Object.entries(states).filter(([, report]) => report.state !== "running"),
  );
}

/** Ask for everything about a tab's job: after a failure, or after having been away. */
export async function catchUp(tab: string): Promise<void> {
  const { job: id } = runOf(tab);
  if (id === null) return;
  try {
    const asked = runOf(tab).states;
    const detail = await fetchJob(id);
    if (runOf(tab).job !== id) return;
    // Events may have overtaken the answer: what they said since it was asked for is newer.
    const since = Object.entries(runOf(tab).states).filter(
      ([node, report]) => asked[node] !== report,
    );
    const over = isOver(detail) || useRuns.getState().recent.some((job) => job.id === id);
    if (over) forget(tab, id);
    else keepOpen(tab, detail);
    const states = { ...detail.node_states, ...Object.fromEntries(since) };
    updateRun(tab, () => ({
      states: over ? atRest(states) : states,
      progress: Object.fromEntries(detail.progress.map((p) => [p.node, p])),
      problems: detail.problems,
    }));
    for (const artifact of detail.artifacts) addArtifact(id, artifact, tab);
    if (over && !isOver(detail)) await catchUp(tab);
  } catch {
    // It was deleted, or the server is away again: what is shown stays.
  }
}

/** A job was accepted for a tab. */
export function follow(tab: string, job: Job): void {
  const { job: shown, open } = runOf(tab);
  setOpen(tab, [...open, job.id]);
  updateRun(tab, () => ({ refused: false, explained: null }));
  if (shown === null || !open.includes(shown)) turnTo(tab, job.id);
}
