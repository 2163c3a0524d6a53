/** Models and input files of the server, asked for once and shared by all fields. */

import { inputFiles, models } from "../api/client";
import type { FileEntry, ModelEntry } from "../api/server";

const byKind = new Map<string, readonly ModelEntry[]>();
const asked = new Map<string, Promise<readonly ModelEntry[]>>();

export function knownModels(kind: string): readonly ModelEntry[] | null {
  return byKind.get(kind) ?? null;
}

/** Models of a kind; `again` asks even if they were asked for before. */
export function loadModels(kind: string, again = false): Promise<readonly ModelEntry[]> {
  const known = asked.get(kind);
  if (known !== undefined && !again) return known;
  const answer = models(kind)
    .then((found) => {
      byKind.set(kind, found);
      return found;
    })
    .catch(() => {
      asked.delete(kind);
      return byKind.get(kind) ?? [];
    });
  asked.set(kind, answer);
  return answer;
}

export function loadFiles(search: string): Promise<readonly FileEntry[]> {
  return inputFiles(search).catch(() => []);
}
