/** Commands on values and on the public face of a graph. */

import { joined } from "../../api/dict";
import { sameValue, type Value } from "../../api/json";
import type { Draft } from "../edits";
import { ABSENT } from "../edits";
import type { PortRef } from "../model";
import { ensurePlace } from "./nodes";

/** Write a literal; undefined gives the default back. */
export function setValue(draft: Draft, at: string, to: PortRef, value: Value | undefined): void {
  const path = ["graphs", at, "nodes", to.node, "inputs", to.port];
  const before = draft.get(path);
  if (before !== ABSENT && sameValue(before as Value, value)) return;
  draft.set(path, value);
}

/** Say what a seed does after a run: `random`, `increment`, or undefined for nothing. */
export function setSeedMode(draft: Draft, at: string, to: PortRef, mode?: string): void {
  const place = ["graphs", at, "places", to.node];
  ensurePlace(draft, at, to.node);
  const seeds = draft.get([...place, "seeds"]);
  const rest = joined(seeds === ABSENT ? {} : (seeds as Record<string, string>));
  if (mode === undefined) delete rest[to.port];
  else rest[to.port] = mode;
  draft.set([...place, "seeds"], Object.keys(rest).length > 0 ? rest : undefined);
}

export function freshName(taken: object, ref: PortRef): string {
  const names = [ref.port, `${ref.node}_${ref.port}`];
  for (let n = 2; ; n++) {
    const name = names.shift() ?? `${ref.node}_${ref.port}_${n}`;
    if (!Object.hasOwn(taken, name)) return name;
  }
}
