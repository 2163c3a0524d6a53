/** A tab's workflow as the document that files and the server hold. */

import type { JsonObject } from "../api/json";
import { writeWorkflow } from "../graph/file";
import { type Tab, useDocs } from "./docs";

export function documentOf(tab: Tab): JsonObject {
  return writeWorkflow(tab.workflow, useDocs.getState().catalog);
}
