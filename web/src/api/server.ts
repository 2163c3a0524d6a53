/** Shapes of `/v1`: names for those that the editor uses, made from the server's own models. */

import type { components } from "./server.gen";

type Schemas = components["schemas"];

export type Problem = Schemas["ProblemModel"];
export type Job = Schemas["Job"];
export type Queue = Schemas["Queue"];
export type JobDetail = Schemas["JobDetail"];
export type Artifact = Schemas["Artifact"];
export type NodeReport = Schemas["NodeReport"] & {
  readonly bytes?: number | null;
  /** Why it failed, told when it does. */
  readonly problem?: Problem | null;
};
export type Progress = Schemas["Progress"];
export type Explanation = Schemas["Explained"];
export type FileEntry = Schemas["FileModel"];
export type ModelEntry = Schemas["ModelModel"];
export type Template = Schemas["Template"];
export type PackFault = Schemas["PackFaultModel"];

/** Added here: the address of the picture in the page. */
type Preview = Schemas["PreviewShown"] & { readonly url: string };

type Told<T extends string, Event> = Event & { readonly type: T };

export type ServerEvent =
  | Told<"snapshot", Schemas["Snapshot"]>
  | Told<"resumed", Schemas["Resumed"]>
  | Told<"job", Schemas["JobChanged"]>
  | Told<"nodes", Schemas["NodesChanged"] & { readonly nodes: Record<string, NodeReport> }>
  | Told<"artifact", Schemas["ArtifactWritten"]>
  | Told<"queue", Schemas["QueueChanged"]>
  | Told<"deleted", Schemas["JobDeleted"]>
  | Told<"progress", Schemas["ProgressMade"]>
  | Told<"preview", Preview>;
