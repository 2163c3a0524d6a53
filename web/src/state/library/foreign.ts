/** Workflows of strangers: what they need here, and what a person lets them do. */

import { create } from "zustand";
import { checkWorkflow, type Effect, type Report } from "../../api/share";
import { tabById } from "../docs";
import { documentOf } from "../documentOf";
import { t } from "../messages/index";
import { say, setUi } from "../ui";
import { keptOf, setKept } from "./store";

interface Reports {
  readonly byTab: Readonly<Record<string, Report>>;
  /** What the server changed in reading each tab's file, a sentence each. */
  readonly remarks: Readonly<Record<string, readonly string[]>>;
  /** What is asked before a run, and who waits for the answer. */
  readonly question: {
    readonly tab: string;
    readonly report: Report;
    readonly answer: (yes: boolean) => void;
  } | null;
}

export const useReports = create<Reports>(() => ({ byTab: {}, remarks: {}, question: null }));

/** Keep what the server says of a tab's workflow, and what it changed in reading it if it did. */
export function setReport(tab: string, report: Report, told?: readonly string[]): void {
  useReports.setState(({ byTab, remarks }) => ({
    byTab: { ...byTab, [tab]: report },
    ...(told && { remarks: { ...remarks, [tab]: told } }),
  }));
}

/** Note that a tab's workflow is a stranger's: it is asked about before it runs. */
export function markForeign(tab: string): void {
  setKept(tab, (kept) => ({ ...kept, accepts: [] }));
}

/** Whether a run of a tab's workflow may have to be asked about. */
export function isForeign(tab: string): boolean {
  return keptOf(tab).accepts !== null;
}

/** Look anew at what a tab's workflow needs. */
export async function checkTab(id: string): Promise<Report | null> {
  const tab = tabById(id);
  if (tab === undefined) return null;
  const report = await checkWorkflow(documentOf(tab));
  setReport(id, report);
  return report;
}

/** Show what a tab's workflow needs, looked at anew. */
export async function openReport(tab: string): Promise<void> {
  try {
    await checkTab(tab);
  } catch (error) {
    say(error instanceof TypeError ? t("run.offline") : String(error), "bad");
    return;
  }
  setUi({ dialog: { kind: "report", tab } });
}

/**
 * What a tab's workflow may do when it runs: null for one's own, which may do anything.
 * A stranger's is asked about once, and again when it would do more than was accepted.
 *
 * @returns False if the person said no.
 */
export async function acceptedEffects(id: string): Promise<readonly Effect[] | null | false> {
  const { accepts } = keptOf(id);
  if (accepts === null) return null;
  const report = await checkTab(id);
  if (report === null) return false;
  if (report.effects.every((effect) => accepts.includes(effect))) return accepts;
  const yes = await ask(id, report);
  if (!yes) return false;
  setKept(id, (kept) => ({ ...kept, accepts: report.effects }));
  return report.effects;
}

function ask(tab: string, report: Report): Promise<boolean> {
  useReports.getState().question?.answer(false);
  return new Promise((resolve) => {
    const answer = (yes: boolean) => {
      useReports.setState({ question: null });
      setUi((ui) => (ui.dialog?.kind === "consent" ? { dialog: null } : {}));
      resolve(yes);
    };
    useReports.setState({ question: { tab, report, answer } });
    setUi({ dialog: { kind: "consent" } });
  });
}
