/** Problems in the language of the page. */

import type { Problem } from "../api/server";
import { inputOf } from "../graph/catalog";
import { typeName } from "../graph/names";
import { activeGraph, schemaOfType } from "./docs";
import { hintInChinese, inChinese } from "./messages/problems.zh";
import { useUi } from "./ui";

export interface Told {
  /** What the port is called, where the problem has one. */
  readonly port: string | null;
  readonly text: string;
  readonly hint: string | null;
}

/** A problem in words. */
export function told(problem: Problem): Told {
  const { node, message, hint = null } = problem;
  const schema = node ? schemaOfType(activeGraph().nodes[node]?.type ?? "") : undefined;
  const name = problem.port ?? null;
  const port =
    name && ((schema && inputOf(schema, name)?.label) ?? schema?.outputs[name]?.label ?? name);
  const text = useUi.getState().language === "zh" ? inChinese(problem) : null;
  return text === null
    ? { port, text: message, hint }
    : { port, text, hint: hintInChinese(hint, named) };
}

function named(type: string): string {
  const schema = schemaOfType(type);
  return schema ? typeName(type, schema) : type;
}
