import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { retype } from "../../src/graph/commands/retype";
import { Draft } from "../../src/graph/edits";
import { graphAt, linksOf, ROOT, type Workflow } from "../../src/graph/model";
import { candidates, fitOf } from "../../src/graph/replace";
import { catalog, open, scope, shipped, workflow } from "../helpers";

/** A shipped workflow in which one node's type is not known. */
function broken(name: string, id: string, type: string): Workflow {
  const draft = new Draft(open(name));
  draft.set(["graphs", ROOT, "nodes", id, "type"], type);
  return draft.now;
}

const best = (of: Workflow, id: string) =>
  candidates(scope(of), id).map(({ schema }) => schema.type);

describe("candidates", () => {
  test.each([
    ["a slip of the pen", "KSampeler", "sample", "KSampler"],
    ["a class of ComfyUI of another pack", "KSampler (Efficient)", "sample", "KSampler"],
    ["an alias", "CheckpointLoaderSimpleShared", "checkpoint", "LoadCheckpoint"],
    ["sockets and values alone", "Zzzz", "sample", "KSampler"],
    ["a name and a text", "Prompt Box", "positive", "CLIPTextEncode"],
  ])("%s finds what is meant first", (_, type, id, wanted) => {
    expect(best(broken("txt2img.json", id, type), id)[0]).toBe(wanted);
  });

  test("a name like no other with nothing linked has none", () => {
    const alone = workflow({ a: { type: "Qqqq", inputs: { zzz: 1 } } });
    expect(best(alone, "a")).toEqual([]);
  });

  test("every type is its own best stand-in, which loses nothing", () => {
    for (const name of shipped) {
      const of = open(name);
      for (const [id, node] of Object.entries(graphAt(of, ROOT).nodes)) {
        if (catalog.byName(node.type) === undefined) continue;
        const made = broken(name, id, `${node.type}X`);
        expect([name, best(made, id)[0]]).toEqual([name, catalog.byName(node.type)?.type]);
        expect(candidates(scope(made), id)[0]?.fit.lost).toEqual([]);
      }
    }
  });
});

describe("a replacement", () => {
  const SAMPLER = catalog.byName("KSampler");
  if (SAMPLER === undefined) throw new Error("there is no KSampler");

  test("keeps links, values, names of the interface and seeds, and restores the workflow", () => {
    const draft = new Draft(broken("txt2img.json", "sample", "Sampler (mine)"));
    draft.set(["graphs", ROOT, "places", "sample"], { x: 1, y: 2, seeds: { seed: "random" } });
    const face = graphAt(draft.now, ROOT).interface;
    expect(retype(draft, scope(draft.now), "sample", SAMPLER)?.lost).toEqual([]);
    const [now, was] = [graphAt(draft.now, ROOT), graphAt(open("txt2img.json"), ROOT)];
    expect(now.nodes).toEqual(was.nodes);
    expect(now.interface).toEqual(face);
    expect(now.places["sample"]).toEqual({ x: 1, y: 2, seeds: { seed: "random" } });
  });

  test("finds sockets by their types where names differ, and says what it cannot keep", () => {
    const of = workflow({
      load: { type: "LoadCheckpoint", inputs: { ckpt_name: "a" } },
      mine: {
        type: "My Sampler",
        inputs: {
          the_model: { link: "load.model" },
          mood: 7,
          steps: 0,
          cfg: 4,
          spare: { link: "load.vae" },
        },
      },
      decode: { type: "VAEDecode", inputs: { samples: { link: "mine.slot_0" } } },
      show: { type: "PreviewImage", inputs: { images: { link: "mine.picture" } } },
    });
    const draft = new Draft(of);
    const lost = retype(draft, scope(of), "mine", SAMPLER)?.lost;
    expect(lost).toEqual([
      { port: "mood", what: "value" },
      { port: "steps", what: "value" },
      { port: "spare", what: "link" },
      { port: "picture", what: "output" },
    ]);
    const { nodes } = graphAt(draft.now, ROOT);
    expect(nodes["mine"]?.inputs).toEqual({ model: { link: "load.model" }, cfg: 4 });
    expect(nodes["decode"]?.inputs).toEqual({ samples: { link: "mine.latent" } });
    expect(nodes["show"]?.inputs).toEqual({});
  });

  test("reads an output's type through bends", () => {
    const of = workflow({
      mine: { type: "Strange", inputs: {} },
      bend: { type: "@reroute", inputs: { in: { link: "mine.thing" } } },
      decode: { type: "VAEDecode", inputs: { samples: { link: "bend.out" } } },
    });
    expect(fitOf(scope(of), "mine", SAMPLER).outputs.get("thing")).toBe("latent");
  });

  test("whatever takes a node's place, no link ends where there is no port", () => {
    const types = Object.values(catalog.schemas);
    fc.assert(
      fc.property(
        fc.constantFrom(...shipped),
        fc.nat(50),
        fc.constantFrom(...types),
        (name, n, type) => {
          const of = open(name);
          const ids = Object.keys(graphAt(of, ROOT).nodes);
          const id = ids[n % ids.length] as string;
          const draft = new Draft(broken(name, id, "Unknown"));
          const before = linksOf(graphAt(draft.now, ROOT)).length;
          const lost = retype(draft, scope(draft.now), id, type)?.lost ?? [];
          const graph = graphAt(draft.now, ROOT);
          for (const { from, to } of linksOf(graph)) {
            if (to.node === id) expect(Object.keys(type.inputs)).toContain(to.port);
            if (from.node === id) expect(Object.keys(type.outputs)).toContain(from.port);
          }
          const after = linksOf(graph).length;
          if (!lost.some(({ what }) => what !== "value")) expect(after).toBe(before);
          // What is lost may be an output that is only shown outside.
          else expect(after).toBeLessThanOrEqual(before);
        },
      ),
    );
  });
});

