/** Calls of `/v1`. Every refusal becomes a `Refused` with all its problems. */

import { compactJson, isObject, type JsonObject, parseJson, plain, type Value } from "./json";
import type { Locale, NodeSchemas } from "./nodes";
import type {
  Explanation,
  FileEntry,
  Job,
  JobDetail,
  ModelEntry,
  PackFault,
  Problem,
  Queue,
  Template,
} from "./server";

export class Refused extends Error {
  readonly status: number;
  readonly problems: readonly Problem[];

  constructor(status: number, problems: readonly Problem[]) {
    super(problems[0]?.message ?? `The server answered ${status}.`);
    this.status = status;
    this.problems = problems;
  }
}

export async function call(method: string, path: string, body?: unknown): Promise<Value> {
  const init: RequestInit = { method, headers: { Accept: "application/json" } };
  if (body instanceof FormData || body instanceof Blob) {
    init.body = body;
  } else if (body !== undefined) {
    init.body = compactJson(body);
    init.headers = { ...init.headers, "Content-Type": "application/json" };
  }
  const answer = await fetch(path, init);
  const text = await answer.text();
  const data = text === "" ? null : readAnswer(text);
  if (!answer.ok) throw new Refused(answer.status, problemsIn(data));
  return data;
}

/** An answer that is a refusal, from its text. */
export function refusalOf(status: number, text: string): Refused {
  return new Refused(status, problemsIn(readAnswer(text)));
}

function readAnswer(text: string): Value {
  try {
    return parseJson(text);
  } catch {
    return null; // an answer of something between us and the server
  }
}

function problemsIn(data: Value): Problem[] {
  if (!isObject(data)) return [];
  const several = data["problems"];
  if (Array.isArray(several) && several.length > 0) return several as unknown as Problem[];
  return isObject(data["error"]) ? [data["error"] as unknown as Problem] : [];
}

export const get = <T>(path: string) => call("GET", path) as Promise<T>;
export const post = <T>(path: string, body: unknown = {}) => call("POST", path, body) as Promise<T>;
export const part = (name: string) => name.split("/").map(encodeURIComponent).join("/");

export async function nodeSchemas(): Promise<NodeSchemas> {
  return (await get<{ nodes: NodeSchemas }>("/v1/nodes")).nodes;
}

/** Why nodes of packs are not among them. */
export async function packFaults(): Promise<readonly PackFault[]> {
  return (await asked<{ faults: PackFault[] }>("/v1/packs")).faults;
}

/** What node types are called in another language. */
export async function locale(language: string): Promise<Locale> {
  return (await get<{ nodes: Locale }>(`/v1/locales/${part(language)}`)).nodes;
}

export interface Submission {
  readonly workflow: JsonObject;
  readonly title?: string;
  /** What makes jobs belong together, so that each can say what changed since the last. */
  readonly scope?: string;
  readonly set?: JsonObject;
  /** What a stranger's workflow may do; none for one's own. */
  readonly accepts?: readonly string[];
}

const asked = async <T>(path: string) => plain<T>(await call("GET", path));
const told = async <T>(path: string, body: unknown = {}) =>
  plain<T>(await call("POST", path, body));

export const submit = (body: Submission) => told<Job>("/v1/jobs", body);
export const job = (id: string) => asked<JobDetail>(`/v1/jobs/${part(id)}`);
export const jobWorkflow = (id: string) => get<Value>(`/v1/jobs/${part(id)}/workflow`);
export const cancelJob = (id: string) => told<Job>(`/v1/jobs/${part(id)}/cancel`);
export const retryJob = (id: string) => told<Job>(`/v1/jobs/${part(id)}/retry`);
export const deleteJob = (id: string) => call("DELETE", `/v1/jobs/${part(id)}`);
export const queue = () => asked<Queue>("/v1/queue");
export const moveJob = (id: string, to: { to?: "front" | "back"; before?: string }) =>
  told<Job>(`/v1/jobs/${part(id)}/move`, to);

export async function validate(workflow: JsonObject): Promise<readonly Problem[]> {
  return (await post<{ problems: readonly Problem[] }>("/v1/validate", { workflow })).problems;
}

export async function explain(workflow: JsonObject, scope: string): Promise<Explanation[]> {
  const answer = await post<{ nodes: Explanation[] }>("/v1/explain", { workflow, scope });
  return answer.nodes;
}

export async function templates(): Promise<readonly Template[]> {
  return (await get<{ templates: Template[] }>("/v1/workflows/templates")).templates;
}

export const template = (id: string) => get<Value>(`/v1/workflows/templates/${part(id)}`);

export async function models(kind: string): Promise<readonly ModelEntry[]> {
  const all: ModelEntry[] = [];
  for (let after: string | undefined = ""; after !== undefined; ) {
    const from: string = after === "" ? "" : `&after=${encodeURIComponent(after)}`;
    const page: { models: ModelEntry[]; next?: string } = await get(
      `/v1/models/${part(kind)}?limit=500${from}`,
    );
    all.push(...page.models);
    after = page.next;
  }
  return all;
}

/** A small picture of a model, for lists. */
export const modelPicture = (kind: string, name: string) =>
  `/v1/models/${part(kind)}/${part(name)}/preview?side=128`;

export async function inputFiles(search = ""): Promise<readonly FileEntry[]> {
  const query = new URLSearchParams({ limit: "200", order: "newest", search });
  return (await get<{ files: FileEntry[] }>(`/v1/files/input?${query}`)).files;
}

export async function upload(file: File): Promise<FileEntry> {
  const form = new FormData();
  form.append("file", file, file.name);
  const answer = (await call("POST", "/v1/files/input", form)) as unknown as {
    files: FileEntry[];
  };
  return answer.files[0] as FileEntry;
}

export function fileUrl(kind: "input" | "output" | "temp", name: string, thumbnail?: number) {
  const query = thumbnail === undefined ? "" : `?thumbnail=${thumbnail}`;
  return `/v1/files/${kind}/${part(name)}${query}`;
}
