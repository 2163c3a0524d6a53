/**
 * Saves every tab into the library a moment after it changed.
 *
 * A tab comes into the library with its first change, so that looking at a template or a file leaves
 * nothing behind. Saves of one tab follow each other; what is typed meanwhile goes with the next.
 */

import * as api from "../../api/library";
import { difference, isSame } from "../../graph/diff";
import { readWorkflow } from "../../graph/file";
import { graphAt, ROOT, type Workflow } from "../../graph/model";
import {
  activeTab,
  markSaved,
  replaceWorkflow,
  type Tab,
  tabById,
  tabTitle,
  useDocs,
} from "../docs";
import { documentOf } from "../documentOf";
import { t } from "../messages/index";
import { useRuns } from "../runs";
import { say, setUi } from "../ui";
import {
  answered,
  isDue,
  type Kept,
  NOT_KEPT,
  type Outcome,
  outcomeOf,
  reconnected,
  sending,
} from "./machine";
import { keptOf, libraryChanged, setKept, useLibrary } from "./store";
import { hearWindows, type Saved, tellWindows } from "./windows";

/** How long a person must pause, how long a change may wait at most, and when to try again. */
const PAUSE = 1200;
const LONGEST = 8000;
const AGAIN = 5000;

interface Timer {
  readonly handle: number;
  readonly first: number;
  readonly workflow: Workflow;
}

const timers = new Map<string, Timer>();
const underWay = new Map<string, Promise<void>>();

/** Every tab that may have to be saved: the open ones, and those closed lately. */
function candidates(): readonly Tab[] {
  const { tabs, closed } = useDocs.getState();
  return [...tabs, ...closed.map(({ tab }) => tab)];
}

function isEmpty({ workflow }: Tab): boolean {
  const { nodes, notes, groups } = graphAt(workflow, ROOT);
  return [nodes, notes, groups].every((items) => Object.keys(items).length === 0);
}

export function keepInLibrary(): void {
  useDocs.subscribe((docs, before) => {
    if (docs.tabs !== before.tabs || docs.closed !== before.closed || docs.ready !== before.ready) {
      schedule();
    }
    if (docs.active !== before.active) void lookForNewer();
  });
  useRuns.subscribe((runs, before) => {
    if (!runs.online || before.online) return;
    for (const tab of candidates()) setKept(tab.id, reconnected);
    schedule();
    void lookForNewer();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void lookForNewer();
  });
  // Windows side by side are all visible; somebody else's browser tells nothing.
  window.addEventListener("focus", () => void lookForNewer());
  hearWindows(takeOver);
}

/** Another window of this browser has saved a workflow: what is unchanged here follows it. */
function takeOver({ tab, entry, name }: Saved): void {
  const same = tabById(tab);
  if (same !== undefined && keptOf(tab).id === null && same.workflow === same.saved) {
    // It came into the library there: a change here must not bring it in once more.
    setKept(tab, (kept) => ({ ...kept, id: entry, name }));
  }
  libraryChanged();
  for (const { id } of candidates()) {
    if (keptOf(id).id === entry) void lookForNewer(id, false);
  }
}

function schedule(): void {
  // Without the node types a document cannot be written.
  if (!useDocs.getState().ready) return;
  const open = new Set(useDocs.getState().tabs.map((tab) => tab.id));
  for (const tab of candidates()) {
    const kept = keptOf(tab.id);
    if (tab.readOnly || !isDue(kept, tab.workflow, tab.saved)) continue;
    if (kept.id === null && isEmpty(tab)) continue;
    const timer = timers.get(tab.id);
    if (timer?.workflow === tab.workflow) continue;
    clearTimeout(timer?.handle);
    const first = timer?.first ?? Date.now();
    const wait = open.has(tab.id) ? Math.min(PAUSE, first + LONGEST - Date.now()) : 0;
    const handle = window.setTimeout(() => void save(tab.id, true), Math.max(0, wait));
    timers.set(tab.id, { handle, first, workflow: tab.workflow });
  }
}

/** Save a tab as it is now, after a save of it that is under way. */
export async function save(id: string, automatic: boolean, message?: string): Promise<void> {
  clearTimeout(timers.get(id)?.handle);
  timers.delete(id);
  const turn = (underWay.get(id) ?? Promise.resolve()).then(() => saveOnce(id, automatic, message));
  underWay.set(id, turn);
  await turn;
  if (underWay.get(id) === turn) underWay.delete(id);
  schedule();
}

