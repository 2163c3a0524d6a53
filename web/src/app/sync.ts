/** Brings the server's events into the store. */

import { job as fetchJob, fileUrl, queue } from "../api/client";
import type { Artifact, Job, ServerEvent } from "../api/server";
import { activeTab } from "./docs";
import { t } from "./messages";
import { NO_RUN, type Picture, runOf, type TabRun, updateRun, useRuns } from "./runs";
import { say } from "./ui";

const HISTORY = 200;
const isOver = (job: Job) => !["queued", "running"].includes(job.state);

/** The tab that waits for a job. */
function tabOf(job: string): string | null {
  const { tabs } = useRuns.getState();
  return Object.keys(tabs).find((tab) => tabs[tab]?.job === job) ?? null;
}

export function receive(events: readonly ServerEvent[]): void {
  for (const event of events) receiveOne(event);
}

function receiveOne(event: ServerEvent): void {
  switch (event.type) {
    case "snapshot":
      useRuns.setState({
        running: event.queue.running,
        queued: event.queue.queued,
        recent: event.recent,
      });
      for (const tab of Object.keys(useRuns.getState().tabs)) void catchUp(tab);
      return;
    case "job":
      placeJob(event.job);
      return;
    case "deleted":
      useRuns.setState(({ recent }) => ({ recent: recent.filter((j) => j.id !== event.job) }));
      return;
    case "nodes": {
      const tab = tabOf(event.job);
      if (tab !== null) updateRun(tab, (run) => ({ states: { ...run.states, ...event.nodes } }));
      // The job may go on for long with what does not need the failed node.
      for (const { problem } of Object.values(event.nodes)) {
        if (tab !== null && problem) say(problem.message, "bad");
      }
      return;
    }
    case "progress": {
      const tab = tabOf(event.job);
      const { progress } = event;
      if (tab !== null) {
        updateRun(tab, (run) => ({ progress: { ...run.progress, [progress.node]: progress } }));
      }
      return;
    }
    case "preview":
      showPreview(event);
      return;
    case "artifact":
      addArtifact(event.job, event.artifact);
      return;
    case "resumed":
    case "queue":
      return;
  }
}

let asking = 0;

/** Events do not say where in the line a job came to stand, so the line is asked for. */
function askForQueue(): void {
  clearTimeout(asking);
  asking = window.setTimeout(() => {
    queue().then(
      // Events may have overtaken the answer: it says in which order jobs wait, not which ones.
      (now) =>
        useRuns.setState(({ queued }) => {
          const line = now.queued.map(({ id }) => id);
          const place = ({ id }: Job) => (line.includes(id) ? line.indexOf(id) : line.length);
          return { queued: queued.toSorted((a, b) => place(a) - place(b)) };
        }),
      () => undefined, // the next event asks again
    );
  }, 50);
}

function placeJob(job: Job): void {
  if (job.state === "queued" && useRuns.getState().queued.length > 0) askForQueue();
  useRuns.setState(({ running, queued, recent }) => {
    const without = (jobs: readonly Job[]) => jobs.filter((one) => one.id !== job.id);
    const inLine = (jobs: readonly Job[]) =>
      jobs.some((one) => one.id === job.id)
        ? jobs.map((one) => (one.id === job.id ? job : one))
        : [...jobs, job];
    return {
      running: job.state === "running" ? [...without(running), job] : without(running),
      queued: job.state === "queued" ? inLine(queued) : without(queued),
      recent: isOver(job) ? [job, ...without(recent)].slice(0, HISTORY) : without(recent),
    };
  });
  const tab = tabOf(job.id);
  if (tab !== null && job.state === "running" && !runOf(tab).running) {
    updateRun(tab, () => ({ running: true, states: {}, problems: [] })); // it is tried again
  }
  if (tab === null || !isOver(job)) return;
  updateRun(tab, (run) => ({
    running: false,
    progress: {},
    // What was going on when the job ended is not going on any more.
    states: Object.fromEntries(
      Object.entries(run.states).filter(([, report]) => report.state !== "running"),
    ),
  }));
  if (job.state !== "done") void catchUp(tab);
  if (job.state === "failed" || job.state === "lost")
    say(job.error?.message ?? t("run.failed"), "bad");
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
    updateRun(tab, () => ({
      running: !over,
      states: { ...detail.node_states, ...Object.fromEntries(since) },
      progress: Object.fromEntries(detail.progress.map((p) => [p.node, p])),
      problems: detail.problems,
    }));
    for (const artifact of detail.artifacts) addArtifact(id, artifact);
    if (over && !isOver(detail)) await catchUp(tab);
  } catch {
    // It was deleted, or the server is away again: what is shown stays.
  }
}

