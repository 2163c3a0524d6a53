/** Shapes of `/v1`, as server/api declares them. */

import type { Value } from "./json";

export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly node?: string | null;
  readonly port?: string | null;
  readonly expected?: string | null;
  readonly got?: string | null;
  readonly hint?: string | null;
}

export type JobState = "queued" | "running" | "done" | "failed" | "cancelled" | "lost";

export interface Job {
  readonly id: string;
  readonly title?: string | null;
  readonly state: JobState;
  readonly reason?: string | null;
  readonly priority: number;
  readonly position?: number | null;
  readonly created: string;
  readonly nodes: number;
  readonly ran?: number | null;
  readonly cached?: number | null;
  readonly seconds?: number | null;
  readonly error?: Problem | null;
}

export interface Artifact {
  readonly id: number;
  readonly node: string;
  readonly file: string;
  readonly media_type: string;
  readonly bytes: number;
  readonly kind: "output" | "temp";
}

export interface NodeReport {
  readonly state: "running" | "done" | "cached" | "failed";
  readonly seconds?: number | null;
  readonly why?: readonly string[] | null;
}

export interface Progress {
  readonly node: string;
  readonly value: number;
  readonly total: number;
  readonly message?: string | null;
  readonly rate?: number | null;
  readonly remaining?: number | null;
}

export interface JobDetail extends Job {
  readonly node_states: Readonly<Record<string, NodeReport>>;
  readonly progress: readonly Progress[];
  readonly artifacts: readonly Artifact[];
  readonly problems: readonly Problem[];
  readonly seeds: Readonly<Record<string, Value>>;
}

export interface Queue {
  readonly paused: boolean;
  readonly running: readonly Job[];
  readonly queued: readonly Job[];
  readonly waiting: number;
}

export interface Explanation {
  readonly node: string;
  readonly type: string;
  readonly state: "hit" | "trivial" | "runs" | "depends" | "always";
  readonly why: readonly string[];
}

export interface FileEntry {
  readonly kind: string;
  readonly name: string;
  readonly bytes: number;
  readonly media_type: string;
  readonly picture: boolean;
}

export interface ModelEntry {
  readonly name: string;
  readonly bytes: number;
}

export interface Template {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly nodes: number;
  readonly types: readonly string[];
  readonly inputs: readonly string[];
}

export type ServerEvent =
  | {
      readonly type: "snapshot";
      readonly id: number;
      readonly queue: Queue;
      readonly nodes: Readonly<Record<string, Readonly<Record<string, NodeReport>>>>;
      readonly progress: Readonly<Record<string, readonly Progress[]>>;
      readonly recent: readonly Job[];
    }
  | { readonly type: "resumed"; readonly id: number }
  | { readonly type: "job"; readonly id: number; readonly job: Job }
  | {
      readonly type: "nodes";
      readonly id: number;
      readonly job: string;
      readonly nodes: Readonly<Record<string, NodeReport>>;
    }
  | {
      readonly type: "artifact";
      readonly id: number;
      readonly job: string;
      readonly artifact: Artifact;
    }
  | {
      readonly type: "queue";
      readonly id: number;
      readonly paused: boolean;
      readonly waiting: number;
    }
  | { readonly type: "deleted"; readonly id: number; readonly job: string }
  | { readonly type: "progress"; readonly job: string; readonly progress: Progress }
  | {
      readonly type: "preview";
      readonly job: string;
      readonly node: string;
      readonly media_type: string;
      /** Added here: the address of the picture in the page. */
      readonly url: string;
    };
