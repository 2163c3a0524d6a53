import { describe, expect, test } from "vitest";
import { formatJson, isExact, parseJson } from "../../src/api/json";
import { addReroute } from "../../src/graph/commands/links";
import { toggle } from "../../src/graph/commands/nodes";
import { Draft } from "../../src/graph/edits";
import { FormatError, readWorkflow, writeWorkflow } from "../../src/graph/file";
import { graphAt, linksOf, ROOT } from "../../src/graph/model";
import { catalog, open, shipped, shippedText, workflow } from "../helpers";

const reread = (text: string) => readWorkflow(parseJson(text));

describe("reading and writing", () => {
  test.each(shipped)("%s is written as it was read, byte for byte", (name) => {
    const text = shippedText(name);
    expect(formatJson(writeWorkflow(reread(text), catalog))).toBe(text);
  });

  test("a 64-bit seed and 4.0 stay what they are", () => {
    const text = '{"seed": 18446744073709551615, "cfg": 4.0, "n": 7, "x": 1e-7}';
    const data = parseJson(text) as { [key: string]: unknown };
    expect(isExact(data["seed"])).toBe(true);
    expect(JSON.stringify(parseJson('{"n": 7}'))).toBe('{"n":7}');
    expect(formatJson(data).replace(/\s+/g, " ").trim()).toBe(
      '{ "seed": 18446744073709551615, "cfg": 4.0, "n": 7, "x": 1e-7 }',
    );
  });

  test("unknown keys of layout survive", () => {
    const text = formatJson({ weft: 1, nodes: {}, layout: { theirs: { deep: [1, 2] } } });
    expect(formatJson(writeWorkflow(reread(text), catalog))).toBe(text);
  });

  test.each([
    ["[]", "no object"],
    ['{"weft": 2, "nodes": {}}', "format 2"],
    ['{"nodes": {"a": {}}}', "no type"],
  ])("%s is refused", (text, reason) => {
    expect(() => reread(text)).toThrow(FormatError);
    expect(() => reread(text)).toThrow(reason);
  });

  test("a name that stands twice is refused", () => {
    expect(() => parseJson('{"a": 1, "a": 2}')).toThrow("twice");
  });
});

describe("what only the editor knows", () => {
  test("a bypassed ControlNet is written as links past it, and comes back", () => {
    const draft = new Draft(open("canny-controlnet.json"));
    toggle(draft, ROOT, ["control"], "bypass");
    const data = writeWorkflow(draft.now, catalog);
    const nodes = data["nodes"] as Record<string, { inputs: Record<string, unknown> }>;
    expect(Object.keys(nodes)).not.toContain("control");
    expect(nodes["sample"]?.inputs["positive"]).toEqual({ link: "positive.conditioning" });
    expect(nodes["sample"]?.inputs["negative"]).toEqual({ link: "negative.conditioning" });
    // The public name "strength" points at the node that does not run.
    expect(Object.keys((data["interface"] as { inputs: object }).inputs)).not.toContain("strength");

    const back = graphAt(readWorkflow(data), ROOT);
    expect(back.nodes).toEqual(graphAt(draft.now, ROOT).nodes);
    expect(back.places["control"]?.mode).toBe("bypass");
    expect(back.interface.inputs["strength"]).toBe("control.strength");
  });

  test("muting a node keeps out what needs it, and no more", () => {
    const draft = new Draft(open("canny-controlnet.json"));
    toggle(draft, ROOT, ["sample"], "mute");
    const nodes = writeWorkflow(draft.now, catalog)["nodes"] as object;
    expect(Object.keys(nodes)).toEqual(expect.not.arrayContaining(["sample", "decode", "save"]));
    expect(Object.keys(nodes)).toEqual(expect.arrayContaining(["edges", "control"]));
  });

  test("a reroute is drawn but not run", () => {
    const draft = new Draft(open("txt2img.json"));
    const link = linksOf(graphAt(draft.now, ROOT)).find((l) => l.id === "sample.model");
    const id = addReroute(draft, ROOT, link as NonNullable<typeof link>, { x: 5, y: 6 });
    const data = writeWorkflow(draft.now, catalog);
    const nodes = data["nodes"] as Record<string, { inputs: Record<string, unknown> }>;
    expect(nodes["sample"]?.inputs["model"]).toEqual({ link: "checkpoint.model" });
    expect(Object.keys(nodes)).not.toContain(id);
    const back = graphAt(readWorkflow(data), ROOT);
    expect(back.nodes["sample"]?.inputs["model"]).toEqual({ link: `${id}.out` });
  });

  test("a link that someone changed in the file since stays changed", () => {
    const draft = new Draft(open("txt2img.json"));
    const link = linksOf(graphAt(draft.now, ROOT)).find((l) => l.id === "decode.vae");
    addReroute(draft, ROOT, link as NonNullable<typeof link>, { x: 0, y: 0 });
    const text = formatJson(writeWorkflow(draft.now, catalog)).replace(
      '"vae": {\n          "link": "checkpoint.vae"',
      '"vae": {\n          "link": "other.vae"',
    );
    const back = graphAt(reread(text), ROOT);
    expect(back.nodes["decode"]?.inputs["vae"]).toEqual({ link: "other.vae" });
  });

  test("a muted node in a subgraph is left out of the file's subgraph", () => {
    const inner = {
      nodes: { a: { type: "Integer", inputs: {} }, b: { type: "Float", inputs: {} } },
    };
    const draft = new Draft(
      workflow({ one: { type: "Part", inputs: {} } }, { subgraphs: { Part: inner } }),
    );
    toggle(draft, "Part", ["a"], "mute");
    const data = writeWorkflow(draft.now, catalog);
    expect(data["subgraphs"]).toEqual({ Part: { nodes: { b: inner.nodes.b } } });
    expect(graphAt(readWorkflow(data), "Part").places["a"]?.mode).toBe("mute");
  });
});
