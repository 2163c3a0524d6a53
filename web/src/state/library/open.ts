/** Opening, forking and putting away what the library has, and settling conflicts. */

import * as api from "../../api/library";
import { Draft } from "../../graph/edits";
import { readWorkflow } from "../../graph/file";
import { graphAt, ROOT, type Workflow } from "../../graph/model";
import { activate, activeTab, edit, editTab, newTab, tabById, useDocs } from "../docs";
import { t } from "../messages/index";
import { laidOut } from "../open";
import { isNarrow, say, setUi } from "../ui";
import { markForeign } from "./foreign";
import { bind, save, showVersion, tabOfEntry } from "./keeper";
import { showSharedPicture } from "./sharedPicture";
import { keptOf, libraryChanged, setKept } from "./store";

/** Do something with the library, and say so if it fails; null then. */
export async function attempt<T>(action: () => Promise<T>): Promise<T | null> {
  try {
    const result = await action();
    libraryChanged();
    return result;
  } catch (error) {
    say(error instanceof TypeError ? t("run.offline") : messageOf(error), "bad");
    return null;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A document of the library as a tab shows it, under the name it has there. */
async function shown(data: Parameters<typeof readWorkflow>[0], name: string): Promise<Workflow> {
  const workflow = await laidOut(readWorkflow(data));
  const { title } = graphAt(workflow, ROOT);
  if (title === name || (title === undefined && name === t("tab.untitled"))) return workflow;
  const draft = new Draft(workflow);
  draft.set(["graphs", ROOT, "title"], name);
  return draft.now;
}

export async function openEntry(entry: api.Entry): Promise<void> {
  const open = tabOfEntry(entry.id);
  if (open !== null) {
    activate(open);
    return;
  }
  await attempt(async () => {
    const workflow = await shown(await api.workflowDocument(entry.id, entry.revision), entry.name);
    const tab = newTab(workflow, { readOnly: entry.access === "viewer" });
    if (entry.access !== "owner") markForeign(tab);
    bind(tab, entry);
  });
}

/** Open what a share link leads to; whoever may edit it gets it as their own. */
export async function openShared(address: string): Promise<void> {
  const [link = "", query = ""] = address.split("?", 2);
  await attempt(async () => {
    const { workflow: entry, document } = await api.sharedWorkflow(decodeURIComponent(link));
    if (entry.access !== "viewer") return openEntry(entry);
    const tab = newTab(await shown(document, entry.name), { readOnly: true });
    markForeign(tab);
    bind(tab, entry, decodeURIComponent(link));
    showSharedPicture(tab, new URLSearchParams(query));
    // On a telephone a graph is far too small; what it asks for and gives is not.
    const { inputs } = graphAt(activeTab().workflow, ROOT).interface;
    if (isNarrow() && Object.keys(inputs).length > 0) setUi({ formOnly: true, right: null });
  });
}

/** Make a copy of one's own of what a tab shows, and go on in that. */
export async function forkTab(tab: string): Promise<void> {
  const kept = keptOf(tab);
  const entry = await attempt(async () => {
    if (kept.link !== null) return api.forkShared(kept.link);
    return kept.id === null ? null : api.forkWorkflow(kept.id, { revision: kept.base });
  });
  if (entry === null) return;
  bind(tab, entry);
  useDocs.setState(({ tabs }) => ({
    tabs: tabs.map((one) => (one.id === tab ? { ...one, readOnly: false } : one)),
  }));
  say(t("library.forked", { name: entry.name }));
}

export async function forkEntry({ id, name }: api.Entry): Promise<void> {
  const made = await attempt(() =>
    api.forkWorkflow(id, { name: t("library.copyOf", { name }).slice(0, 200) }),
  );
  if (made !== null) await openEntry(made);
}

export async function renameEntry(entry: api.Entry, name: string): Promise<void> {
  const text = name.trim();
  if (text === "" || text === entry.name) return;
  const open = tabOfEntry(entry.id);
  if (open === null) {
    await attempt(() => api.changeWorkflow(entry.id, { name: text }));
    return;
  }
  // An open one is renamed as any other change is made; its next save takes the name along.
  editTab(open, "file.rename", (draft) => draft.set(["graphs", ROOT, "title"], text));
  await save(open, true);
}

/** Put an entry into the trash, with a way back. */
export async function trashEntry(entry: api.Entry): Promise<void> {
  const done = await attempt(async () => {
    await api.deleteWorkflow(entry.id);
    return true;
  });
  if (done === null) return;
  const open = tabOfEntry(entry.id);
  if (open !== null) setKept(open, (kept) => ({ ...kept, phase: "trashed" }));
  say(t("library.trashed", { name: entry.name }), "plain", {
    label: t("view.undo"),
    perform: () => void untrashEntry(entry.id),
  });
}

export async function untrashEntry(id: string): Promise<void> {
  const entry = await attempt(() => api.restoreWorkflow(id));
  if (entry === null) return;
  const open = tabOfEntry(id);
  if (open === null) return;
  setKept(open, (kept) => ({ ...kept, phase: "idle" }));
  await save(open, true);
}

/** Keep what a tab has as a new entry: its old one is somebody else's affair from now on. */
export async function keepAsNew(tab: string, name?: string): Promise<void> {
  setKept(tab, (kept) => ({ ...kept, id: null, base: 0, phase: "idle", theirs: null, link: null }));
  if (name !== undefined) {
    editTab(tab, "file.rename", (draft) => draft.set(["graphs", ROOT, "title"], name));
  }
  await save(tab, false);
}

/** Share the workflow in front; it is saved first, as only what is in the library can be shared. */
export async function shareActive(): Promise<void> {
  const { id, readOnly, workflow, saved } = activeTab();
  if (!readOnly && (keptOf(id).id === null || workflow !== saved)) await save(id, false);
  setUi({ dialog: { kind: "share", entry: keptOf(id).id ?? "" } });
}

/** Settle a conflict with what somebody else saved; one's own version is one undo away. */
export async function takeTheirs(tab: string): Promise<void> {
  const { id, theirs } = keptOf(tab);
  if (id === null || theirs === null) return;
  await attempt(async () => {
    const workflow = readWorkflow(await api.workflowDocument(id, theirs));
    setKept(tab, (kept) => ({ ...kept, base: theirs, theirs: null, phase: "idle" }));
    showVersion(tab, "library.takeTheirs", workflow);
    setUi({ dialog: null });
  });
}

/** Settle a conflict with one's own version; the other stays among the revisions. */
export async function keepMine(tab: string): Promise<void> {
  const { theirs } = keptOf(tab);
  if (theirs === null) return;
  setKept(tab, (kept) => ({ ...kept, base: theirs, theirs: null, phase: "idle" }));
  setUi({ dialog: null });
  await save(tab, false);
}

/** Settle a conflict with both: one's own goes on as a copy. */
export async function keepBoth(tab: string): Promise<void> {
  const name = t("library.copyOf", { name: keptOf(tab).name }).slice(0, 200);
  setUi({ dialog: null });
  await keepAsNew(tab, name);
}

/** Go back to an earlier revision, as a change that can be undone. */
export async function restoreRevision(tab: string, number: number): Promise<void> {
  const { id } = keptOf(tab);
  if (id === null || tabById(tab) === undefined) return;
  const data = await attempt(() => api.workflowDocument(id, number));
  if (data === null) return;
  const workflow = await laidOut(readWorkflow(data));
  activate(tab);
  edit("history.restore", (draft) => {
    draft.set(["graphs"], workflow.graphs);
    draft.set(["requires"], workflow.requires);
  });
  say(t("history.restored", { n: number }));
}
