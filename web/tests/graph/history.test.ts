import { expect, test } from "vitest";
import { setValue } from "../../src/graph/commands/values";
import { change } from "../../src/graph/edits";
import { commit, type Edited, EMPTY_HISTORY, pass, redo, undo } from "../../src/graph/history";
import { graphAt, ROOT } from "../../src/graph/model";
import { open } from "../helpers";

const put = (at: Edited, port: string, value: number) =>
  change(at.workflow, "widget.change", (draft) =>
    setValue(draft, ROOT, { node: "sample", port }, value),
  );
const valueAt = (at: Edited, port: string) =>
  graphAt(at.workflow, ROOT).nodes["sample"]?.inputs[port];

test("undo and redo pass over what the page changed by itself", () => {
  let at: Edited = { workflow: open("txt2img.json"), history: EMPTY_HISTORY };
  const before = valueAt(at, "cfg");
  at = commit(at, put(at, "cfg", 6));
  for (const seed of [7, 8, 9]) at = pass(at, put(at, "seed", seed));
  expect(valueAt(at, "seed")).toBe(9);
  at = undo(at);
  expect([valueAt(at, "cfg"), valueAt(at, "seed")]).toEqual([before, 9]);
  // A seed drawn after an undo takes no way forward away.
  at = redo(pass(at, put(at, "seed", 10)));
  expect([valueAt(at, "cfg"), valueAt(at, "seed")]).toEqual([6, 10]);
});

test("a seed that a person wrote is undone to what it was before, and redone", () => {
  let at: Edited = { workflow: open("txt2img.json"), history: EMPTY_HISTORY };
  const before = valueAt(at, "seed");
  at = commit(at, put(at, "seed", 5));
  at = pass(at, put(at, "seed", 6));
  at = undo(at);
  expect(valueAt(at, "seed")).toEqual(before);
  expect(valueAt(redo(at), "seed")).toBe(5);
});

test("nothing that the page changed by itself can be undone alone", () => {
  let at: Edited = { workflow: open("txt2img.json"), history: EMPTY_HISTORY };
  at = pass(at, put(at, "seed", 6));
  expect(undo(at)).toBe(at);
});
