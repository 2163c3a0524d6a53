/** Brings the server's events into the store. */

import { queue } from "../api/client";
import type { Job, NodeReport, Problem, Progress, ServerEvent } from "../api/server";
import { beginningOf } from "../graph/shorten";
import {
  began,
  catchUp,
  ended,
  follow,
  isOver,
  keepOpen,
  setOpen,
  settle,
  shownIn,
  tabOf,
} from "./following";
import { t } from "./messages/index";
import { addArtifact, showPreview } from "./pictures";
import { runOf, updateRun, useRuns } from "./runs";
import { say } from "./ui";

const HISTORY = 200;

export function receive(events: readonly ServerEvent[]): void {
  for (const event of events) receiveOne(event);
}

function receiveOne(event: ServerEvent): void {
  switch (event.type) {
    case "snapshot":
      takeSnapshot(event);
      return;
    case "job":
      placeJob(event.job);
      return;
    case "deleted":
      useRuns.setState(({ recent }) => ({ recent: recent.filter((j) => j.id !== event.job) }));
      return;
    case "nodes": {
      const tab = shownIn(event.job);
      if (tab !== null) {
        updateRun(tab, (run) => ({
          states: { ...run.states, ...event.nodes },
          problems: withFailures(run.problems, event.nodes),
        }));
      }
      return;
    }
    case "progress": {
      const tab = shownIn(event.job);
      const { progress, job } = event;
      useRuns.setState(({ steps }) => ({ steps: { ...steps, [job]: progress } }));
      if (tab !== null) {
        updateRun(tab, (run) => ({ progress: { ...run.progress, [progress.node]: progress } }));
      }
      return;
    }
    case "preview":
      showPreview(event, shownIn(event.job));
      return;
    case "artifact":
      addArtifact(event.job, event.artifact, shownIn(event.job));
      return;
    case "resumed":
    case "queue":
      return;
  }
}

/** The job may go on for long with what does not need a failed node, whose reason is told now. */
function withFailures(
  known: readonly Problem[],
  nodes: Readonly<Record<string, NodeReport>>,
): readonly Problem[] {
  const failures = Object.values(nodes).flatMap(({ problem }) => (problem ? [problem] : []));
  for (const { message } of failures) say(beginningOf(message), "bad");
  const said = new Set(known.map(({ node, message }) => `${node} ${message}`));
  const fresh = failures.filter(({ node, message }) => !said.has(`${node} ${message}`));
  return fresh.length > 0 ? [...known, ...fresh] : known;
}

function takeSnapshot({
  queue,
  recent,
  progress,
}: Extract<ServerEvent, { type: "snapshot" }>): void {
  const latest = Object.entries(progress).flatMap(([job, all]): [string, Progress][] =>
    all[0] ? [[job, all[0]]] : [],
  );
  useRuns.setState({
    running: queue.running,
    queued: queue.queued,
    recent,
    steps: Object.fromEntries(latest),
  });
  const listed = new Set([...queue.running, ...queue.queued].map(({ id }) => id));
  // A long line is told of in part; what is not named may stand further back.
  const all = queue.waiting <= queue.queued.length;
  const over = new Set(recent.map(({ id }) => id));
  for (const tab of Object.keys(useRuns.getState().tabs)) {
    const { open } = runOf(tab);
    setOpen(
      tab,
      open.filter((id) => listed.has(id) || !(all || over.has(id))),
    );
    void catchUp(tab);
    settle(tab);
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

/** A job was accepted for a tab. */
export function accepted(tab: string, job: Job): void {
  follow(tab, job);
  // Its events may have come before the answer; they know more.
  const { running, recent } = useRuns.getState();
  placeJob([...running, ...recent].find(({ id }) => id === job.id) ?? job);
}

/** A job is in another state, or was accepted. */
function placeJob(job: Job): void {
  if (job.state === "queued" && useRuns.getState().queued.length > 0) askForQueue();
  const before = useRuns.getState().running.some(({ id }) => id === job.id);
  useRuns.setState(({ running, queued, recent, steps }) => {
    const without = (jobs: readonly Job[]) => jobs.filter((one) => one.id !== job.id);
    const inLine = (jobs: readonly Job[]) =>
      jobs.some((one) => one.id === job.id)
        ? jobs.map((one) => (one.id === job.id ? job : one))
        : [...jobs, job];
    const { [job.id]: _, ...others } = steps;
    return {
      running: job.state === "running" ? inLine(running) : without(running),
      queued: job.state === "queued" ? inLine(queued) : without(queued),
      recent: isOver(job) ? [job, ...without(recent)].slice(0, HISTORY) : without(recent),
      ...(job.state !== "running" && { steps: others }),
    };
  });
  const tab = tabOf(job.id);
  if (tab !== null) keepOpen(tab, job);
  if (job.state === "running" && !before) began(job.id);
  if (tab === null || !isOver(job)) return;
  ended(tab, job);
  if (job.state === "failed" || job.state === "lost") {
    say(beginningOf(job.error?.message ?? t("run.failed")), "bad");
  }
}
