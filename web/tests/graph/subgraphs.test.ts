import { expect, test } from "vitest";
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
