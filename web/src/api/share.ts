/** Calls of `/v1/share`: what a workflow needs and would do here, bundles in and out. */

import { call, post, Refused, refusalOf } from "./client";
import { compactJson, type JsonObject, type Value } from "./json";
import type { components } from "./server.gen";

type Schemas = components["schemas"];

export type Report = Schemas["ShareReport"];
export type FileCheck = Schemas["FileCheckModel"];
export type NodeCheck = Schemas["NodeCheckModel"];
export type Effect = Report["effects"][number];

export interface Opened {
  readonly document: Value;
  readonly title?: string | null;
  readonly author?: string | null;
  readonly license?: string | null;
  readonly placed: Schemas["PlacedInput"][];
  readonly report: Report;
  /** What was changed in reading it, a sentence each. */
  readonly remarks: readonly string[];
}

export const checkWorkflow = (document: JsonObject) =>
  post<Report>("/v1/share/check", { document });

/** Open a bundle, a picture or a workflow file; inputs that it carries are put in place. */
export const openShared = (file: Blob) =>
  call("POST", "/v1/share/open", file) as unknown as Promise<Opened>;

/** The workflow in ComfyUI's API format, and what ComfyUI lacks of it. */
export const asComfy = (document: JsonObject) =>
  post<Schemas["ComfyWorkflow"]>("/v1/share/comfyui", { document });

export interface Packing {
  readonly document?: JsonObject;
  readonly job?: string;
  readonly format: "png" | "zip";
  readonly name: string;
}

/** Pack a workflow or a finished job; the file. */
export async function packWorkflow(body: Packing): Promise<Blob> {
  const answer = await fetch("/v1/share/pack", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: compactJson(body),
  });
  if (!answer.ok) throw refusalOf(answer.status, await answer.text());
  return answer.blob();
}

/** Whether the server said that a picture carries no workflow. */
export function isPlainPicture(error: unknown): boolean {
  return error instanceof Refused && error.problems[0]?.code === "share.no_workflow";
}
