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

/** A name that says it is a picture. */
export const PICTURE_NAME = /\.(png|jpe?g|webp|bmp|gif|avif|tiff?)$/i;

/**
 * The newest input files; where one is to be replaced, those of its sort, and where an input takes
 * some kinds only, those whose names end so.
 */
export async function loadFiles(
  instead = "",
  suffixes: readonly string[] = [],
): Promise<readonly FileEntry[]> {
  const all = await inputFiles().catch(() => []);
  const files = all.filter(
    ({ name }) => suffixes.length === 0 || suffixes.some((end) => name.toLowerCase().endsWith(end)),
  );
  const suffix = /\.\w+$/.exec(instead)?.[0].toLowerCase();
  if (suffix === undefined) return files;
  return files.filter(({ name, picture }) =>
    PICTURE_NAME.test(instead) ? picture : name.toLowerCase().endsWith(suffix),
  );
}
