/** Node packs of the server that could not be loaded: they are missing from every workflow. */

import { create } from "zustand";
import { packFaults } from "../api/client";
import type { PackFault } from "../api/server";
import { packHintInChinese, packInChinese } from "./messages/problems.zh";
import { useUi } from "./ui";

export const usePacks = create<{ readonly faults: readonly PackFault[] }>(() => ({ faults: [] }));

/** Ask what is wrong with packs; where the server does not answer, what was known stays. */
export async function loadPackFaults(): Promise<void> {
  try {
    usePacks.setState({ faults: await packFaults() });
  } catch {
    // It is asked again as soon as the server is there; that it is away is said elsewhere.
  }
}

/** What is wrong with a pack, and one thing to do, in the language of the page. */
export function packTold({ text, hint }: PackFault): {
  readonly text: string;
  readonly hint: string;
} {
  if (useUi.getState().language !== "zh") return { text, hint };
  return { text: packInChinese(text) ?? text, hint: packHintInChinese(hint) ?? hint };
}
