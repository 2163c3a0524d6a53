/**
 * What is known of a tab's place in the library, and what each answer of the server makes of it.
 * Pure: the keeper beside it talks to the server and keeps the time.
 */

import { Refused } from "../../api/client";
import type { Access } from "../../api/library";
import type { Effect } from "../../api/share";
import type { Workflow } from "../../graph/model";

export type Phase =
  /** Nothing is under way. */
  | "idle"
  | "saving"
  /** The server did not answer; tried again when it is there. */
  | "offline"
  /** Somebody else saved meanwhile; a person decides. */
  | "conflict"
  /** It lies in the trash; a person decides. */
  | "trashed"
  /** The server will not have it as it is; the next change is tried. */
  | "refused";

export interface Kept {
  /** Id in the library; null while it is not in there. */
  readonly id: string | null;
  /** Number of the revision that is edited; 0 while there is none. */
  readonly base: number;
  readonly name: string;
  readonly access: Access;
  readonly owner: string;
  readonly phase: Phase;
  /** What was sent last, to tell whether there is something newer. */
  readonly sent: Workflow | null;
  /** Somebody else's newer revision, in a conflict. */
  readonly theirs: number | null;
  /** Why the server refused. */
  readonly reason: string | null;
  /** When it was last saved, in seconds since 1970; null before. */
  readonly at: number | null;
  /** Secret of the link that it was opened by, where that is the only way to it. */
  readonly link: string | null;
  /** What a person lets a stranger's workflow do; null for one's own, which may do anything. */
  readonly accepts: readonly Effect[] | null;
}

export const NOT_KEPT: Kept = {
  id: null,
  base: 0,
  name: "",
  access: "owner",
  owner: "",
  phase: "idle",
  sent: null,
  theirs: null,
  reason: null,
  at: null,
  link: null,
  accepts: null,
};

export type Outcome =
  | {
      readonly kind: "stored";
      readonly id: string;
      readonly base: number;
      readonly name: string;
      readonly at: number;
    }
  | { readonly kind: "unreachable" }
  | { readonly kind: "conflict"; readonly head: number }
  /** The server has no such workflow, not even in the trash. */
  | { readonly kind: "gone" }
  | { readonly kind: "trashed" }
  | { readonly kind: "refused"; readonly reason: string };

/** What a failed save means. 404 is for the caller to look into: gone, or in the trash. */
export function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof Refused) || error.status >= 500) return { kind: "unreachable" };
  const problem = error.problems[0];
  if (error.status === 409 && problem?.code === "workflows.conflict") {
    return { kind: "conflict", head: Number(problem.expected) };
  }
  if (error.status === 404) return { kind: "gone" };
  return { kind: "refused", reason: error.message };
}

export function sending(kept: Kept, workflow: Workflow): Kept {
  return { ...kept, phase: "saving", sent: workflow, reason: null };
}

export function answered(kept: Kept, outcome: Outcome): Kept {
  switch (outcome.kind) {
    case "stored": {
      const { id, base, name, at } = outcome;
      return { ...kept, id, base, name, at, phase: "idle", theirs: null, reason: null };
    }
    case "unreachable":
      return { ...kept, phase: "offline" };
    case "conflict":
      return { ...kept, phase: "conflict", theirs: outcome.head };
    case "gone":
      // Nobody has it any more, so it is kept anew rather than lost.
      return { ...NOT_KEPT, name: kept.name, accepts: kept.accepts };
    case "trashed":
      return { ...kept, phase: "trashed" };
    case "refused":
      return { ...kept, phase: "refused", reason: outcome.reason };
  }
}

/** Whether a save should be tried by itself. */
export function isDue(kept: Kept, workflow: Workflow, saved: Workflow): boolean {
  if (workflow === saved || kept.access === "viewer") return false;
  if (kept.phase === "idle") return true;
  return kept.phase === "refused" && workflow !== kept.sent;
}

/** The server is there again: what it missed is tried once more. */
export function reconnected(kept: Kept): Kept {
  return kept.phase === "offline" ? { ...kept, phase: "idle" } : kept;
}
