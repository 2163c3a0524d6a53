import { expect, test } from "vitest";
import * as subgraphs from "../../src/graph/commands/subgraphs";
import { Draft } from "../../src/graph/edits";
import { nodesInside, nodesWith } from "../../src/graph/find";
import { ROOT } from "../../src/graph/model";
import { open, scope } from "../helpers";

const titles = (node: { type: string; title?: string }) => node.title ?? node.type;

test("nodes are found by id, type, input and value, all words at once", () => {
  const workflow = open("txt2img.json");
  const found = (text: string) => nodesWith(workflow, ROOT, text, titles).map(([id]) => id);
  expect(found("sample")).toEqual(["sample", "decode"]); // it reads `samples`
  expect(found("ksampler karras")).toEqual(["sample"]);
  expect(found("seed 42")).toEqual(["sample"]);
  expect(found("blue background")).toEqual(["positive"]);
  expect(found("nothing like it")).toEqual([]);
});

test("nodes inside of subgraphs are found with the way to them", () => {
  const draft = new Draft(open("txt2img.json"));
  const inner = subgraphs.makeSubgraph(draft, scope(draft.now), ["sample"], "Inner");
  const outer = subgraphs.makeSubgraph(draft, scope(draft.now), [inner, "decode"], "Outer");
  const found = (text: string) =>
    nodesInside(draft.now, ROOT, text, titles).map(({ path }) => path);
  expect(found("karras")).toEqual([`${outer}/${inner}/sample`]);
  expect(found("VAEDecode")).toEqual([`${outer}/decode`]);
  expect(nodesWith(draft.now, ROOT, "karras", titles)).toEqual([]);
});
