/** Calls of the workflow library, `/v1/workflows`. */

import { call, get, part, post } from "./client";
import type { JsonObject, Value } from "./json";
import type { components } from "./server.gen";

type Schemas = components["schemas"];

export type Entry = Schemas["Workflow"];
export type EntryPage = Schemas["WorkflowPage"];
export type Revision = Schemas["Revision"];
export type Role = Schemas["Share"]["role"];
export type Access = Entry["access"];

export interface Found {
  readonly workflow: Entry;
  readonly document: Value;
}

export interface Query {
  readonly search?: string;
  readonly tag?: string;
  readonly starred?: boolean;
  readonly deleted?: boolean;
  readonly before?: number;
}

const at = (id: string, rest = "") => `/v1/workflows/${part(id)}${rest}`;

export function findWorkflows(query: Query, limit = 40): Promise<EntryPage> {
  const words = new URLSearchParams({ limit: String(limit) });
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "" && value !== false) words.set(name, String(value));
  }
  return get(`/v1/workflows?${words}`);
}

export const createWorkflow = (name: string, document: JsonObject, tags: readonly string[] = []) =>
  post<Entry>("/v1/workflows", { name, document, tags });

export const workflowEntry = (id: string) => get<Entry>(at(id));

export const changeWorkflow = (
  id: string,
  change: {
    readonly name?: string;
    readonly description?: string;
    readonly tags?: readonly string[];
    readonly visibility?: Entry["visibility"];
  },
) => call("PATCH", at(id), change) as unknown as Promise<Entry>;

export const deleteWorkflow = (id: string) => call("DELETE", at(id));
export const restoreWorkflow = (id: string) => post<Entry>(at(id, "/restore"));

export const workflowDocument = (id: string, revision?: number) =>
  get<Value>(at(id, `/document${revision === undefined ? "" : `?revision=${revision}`}`));

export async function workflowRevisions(id: string): Promise<readonly Revision[]> {
  return (await get<{ revisions: Revision[] }>(at(id, "/revisions"))).revisions;
}

export interface Save {
  readonly document: JsonObject;
  readonly base: number;
  readonly automatic: boolean;
  readonly message?: string;
}

export const saveWorkflow = (id: string, save: Save) => post<Revision>(at(id, "/revisions"), save);

export const forkWorkflow = (id: string, fork: { name?: string; revision?: number } = {}) =>
  post<Entry>(at(id, "/fork"), fork);

export const starWorkflow = (id: string, on: boolean) =>
  call(on ? "PUT" : "DELETE", at(id, "/star"));

export const shareWorkflow = (id: string, person: string, role: Role | null) =>
  call(
    role === null ? "DELETE" : "PUT",
    at(id, `/shares/${part(person)}`),
    role === null ? undefined : { role },
  ) as unknown as Promise<Entry>;

export const linkWorkflow = (id: string, on: boolean) =>
  call(on ? "POST" : "DELETE", at(id, "/link")) as unknown as Promise<Entry>;

const shared = (link: string, rest = "") => `/v1/workflows/shared/${part(link)}${rest}`;

export const sharedWorkflow = (link: string) => get<Found>(shared(link));
export const forkShared = (link: string) => post<Entry>(shared(link, "/fork"));
