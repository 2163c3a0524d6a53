import "./Queue.css";
import { ArrowDown, ArrowUp, ListX, RotateCcw, Trash2, Workflow, X } from "lucide-react";
import { useEffect } from "react";
import { cancelJob, deleteJob, jobWorkflow, moveJob, retryJob } from "../api/client";
import type { Job } from "../api/server";
import { duration, paceOf, t } from "../state/messages/index";
import { openData } from "../state/open";
import { loadPast } from "../state/pictures";
import { steer } from "../state/run";
import { useRuns } from "../state/runs";
import { setUi, useUi } from "../state/ui";
import { Clamped } from "../widgets/Clamped";
import { IconButton } from "../widgets/IconButton";
import { Dock } from "./Dock";
import { FactsLine } from "./FactsLine";

/** What runs, what waits, what was. */
export function QueuePanel() {
  const { running, queued, recent } = useRuns();
  useEffect(() => void loadPast(), []);
  // What they may have written stays.
  const vain = recent.filter(({ state }) => state !== "done");
  const nothing = running.length + queued.length + recent.length === 0;
  return (
    <Dock
      title={t("queue.title")}
      side="right"
      name="queue"
      tools={
        <>
          {queued.length > 1 && (
            <Act
              label={t("queue.clear")}
              icon={<ListX size={14} />}
              onPress={() => Promise.all(queued.map(({ id }) => cancelJob(id)))}
            />
          )}
          {vain.length > 0 && (
            <Act
              label={t("queue.forget")}
              icon={<Trash2 size={13} />}
              onPress={() => Promise.all(vain.map(({ id }) => deleteJob(id)))}
            />
          )}
        </>
      }
    >
      {nothing && <p className="nothing">{t("queue.empty")}</p>}
      <Jobs title={t("queue.running")} jobs={running}>
        {(job) => (
          <>
            <JobProgress job={job} />
            <Act label={t("run.cancel")} onPress={() => cancelJob(job.id)} icon={<X size={13} />} />
          </>
        )}
      </Jobs>
      <Jobs title={t("queue.waiting")} jobs={queued}>
        {(job, i) => (
          <>
            {i > 0 && (
              <Act
                label={t("queue.up")}
                icon={<ArrowUp size={13} />}
                onPress={() => moveJob(job.id, { before: queued[i - 1]?.id ?? "" })}
              />
            )}
            {i < queued.length - 1 && (
              <Act
                label={t("queue.down")}
                icon={<ArrowDown size={13} />}
                onPress={() =>
                  i + 2 < queued.length
                    ? moveJob(job.id, { before: queued[i + 2]?.id ?? "" })
                    : moveJob(job.id, { to: "back" })
                }
              />
            )}
            <Act label={t("run.cancel")} onPress={() => cancelJob(job.id)} icon={<X size={13} />} />
          </>
        )}
      </Jobs>
      <Jobs title={t("queue.history")} jobs={recent}>
        {(job) => (
          <>
            <Act label={t("queue.show")} icon={<Workflow size={13} />} onPress={() => show(job)} />
            {job.state !== "done" && (
              <Act
                label={t("queue.retry")}
                icon={<RotateCcw size={13} />}
                onPress={() => retryJob(job.id)}
              />
            )}
          </>
        )}
      </Jobs>
    </Dock>
  );
}

interface JobsProps {
  readonly title: string;
  readonly jobs: readonly Job[];
  readonly children: (job: Job, index: number) => React.ReactNode;
}

function Jobs({ title, jobs, children }: JobsProps) {
  if (jobs.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <ul className="jobs">
        {jobs.map((job, i) => (
          <li key={job.id} data-job={job.id} data-state={job.state}>
            <span className="dot" aria-hidden="true" />
            <Thumbnail job={job} />
            <div>
              <b>{job.title ?? job.id}</b>
              <small>
                <Clamped text={told(job)} />
              </small>
              <FactsLine job={job.id} />
              {job.state === "running" && <JobPace job={job} />}
            </div>
            {children(job, i)}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The picture that a job gave; pressed, it is shown large. */
function Thumbnail({ job }: { job: Job }) {
  const index = useRuns((runs) => runs.gallery.findIndex((picture) => picture.job === job.id));
  const picture = useRuns((runs) => runs.gallery[index]);
  if (!picture || job.state !== "done") return null;
  const name = picture.artifact?.file ?? "";
  return (
    <button
      type="button"
      className="thumb"
      aria-label={name}
      onClick={() => setUi({ dialog: { kind: "picture", index } })}
    >
      <img src={picture.thumbnail} alt="" loading="lazy" />
    </button>
  );
}

/** Open what a job ran as a workflow of its own. */
async function show(job: Job): Promise<void> {
  await openData(await jobWorkflow(job.id), job.title ?? job.id);
}

function told(job: Job): string {
  const language = useUi.getState().language === "zh" ? "zh-CN" : "en-GB";
  const at = new Date(job.finished ?? job.started ?? job.created);
  const parts = [t(`state.${job.state}`), at.toLocaleTimeString(language)];
  if (job.seconds != null) parts.push(duration(job.seconds));
  if (job.ran != null && job.state === "done") {
    parts.push(t("queue.summary", { ran: job.ran, cached: job.cached ?? 0 }));
  }
  if (job.error) parts.push(job.error.message);
  return parts.join(" · ");
}

function JobPace({ job }: { job: Job }) {
  const progress = useRuns((runs) => runs.steps[job.id]);
  return progress ? <small>{paceOf(progress)}</small> : null;
}

function JobProgress({ job }: { job: Job }) {
  const progress = useRuns((runs) => runs.steps[job.id]);
  if (!progress) return null;
  return <progress value={progress.value} max={progress.total} aria-label={t("state.running")} />;
}

function Act({
  label,
  icon,
  onPress,
}: {
  label: string;
  icon: React.ReactNode;
  onPress: () => Promise<unknown>;
}) {
  return (
    <IconButton label={label} onClick={() => void steer(onPress)}>
      {icon}
    </IconButton>
  );
}
