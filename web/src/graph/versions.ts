/** Which versions of node types a file says it was saved for. */

import { isObject, numberOf, type Value } from "../api/json";
import type { Catalog } from "./catalog";

/** Types that a file was saved for an earlier version of than the server has. */
export function outdated(data: Value, catalog: Catalog): string[] {
  const requires = isObject(data) ? data["requires"] : undefined;
  const versions = isObject(requires) ? requires["nodes"] : undefined;
  if (!isObject(versions)) return [];
  return Object.entries(versions).flatMap(([type, version]) => {
    const here = catalog.byName(type)?.version;
    return here !== undefined && numberOf(version) < here ? [type] : [];
  });
}
