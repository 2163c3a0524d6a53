import { expect, it } from "vitest";
import { replaceFile } from "../../src/graph/commands/files";
import { change, Draft } from "../../src/graph/edits";
import { ROOT } from "../../src/graph/model";
import { catalog, workflow } from "../helpers";

const LOAD = { type: "LoadCheckpoint", inputs: { ckpt_name: "gone.safetensors" } };
const PHOTO = { type: "LoadImage", inputs: { image: "gone.safetensors" } };

it("replaceFile names another model wherever it is named, in subgraphs too, and nothing else", () => {
  const before = workflow(
    { a: LOAD, b: LOAD, photo: PHOTO },
    { subgraphs: { Inner: { nodes: { c: LOAD }, interface: {} } } },
  );
  const draft = new Draft(before);
  const file = { folder: "checkpoints", name: "gone.safetensors" };
  expect(replaceFile(draft, catalog, file, "here.safetensors")).toBe(3);
  const names = (at: string) =>
    Object.values(draft.now.graphs[at]?.nodes ?? {}).map(({ inputs }) => Object.values(inputs)[0]);
  expect(names(ROOT)).toEqual(["here.safetensors", "here.safetensors", "gone.safetensors"]);
  expect(names("Inner")).toEqual(["here.safetensors"]);
});

it("replaceFile of what nothing names makes no edit", () => {
  const before = workflow({ a: LOAD });
  const made = change(before, "report.replace", (draft) => {
    replaceFile(draft, catalog, { folder: "loras", name: "gone.safetensors" }, "x");
  });
  expect(made.edits).toEqual([]);
});
