import { describe, expect, it } from "vitest";
import { type JsonObject, parseJson } from "../../src/api/json";
import { difference, isSame } from "../../src/graph/diff";
import { ROOT } from "../../src/graph/model";
import { open, shipped, workflow } from "../helpers";

const LOAD = { type: "LoadCheckpoint", inputs: { ckpt_name: "a.safetensors" } };
const TEXT = { type: "CLIPTextEncode", inputs: { clip: { link: "load.clip" }, text: "a cat" } };
const at = (x: number, y = 0) => ({ x, y });

function pair(before: JsonObject, after: JsonObject, places: [JsonObject, JsonObject] = [{}, {}]) {
  return difference(
    workflow(before, { layout: { nodes: places[0] } }),
    workflow(after, { layout: { nodes: places[1] } }),
  );
}

describe("difference", () => {
  it.each(shipped)("of %s and itself is nothing", (name) => {
    const found = difference(open(name), open(name));
    expect(isSame(found)).toBe(true);
    expect(found.merged.graphs).toEqual(open(name).graphs);
  });

  it("names a changed value with both sides", () => {
    const found = pair(
      { load: LOAD, text: TEXT },
      { load: LOAD, text: { ...TEXT, inputs: { ...TEXT.inputs, text: "a dog" } } },
    );
    expect(found.graphs[ROOT]?.nodes).toEqual({
      text: {
        mark: "changed",
        fields: [{ field: "text", before: "a cat", after: "a dog", linked: false }],
      },
    });
    expect(found.counts).toEqual({ added: 0, removed: 0, changed: 1, moved: 0 });
  });

  it("keeps a removed node where it stood, with its links marked", () => {
    const found = pair({ load: LOAD, text: TEXT }, { load: LOAD }, [
      { load: at(0), text: at(300, 40) },
      { load: at(0) },
    ]);
    expect(found.graphs[ROOT]?.nodes["text"]?.mark).toBe("removed");
    expect(found.merged.graphs[ROOT]?.nodes["text"]).toBeDefined();
    expect(found.merged.graphs[ROOT]?.places["text"]).toMatchObject(at(300, 40));
    expect(found.graphs[ROOT]?.links).toMatchObject([
      { link: { id: "text.clip" }, mark: "removed" },
    ]);
  });

  it("marks a link that goes elsewhere as one gone and one come", () => {
    const other = { load: LOAD, second: LOAD };
    const found = pair(
      { ...other, text: TEXT },
      { ...other, text: { ...TEXT, inputs: { ...TEXT.inputs, clip: { link: "second.clip" } } } },
    );
    expect(found.graphs[ROOT]?.links.map(({ link, mark }) => [link.from.node, mark])).toEqual([
      ["load", "removed"],
      ["second", "added"],
    ]);
    expect(found.graphs[ROOT]?.nodes["text"]?.fields[0]?.linked).toBe(true);
  });

  it("says moved of a node that only stands elsewhere, and changed where more differs", () => {
    const moved = pair({ load: LOAD }, { load: LOAD }, [{ load: at(0) }, { load: at(8) }]);
    expect(moved.counts).toMatchObject({ moved: 1, changed: 0 });
    const both = pair({ load: LOAD }, { load: { ...LOAD, title: "Mine" } }, [
      { load: at(0) },
      { load: at(8) },
    ]);
    expect(both.counts).toMatchObject({ moved: 0, changed: 1 });
  });

  it("tells seeds of 64 bits apart that are one number to JavaScript", () => {
    const seed = (digits: string) =>
      workflow(
        parseJson(`{"k": {"type": "KSampler", "inputs": {"seed": ${digits}}}}`) as JsonObject,
      );
    const found = difference(seed("18446744073709551615"), seed("18446744073709551614"));
    expect(found.counts.changed).toBe(1);
  });

  it("looks into subgraphs, and finds those that came", () => {
    const inner = { nodes: { load: LOAD }, interface: {} };
    const before = workflow({ a: { type: "Inner", inputs: {} } }, { subgraphs: { Inner: inner } });
    const after = workflow(
      { a: { type: "Inner", inputs: {} } },
      { subgraphs: { Inner: { ...inner, nodes: { load: LOAD, text: TEXT } } } },
    );
    expect(difference(before, after).graphs["Inner"]?.nodes["text"]?.mark).toBe("added");
    expect(difference(after, before).graphs["Inner"]?.nodes["text"]?.mark).toBe("removed");
  });

  it("counts title and form among what changed", () => {
    const found = difference(
      workflow({ load: LOAD }, { title: "One" }),
      workflow(
        { load: LOAD },
        { title: "Two", interface: { inputs: { model: "load.ckpt_name" } } },
      ),
    );
    expect(found.graphs[ROOT]?.about.map(({ field }) => field)).toEqual(["title", "form model"]);
    expect(found.counts.changed).toBe(2);
  });
});
