import { readdirSync, readFileSync } from "node:fs";
import type { JsonObject, Value } from "../src/api/json";
import { parseJson } from "../src/api/json";
import type { NodeSchemas } from "../src/api/nodes";
import { Catalog } from "../src/graph/catalog";
import type { Scope } from "../src/graph/connect";
import { readWorkflow } from "../src/graph/file";
import { ROOT, type Workflow } from "../src/graph/model";

const HERE = new URL(".", import.meta.url);
const GRAPHS = new URL("../../graphs/", HERE);

/** The schema of the nodes that weft ships. */
export const catalog = new Catalog(
  parseJson(readFileSync(new URL("fixtures/nodes.json", HERE), "utf-8")) as unknown as NodeSchemas,
);

export const shipped = readdirSync(GRAPHS).filter((name) => name.endsWith(".json"));

export function shippedText(name: string): string {
  return readFileSync(new URL(name, GRAPHS), "utf-8");
}

export function open(name: string): Workflow {
  return readWorkflow(parseJson(shippedText(name)));
}

export function workflow(nodes: JsonObject, rest: Record<string, Value> = {}): Workflow {
  return readWorkflow({ weft: 1, nodes, ...rest });
}

export function scope(of: Workflow, at = ROOT): Scope {
  return { workflow: of, at, catalog };
}
