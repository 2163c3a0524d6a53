/** Keeps every tab in the browser, so that nothing is lost with the page. */

import { get, set } from "idb-keyval";
import { compactJson, isObject, parseJson, type Value } from "../api/json";
import { readWorkflow } from "../graph/file";
import { EMPTY_HISTORY } from "../graph/history";
import { EMPTY_WORKFLOW } from "../graph/model";
import { isDirty, type Tab, useDocs } from "./docs";
import { documentOf } from "./run";
import { runOf, updateRun, useRuns } from "./runs";
import { catchUp } from "./sync";

const KEY = "weft.tabs";
const PAUSE = 300;

interface Kept {
  readonly active: string;
  readonly tabs: readonly {
    readonly id: string;
    readonly dirty: boolean;
    readonly document: Value;
    readonly job: string | null;
  }[];
}

/** Put back what was open. Needs the node types, which say what a bypassed node passes on. */
export async function restoreTabs(): Promise<void> {
  const text = await get<string>(KEY).catch(() => undefined);
  if (text === undefined) return;
  const data = parseJson(text);
  if (!isObject(data) || !Array.isArray(data["tabs"])) return;
  const kept = data as unknown as Kept;
  const tabs = kept.tabs.flatMap(({ id, dirty, document }): Tab[] => {
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
          views: {},
        },
      ];
    } catch {
      return []; // written by another version; the others are not lost for it
    }
  });
  const first = tabs[0];
  if (first === undefined) return;
  const active = tabs.some((tab) => tab.id === kept.active) ? kept.active : first.id;
  useDocs.setState({ tabs, active });
  for (const { id, job } of kept.tabs) {
    if (job === null) continue;
    updateRun(id, () => ({ job }));
    void catchUp(id);
  }
}

/** Save a moment after each change, and at once when the page is left. */
export function keepTabs(): () => void {
  let timer = 0;
  let last = "";
  const save = () => {
    clearTimeout(timer);
    timer = 0;
    const { tabs, active } = useDocs.getState();
    const kept: Kept = {
      active,
      tabs: tabs.map((tab) => ({
        id: tab.id,
        dirty: isDirty(tab),
        document: documentOf(tab) as Value,
        job: runOf(tab.id).job,
      })),
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