function showPreview(event: Extract<ServerEvent, { type: "preview" }>): void {
  const tab = tabOf(event.job);
  if (tab === null) {
    URL.revokeObjectURL(event.url);
    return;
  }
  const { node, job, url } = event;
  const picture: Picture = { url, thumbnail: url, node, artifact: null, job };
  updateRun(tab, (run) => {
    release(run, node);
    return { pictures: { ...run.pictures, [node]: [picture] } };
  });
}

function release(run: TabRun, node: string): void {
  for (const old of run.pictures[node] ?? []) {
    if (old.artifact === null) setTimeout(() => URL.revokeObjectURL(old.url), 2000);
  }
}

function addArtifact(job: string, artifact: Artifact): void {
  if (!artifact.media_type.startsWith("image/")) return;
  const kind = artifact.kind;
  const picture: Picture = {
    url: fileUrl(kind, artifact.file),
    thumbnail: fileUrl(kind, artifact.file, 256),
    node: artifact.node,
    artifact,
    job,
  };
  const same = (p: Picture) => p.artifact?.id === artifact.id && p.job === job;
  useRuns.setState(({ gallery }) => {
    if (gallery.some(same)) return {};
    // The newest is first; what is asked for later may be older.
    const place = gallery.findIndex((one) => (one.artifact?.created ?? "") <= artifact.created);
    const at = place < 0 ? gallery.length : place;
    return { gallery: gallery.toSpliced(at, 0, picture).slice(0, HISTORY) };
  });
  const tab = tabOf(job);
  if (tab === null) return;
  updateRun(tab, (run) => {
    const shown = run.pictures[artifact.node] ?? [];
    if (shown.some(same)) return {};
    release(run, artifact.node);
    const kept = shown.filter((p) => p.job === job && p.artifact !== null);
    return { pictures: { ...run.pictures, [artifact.node]: [...kept, picture] } };
  });
}

const asked = new Set<string>();

/** Ask for the pictures of earlier jobs, those of the last first, until all are known. */
export async function loadPast(): Promise<void> {
  for (;;) {
    const { recent, gallery } = useRuns.getState();
    const known = new Set(gallery.map((picture) => picture.job));
    const next = recent.find(
      ({ id, state }) => state === "done" && !known.has(id) && !asked.has(id),
    );
    if (next === undefined) return;
    asked.add(next.id);
    try {
      for (const artifact of (await fetchJob(next.id)).artifacts) addArtifact(next.id, artifact);
    } catch {
      // It was deleted meanwhile, or the server is away: its pictures are not shown.
    }
  }
}

/** A job was accepted for a tab. */
export function follow(tab: string, job: Job): void {
  updateRun(tab, ({ pictures }) => ({ ...NO_RUN, pictures, job: job.id, running: true }));
  // Its events may have come before the answer; they know more.
  const { running, recent } = useRuns.getState();
  if (![...running, ...recent].some((one) => one.id === job.id)) placeJob(job);
  // It may have begun before the answer came.
  void catchUp(tab);
}

export function runningHere(): boolean {
  return runOf(activeTab().id).running;
}
