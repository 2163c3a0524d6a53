import { expect, test } from "vitest";
import { hide, moveExposed, renameExposed, toggleExposed } from "../../src/graph/commands/ports";
import { makeSubgraph, unpackSubgraph } from "../../src/graph/commands/subgraphs";
import { Draft } from "../../src/graph/edits";
import { writeWorkflow } from "../../src/graph/file";
import { graphAt, ROOT } from "../../src/graph/model";
import { catalog, open, scope } from "../helpers";

test("nodes become a subgraph with the links that were cut as its interface", () => {
  const draft = new Draft(open("txt2img.json"));
  const id = makeSubgraph(draft, scope(draft.now), ["canvas", "sample", "decode"], "Draw");
  const root = graphAt(draft.now, ROOT);
  expect(root.nodes[id]).toEqual({
    type: "Draw",
    inputs: {
      model: { link: "checkpoint.model" },
      positive: { link: "positive.conditioning" },
      negative: { link: "negative.conditioning" },
      vae: { link: "checkpoint.vae" },
    },
  });
  expect(root.nodes["save"]?.inputs["images"]).toEqual({ link: `${id}.image` });
  // Public names into the nodes go through the instance.
  expect(root.interface.inputs["seed"]).toBe(`${id}.seed`);
  const inner = graphAt(draft.now, "Draw");
  expect(inner.interface.inputs["seed"]).toBe("sample.seed");
  const schema = catalog.find(draft.now, "Draw");
  expect(schema?.outputs["image"]?.type).toBe("IMAGE");
  expect(schema?.inputs["seed"]?.seed).toBe(true);
});

test("unpacking gives the workflow back, under other ids where they are taken", () => {
  const draft = new Draft(open("txt2img.json"));
  const before = writeWorkflow(draft.now, catalog);
  const id = makeSubgraph(draft, scope(draft.now), ["sample", "decode"], "Draw");
  unpackSubgraph(draft, scope(draft.now), id);
  const after = writeWorkflow(draft.now, catalog);
  expect(after["nodes"]).toEqual(before["nodes"]);
  expect(after["interface"]).toEqual(before["interface"]);
});

test("a subgraph's port that is called otherwise keeps its links, values and public names", () => {
  const draft = new Draft(open("txt2img.json"));
  const id = makeSubgraph(draft, scope(draft.now), ["canvas", "sample", "decode"], "Draw");
  renameExposed(draft, "Draw", "inputs", "seed", "luck");
  renameExposed(draft, "Draw", "inputs", "model", "brain");
  renameExposed(draft, "Draw", "outputs", "image", "picture");
  const root = graphAt(draft.now, ROOT);
  expect(root.nodes[id]?.inputs).toMatchObject({ brain: { link: "checkpoint.model" } });
  expect(root.nodes["save"]?.inputs["images"]).toEqual({ link: `${id}.picture` });
  expect(root.interface.inputs["seed"]).toBe(`${id}.luck`);
  expect(Object.keys(graphAt(draft.now, "Draw").interface.outputs)).toEqual(["picture"]);
});

test("names that are taken, empty or have a dot are refused", () => {
  const draft = new Draft(open("txt2img.json"));
  makeSubgraph(draft, scope(draft.now), ["canvas", "sample", "decode"], "Draw");
  const before = graphAt(draft.now, "Draw").interface;
  for (const name of ["", "model", "a.b"]) renameExposed(draft, "Draw", "inputs", "seed", name);
  expect(graphAt(draft.now, "Draw").interface).toBe(before);
});

test("a port that is taken off leaves no link and no public name behind", () => {
  const draft = new Draft(open("txt2img.json"));
  const id = makeSubgraph(draft, scope(draft.now), ["canvas", "sample", "decode"], "Draw");
  hide(draft, "Draw", "outputs", "image");
  hide(draft, "Draw", "inputs", "seed");
  const root = graphAt(draft.now, ROOT);
  expect(root.nodes["save"]?.inputs).not.toHaveProperty("images");
  expect(root.nodes[id]?.inputs).not.toHaveProperty("seed");
  expect(root.interface.inputs).not.toHaveProperty("seed");
});

test("an inner socket becomes a port, and ports change their order", () => {
  const draft = new Draft(open("txt2img.json"));
  makeSubgraph(draft, scope(draft.now), ["sample", "decode"], "Draw");
  toggleExposed(draft, "Draw", "outputs", { node: "sample", port: "latent" });
  expect(Object.keys(catalog.find(draft.now, "Draw")?.outputs ?? {})).toEqual(["image", "latent"]);
  moveExposed(draft, "Draw", "outputs", "latent", -1);
  expect(Object.keys(catalog.find(draft.now, "Draw")?.outputs ?? {})).toEqual(["latent", "image"]);
});
