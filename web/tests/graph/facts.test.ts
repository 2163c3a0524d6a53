import { expect, test } from "vitest";
import { parseJson, type Value } from "../../src/api/json";
import { makeSubgraph } from "../../src/graph/commands/subgraphs";
import { Draft } from "../../src/graph/edits";
import { factsOf } from "../../src/graph/facts";
import { readWorkflow } from "../../src/graph/file";
import { ROOT } from "../../src/graph/model";
import { catalog, open, scope, shipped, workflow } from "../helpers";

const facts = (nodes: Record<string, Value>) => factsOf(workflow(nodes), catalog);

test("the prompt is the text before the sampler's positive input, and not the negative one", () => {
  expect(
    facts({
      no: { type: "CLIPTextEncode", inputs: { text: "blurry" } },
      yes: { type: "CLIPTextEncode", inputs: { text: " a cat " } },
      bend: {
        type: "ConditioningCombine",
        inputs: { conditioning_1: { link: "yes.conditioning" } },
      },
      sample: {
        type: "KSampler",
        inputs: {
          seed: 7,
          negative: { link: "no.conditioning" },
          positive: { link: "bend.conditioning" },
        },
      },
    }),
  ).toEqual({ prompt: "a cat", seeds: ["7"] });
});

test("a seed of twenty digits is told exactly", () => {
  const data = parseJson(
    '{"weft":1,"nodes":{"s":{"type":"KSampler","inputs":{"seed":18446744073709551615}}}}',
  );
  expect(factsOf(readWorkflow(data), catalog).seeds).toEqual(["18446744073709551615"]);
});

test("a seed inside of a subgraph is told once, whether its instance gives it or not", () => {
  const draft = new Draft(open("txt2img.json"));
  const before = factsOf(draft.now, catalog);
  makeSubgraph(draft, scope(draft.now), ["sample"], "Inner");
  expect(factsOf(draft.now, catalog).seeds).toEqual(before.seeds);
  expect(before.seeds).toHaveLength(1);
});

test("every shipped workflow with a prompt tells it", () => {
  for (const name of shipped) {
    const of = open(name);
    const named = of.graphs[ROOT]?.interface.inputs["prompt"];
    if (named !== undefined) expect([name, factsOf(of, catalog).prompt]).not.toContain(null);
  }
});

test("a workflow without texts and seeds has neither", () => {
  expect(facts({ n: { type: "Float", inputs: { value: 1 } } })).toEqual({
    prompt: null,
    seeds: [],
  });
});
