/** Keeps every tab in the browser, so that nothing is lost with the page or without the server. */

import { get, set } from "idb-keyval";
import { dictOf } from "../api/dict";
import { compactJson, isObject, parseJson, type Value } from "../api/json";
import { readWorkflow } from "../graph/file";
import { EMPTY_HISTORY } from "../graph/history";
import { EMPTY_WORKFLOW } from "../graph/model";
import { isDirty, type Tab, useDocs } from "./docs";
import { documentOf } from "./documentOf";
import { catchUp, setOpen } from "./following";
import { type Kept as InLibrary, NOT_KEPT } from "./library/machine";
import { keptOf, setKept, useLibrary } from "./library/store";
import { runOf, updateRun, useRuns } from "./runs";

const KEY = "weft.tabs";
const PAUSE = 300;

interface KeptTab {
  readonly id: string;
  readonly dirty: boolean;
  readonly document: Value;
  readonly job: string | null;
  /** Jobs that were not over. */
  readonly open?: readonly string[];
  readonly library?: Pick<
    InLibrary,
    "id" | "base" | "name" | "access" | "owner" | "at" | "link" | "accepts"
  >;
}

interface Kept {
  readonly active: string;
  readonly tabs: readonly KeptTab[];
  /** Closed ones: what the library does not have yet goes there after all. */
  readonly closed?: readonly (KeptTab & { readonly place: number })[];
}

/** Put back what was open. Needs the node types, which say what a bypassed node passes on. */
export async function restoreTabs(): Promise<void> {
  const text = await get<string>(KEY).catch(() => undefined);
  if (text === undefined) return;
  const data = parseJson(text);
  if (!isObject(data) || !Array.isArray(data["tabs"])) return;
  const kept = data as unknown as Kept;
  const tabs = kept.tabs.flatMap(readTab);
  const closed = (kept.closed ?? []).flatMap((one) =>
    readTab(one).map((tab) => ({ tab, at: one.place })),
  );
  const first = tabs[0];
  if (first === undefined) return;
  const active = tabs.some((tab) => tab.id === kept.active) ? kept.active : first.id;
  for (const { id, library } of [...kept.tabs, ...(kept.closed ?? [])]) {
    if (library !== undefined) setKept(id, () => ({ ...NOT_KEPT, ...library }));
  }
  useDocs.setState({ tabs, active, closed });
  for (const { id, job, open = [] } of kept.tabs) {
    if (job === null) continue;
    updateRun(id, () => ({ job }));
    setOpen(id, open);
    void catchUp(id);
  }
}

function readTab({ id, dirty, document, library }: KeptTab): Tab[] {
  try {
    const workflow = readWorkflow(document);
    return [
      {
        id,
        workflow,
        history: EMPTY_HISTORY,
        saved: dirty ? EMPTY_WORKFLOW : workflow,
        path: [],
        selection: new Set(),
        views: dictOf(),
        ...(library?.access === "viewer" && { readOnly: true }),
      },
    ];
  } catch {
    return []; // written by another version; the others are not lost for it
  }
}

function keptTab(tab: Tab): KeptTab {
  const { id, base, name, access, owner, at, link, accepts } = keptOf(tab.id);
  return {
    id: tab.id,
    dirty: isDirty(tab),
    document: documentOf(tab) as Value,
    job: runOf(tab.id).job,
    open: runOf(tab.id).open,
    ...((id !== null || accepts !== null) && {
      library: { id, base, name, access, owner, at, link, accepts },
    }),
  };
}

/** Save a moment after each change, and at once when the page is left. */
export function keepTabs(): () => void {
  let timer = 0;
  let last = "";
  const save = () => {
    clearTimeout(timer);
    timer = 0;
    const { tabs, active, closed } = useDocs.getState();
    const kept: Kept = {
      active,
      tabs: tabs.filter((tab) => !tab.transient).map(keptTab),
      closed: closed.map(({ tab, at }) => ({ ...keptTab(tab), place: at })),
    };
    const text = compactJson(kept);
    if (text === last) return;
    last = text;
    void set(KEY, text).catch(() => {
      last = ""; // a full store; tried again with the next change
    });
  };
  const later = () => {
    if (timer === 0) timer = window.setTimeout(save, PAUSE);
  };
  const stops = [
    useDocs.subscribe(later),
    useLibrary.subscribe((library, before) => library.kept !== before.kept && later()),
    useRuns.subscribe((runs, before) => runs.tabs !== before.tabs && later()),
  ];
  const hide = () => document.visibilityState === "hidden" && timer !== 0 && save();
  document.addEventListener("visibilitychange", hide);
  window.addEventListener("pagehide", save);
  return () => {
    for (const stop of stops) stop();
    document.removeEventListener("visibilitychange", hide);
    window.removeEventListener("pagehide", save);
  };
}
