/** Models and input files that nodes name. */

import type { Catalog } from "../catalog";
import { inputOf } from "../catalog";
import type { Draft } from "../edits";
import type { PortRef } from "../model";
import { setValue } from "./values";

/** A model or an input file by its name. */
export interface NamedFile {
  /** Kind of model; null for an input file. */
  readonly folder: string | null;
  readonly name: string;
}

/** Every value that names a file: graph, node and port. */
export function usesOf(
  draft: Draft,
  catalog: Catalog,
  { folder, name }: NamedFile,
): (PortRef & { readonly at: string })[] {
  const found: (PortRef & { readonly at: string })[] = [];
  for (const [at, graph] of Object.entries(draft.now.graphs)) {
    for (const [id, node] of Object.entries(graph.nodes)) {
      const schema = catalog.find(draft.now, node.type);
      for (const [port, value] of Object.entries(node.inputs)) {
        const input = schema && inputOf(schema, port);
        const fits = folder === null ? input?.file === true : input?.model === folder;
        if (fits && value === name) found.push({ at, node: id, port });
      }
    }
  }
  return found;
}

/** Name another file wherever a file is named; how often that was. */
export function replaceFile(
  draft: Draft,
  catalog: Catalog,
  file: NamedFile,
  replacement: string,
): number {
  const uses = usesOf(draft, catalog, file);
  for (const { at, node, port } of uses) setValue(draft, at, { node, port }, replacement);
  return uses.length;
}
