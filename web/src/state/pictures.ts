/** Pictures that jobs give, finished and not: those of every job, and those that a tab shows. */

import { job as fetchJob, fileUrl } from "../api/client";
import { own } from "../api/dict";
import type { Artifact, ServerEvent } from "../api/server";
import { type Picture, type TabRun, updateRun, useRuns } from "./runs";

const MOST = 200;

/** Show an unfinished picture in a tab; null for a job that no tab shows. */
export function showPreview(
  event: Extract<ServerEvent, { type: "preview" }>,
  tab: string | null,
): void {
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
  for (const old of own(run.pictures, node) ?? []) {
    if (old.artifact === null) setTimeout(() => URL.revokeObjectURL(old.url), 2000);
  }
}

/** Take in a file that a job has written: for the results, and for the tab that shows the job. */
export function addArtifact(job: string, artifact: Artifact, tab: string | null): void {
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
    return { gallery: gallery.toSpliced(at, 0, picture).slice(0, MOST) };
  });
  if (tab === null) return;
  updateRun(tab, (run) => {
    const shown = own(run.pictures, artifact.node) ?? [];
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
      const { artifacts } = await fetchJob(next.id);
      for (const artifact of artifacts) addArtifact(next.id, artifact, null);
    } catch {
      // It was deleted meanwhile, or the server is away: its pictures are not shown.
    }
  }
}