describe("values without names", () => {
  const unnamed = (values: readonly (string | number)[]) =>
    workflow({
      mine: {
        type: "KSamplr",
        inputs: Object.fromEntries(values.map((value, i) => [`widget_${i}`, value])),
      },
    });
  const fitted = (values: readonly (string | number)[], type = "KSampler") => {
    const schema = catalog.byName(type);
    if (schema === undefined) throw new Error(`there is no ${type}`);
    return fitOf(scope(unnamed(values)), "mine", schema);
  };
  const LISTED = [42, "randomize", 20, 7, "euler", "karras", 1] as const;

  test("are taken by their places where all their types agree", () => {
    const { inputs, lost, placed, modes } = fitted(LISTED);
    expect(lost).toEqual([]);
    expect(placed).toEqual(["seed", "steps", "cfg", "sampler_name", "scheduler", "denoise"]);
    expect(inputs.get("widget_2")).toBe("steps");
    expect([...modes]).toEqual([["seed", "random"]]);
  });

  test("become the values of the new node, with what its seed does after a run", () => {
    const draft = new Draft(unnamed(LISTED));
    draft.set(["graphs", ROOT, "places", "mine"], { x: 0, y: 0 });
    const schema = catalog.byName("KSampler");
    if (schema) retype(draft, scope(draft.now), "mine", schema);
    const { nodes, places } = graphAt(draft.now, ROOT);
    expect(nodes["mine"]?.inputs).toEqual({
      seed: 42,
      steps: 20,
      cfg: 7,
      sampler_name: "euler",
      scheduler: "karras",
      denoise: 1,
    });
    expect(places["mine"]?.seeds).toEqual({ seed: "random" });
  });

  test.each([
    ["one of another type", [42, "randomize", 20, 7, "no such sampler", "karras", 1]],
    ["one out of its range", [42, "randomize", -3, 7, "euler", "karras", 1]],
    ["one too many", [...LISTED, 5]],
    ["a word of a seed where no seed is before it", ["randomize", 42]],
  ])("are all given up for %s", (_, values) => {
    const { inputs, lost, placed } = fitted(values);
    expect([inputs.size, placed]).toEqual([0, []]);
    expect(lost).toHaveLength(values.length);
  });

  test("as many as there are may be fewer than the inputs", () => {
    expect(fitted([42, "fixed", 20]).placed).toEqual(["seed", "steps"]);
  });

  test("what is left of a list whose start has names is not taken for its start", () => {
    const of = workflow({ mine: { type: "KSamplr", inputs: { seed: 1, widget_1: 20 } } });
    const schema = catalog.byName("KSampler");
    if (schema === undefined) throw new Error("there is no KSampler");
    expect(fitOf(scope(of), "mine", schema).placed).toEqual([]);
  });
});