async function saveOnce(id: string, automatic: boolean, message?: string): Promise<void> {
  const tab = tabById(id);
  const kept = keptOf(id);
  if (tab === undefined || tab.readOnly || kept.phase === "conflict") return;
  if (automatic && !isDue(kept, tab.workflow, tab.saved)) return;
  const { workflow } = tab;
  setKept(id, () => sending(kept, workflow));
  let outcome: Outcome;
  try {
    outcome = await send(kept, tab, automatic, message);
  } catch (error) {
    outcome = await understood(error, kept, workflow);
  }
  setKept(id, (now) => answered(now, outcome));
  if (outcome.kind === "stored") {
    markSaved(id, workflow);
    libraryChanged();
    tellWindows({ tab: id, entry: outcome.id, name: outcome.name });
  } else if (outcome.kind === "unreachable") {
    window.setTimeout(() => {
      setKept(id, reconnected);
      schedule();
    }, AGAIN);
  } else if (outcome.kind === "conflict") {
    setUi((ui) => (ui.dialog === null ? { dialog: { kind: "conflict", tab: id } } : {}));
  }
}

async function send(kept: Kept, tab: Tab, automatic: boolean, message?: string): Promise<Outcome> {
  const name = nameOf(tab);
  const document = documentOf(tab);
  const { id } = kept;
  if (id === null) {
    const made = await api.createWorkflow(name, document);
    return { kind: "stored", id: made.id, base: made.revision, name, at: made.changed };
  }
  const made = await api.saveWorkflow(id, {
    document,
    base: kept.base,
    automatic,
    ...(message !== undefined && { message }),
  });
  if (name !== kept.name) await api.changeWorkflow(id, { name });
  return { kind: "stored", id, base: made.number, name, at: made.created };
}

/** What a failure means, after a look at what the server has. */
async function understood(error: unknown, kept: Kept, mine: Workflow): Promise<Outcome> {
  const outcome = outcomeOf(error);
  if (kept.id === null) return outcome;
  try {
    if (outcome.kind === "conflict") {
      // The answer to an earlier save may have been lost: then theirs is ours.
      const theirs = readWorkflow(await api.workflowDocument(kept.id, outcome.head));
      if (!isSame(difference(theirs, mine))) return outcome;
      const { id, name } = kept;
      return { kind: "stored", id, base: outcome.head, name, at: Date.now() / 1000 };
    }
    if (outcome.kind === "gone" && (await api.workflowEntry(kept.id)).deleted) {
      return { kind: "trashed" };
    }
  } catch {
    // What was found out first stands.
  }
  return outcome;
}

export function nameOf(tab: Tab): string {
  return (tabTitle(tab).trim() || t("tab.untitled")).slice(0, 200);
}

/** Save the active tab by hand: a revision that stays. */
export async function saveActive(message?: string): Promise<void> {
  const { id, readOnly } = activeTab();
  if (readOnly) {
    say(t("library.readOnly"));
    return;
  }
  if (keptOf(id).phase === "conflict") {
    setUi({ dialog: { kind: "conflict", tab: id } });
    return;
  }
  await save(id, false, message);
  const { phase, base, reason } = keptOf(id);
  if (phase === "offline") say(t("library.saveOffline"), "bad");
  else if (phase === "refused") say(t("library.refused", { reason: reason ?? "" }), "bad");
  else if (phase === "idle") say(t("library.savedAs", { n: base }));
}

/** If a tab has nothing unsaved and a newer revision was saved elsewhere, show that one. */
async function lookForNewer(id: string = activeTab().id, told = true): Promise<void> {
  const kept = keptOf(id);
  if (kept.id === null || kept.link !== null || kept.phase !== "idle") return;
  const clean = () => {
    const tab = tabById(id);
    return tab !== undefined && tab.workflow === tab.saved && keptOf(id) === kept;
  };
  if (!clean()) return;
  try {
    const entry = await api.workflowEntry(kept.id);
    if (entry.revision <= kept.base || entry.deleted) return;
    const newer = readWorkflow(await api.workflowDocument(kept.id, entry.revision));
    if (!clean()) return;
    setKept(id, (now) => ({ ...now, base: entry.revision, name: entry.name, at: entry.changed }));
    showVersion(id, "library.newer", newer);
    if (told) say(t("library.newer", { n: entry.revision }));
  } catch {
    // Asked again the next time one looks.
  }
}

/** Put a version that the library has into a tab. */
export function showVersion(id: string, label: string, workflow: Workflow): void {
  replaceWorkflow(id, label, workflow, label);
  markSaved(id);
}

/** Bind a tab to an entry of the library. */
export function bind(tab: string, entry: api.Entry, link: string | null = null): void {
  setKept(tab, ({ accepts }) => ({
    ...NOT_KEPT,
    accepts,
    id: entry.id,
    base: entry.revision,
    name: entry.name,
    access: entry.access,
    owner: entry.owner,
    at: entry.changed,
    link,
  }));
}

/** The open tab of an entry, if there is one. */
export function tabOfEntry(entry: string): string | null {
  const { kept } = useLibrary.getState();
  return useDocs.getState().tabs.find(({ id }) => kept[id]?.id === entry)?.id ?? null;
}
