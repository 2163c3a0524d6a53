import { expect, test } from "vitest";
import type { JsonObject, Value } from "../../src/api/json";
import { compile } from "../../src/graph/compile";
import { readWorkflow, writeWorkflow } from "../../src/graph/file";
import { ROOT, splitTarget } from "../../src/graph/model";
import { catalog, scope, workflow } from "../helpers";

const image = (more: JsonObject = {}): JsonObject => ({ type: "EmptyImage", inputs: {}, ...more });
const save = (from: string): JsonObject => ({
  type: "SaveImage",
  inputs: { images: { link: from } },
});
const inverted: JsonObject = {
  nodes: {
    "1": { type: "ImageInvert", inputs: {} },
    "2": { type: "ImageInvert", inputs: { image: { link: "1.image" } } },
  },
  interface: { inputs: { image: "1.image" }, outputs: { first: "1.image", second: "2.image" } },
};

function muted(node: string): Record<string, Value> {
  return {
    subgraphs: { Inverted: inverted },
    layout: { subgraphs: { Inverted: { nodes: { [node]: { x: 0, y: 0, mode: "mute" } } } } },
  };
}

const nodes = {
  a: image(),
  s: { type: "Inverted", inputs: { image: { link: "a.image" } } },
  x: save("s.first"),
  y: save("s.second"),
};

test("a muted node inside of a subgraph takes with it what reads it outside", () => {
  expect([...compile(scope(workflow(nodes, muted("2")))).aside]).toEqual(["y"]);
  expect([...compile(scope(workflow(nodes, muted("1")))).aside].sort()).toEqual(["x", "y"]);
});

test("what a muted node inside of a subgraph takes with it comes back on reading", () => {
  const drawn = workflow(nodes, muted("1"));
  const written = writeWorkflow(drawn, catalog);
  expect(Object.keys(written["nodes"] as JsonObject)).toEqual(["a", "s"]);
  const again = readWorkflow(written).graphs;
  expect(again[ROOT]?.nodes).toEqual(drawn.graphs[ROOT]?.nodes);
});

test("a name may have a dot: the first one ends the node's id", () => {
  expect(splitTarget("5:2.images.image0")).toEqual({ node: "5:2", port: "images.image0" });
});

test("the title of a note is kept", () => {
  const note = { x: 1, y: 2, width: 3, height: 4, title: "Read me", text: "all" };
  const written = writeWorkflow(workflow({}, { layout: { notes: { n: note } } }), catalog);
  expect(written["layout"]).toEqual({ notes: { n: note } });
});
