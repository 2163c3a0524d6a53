/**
 * Values of an unknown node that have no names: ComfyUI's editor writes them as a list, and
 * `widget_0`, `widget_1`, ... is what they are called once they are read.
 */

import type { Value } from "../api/json";
import type { InputSchema, NodeSchema } from "../api/nodes";
import type { SeedMode } from "./seeds";

const UNNAMED = /^widget_(\d+)$/;

/** What ComfyUI writes behind a seed: what becomes of it after a run. */
const MODES: Readonly<Record<string, SeedMode>> = {
  fixed: "fixed",
  randomize: "random",
  increment: "increment",
  "increment-wrap": "increment",
  // Ours never counts down.
  decrement: "fixed",
};

export interface ByPosition {
  /** `widget_n` -> the input that it is. */
  readonly inputs: ReadonlyMap<string, string>;
  /** Seed -> what becomes of it after a run. */
  readonly modes: ReadonlyMap<string, SeedMode>;
  /** The ports that say so. */
  readonly modePorts: ReadonlySet<string>;
}

const NONE: ByPosition = { inputs: new Map(), modes: new Map(), modePorts: new Set() };

export const isUnnamed = (port: string): boolean => UNNAMED.test(port);

/**
 * Which inputs of a type the unnamed values of a node are: the first is the first input with a value,
 * and so on. All of them must be of their input's type, and there must be none too many; one that does
 * not fit says that the type has other inputs, and then none is taken.
 *
 * @param taken Inputs that have something already.
 * @param allows Whether a value may stand in an input.
 */
export function byPosition(
  given: Readonly<Record<string, Value>>,
  schema: NodeSchema,
  taken: ReadonlySet<string>,
  allows: (input: InputSchema, value: Value) => boolean,
): ByPosition {
  const values = Object.entries(given)
    .filter(([port]) => isUnnamed(port))
    .sort(([a], [b]) => numberIn(a) - numberIn(b));
  // A list that does not begin at its beginning is what is left of one whose start has names.
  if (values.length === 0 || numberIn(values[0]?.[0] ?? "") !== 0) return NONE;
  const inputs = new Map<string, string>();
  const modes = new Map<string, SeedMode>();
  const modePorts = new Set<string>();
  const places = Object.entries(schema.inputs).filter(([, input]) => !input.socket);
  let next = 0;
  for (const [port, value] of values) {
    const [before, input] = [places[next - 1], places[next]];
    if (input !== undefined && !taken.has(input[0]) && allows(input[1], value)) {
      inputs.set(port, input[0]);
      next += 1;
      continue;
    }
    const mode =
      typeof value === "string" && Object.hasOwn(MODES, value) ? MODES[value] : undefined;
    if (before === undefined || before[1].seed !== true || mode === undefined) return NONE;
    modes.set(before[0], mode);
    modePorts.add(port);
  }
  return { inputs, modes, modePorts };
}

function numberIn(port: string): number {
  return Number(UNNAMED.exec(port)?.[1] ?? Number.NaN);
}
