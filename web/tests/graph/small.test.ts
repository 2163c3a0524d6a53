import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJson, type Value } from "../../src/api/json";
import { align, distribute, neighbour } from "../../src/graph/arrange";
import { fromComfy, isComfy } from "../../src/graph/comfy";
import { fragment, paste } from "../../src/graph/commands/clipboard";
import { baseName } from "../../src/graph/commands/nodes";
import { Draft } from "../../src/graph/edits";
import { boxOf, HEADER, PADDING, ROW } from "../../src/graph/geometry";
import { layered, spread } from "../../src/graph/layers";
import { graphAt, linksOf, ROOT } from "../../src/graph/model";
import { replacement, weigh } from "../../src/graph/prompt";
import { entriesOf, search } from "../../src/graph/search";
import { nextSeed, readSeed } from "../../src/graph/seeds";
import { catalog, open } from "../helpers";

describe("search", () => {
  const entries = entriesOf(Object.values(catalog.schemas));
  test.each([
    ["ksam", "KSampler"],
    ["checkpointloadersimple", "LoadCheckpoint"],
    ["vae dec", "VAEDecode"],
    ["edges canny", "Canny"],
    ["save image", "SaveImage"],
    ["load lora", "LoadLoRA"],
    ["conditioning", "ConditioningConcat"],
  ])("%s finds %s first", (text, type) => {
    expect(search(entries, text)[0]?.schema.type).toBe(type);
  });

  test("nonsense finds nothing, and nothing typed finds all", () => {
    expect(search(entries, "qqqqzzzz")).toEqual([]);
    expect(search(entries, "")).toHaveLength(entries.length);
  });
});

test("one text is made of another by the one part in which they differ", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "(", " "), maxLength: 8 });
  fc.assert(
    fc.property(text, text, (before, after) => {
      const { at, until, piece } = replacement(before, after);
      expect(before.slice(0, at) + piece + before.slice(until)).toBe(after);
      expect(until).toBeGreaterThanOrEqual(at);
    }),
  );
  expect(replacement("a cat", "a (cat:1.1)")).toEqual({ at: 2, until: 5, piece: "(cat:1.1)" });
});

describe("prompt weights", () => {
  const weights = (text: string, start: number, end: number, direction: 1 | -1) => {
    const made = weigh({ text, start, end }, direction);
    return [made.text, made.text.slice(made.start, made.end)];
  };
  test("the word at the cursor gets a weight", () => {
    expect(weights("a red circle", 3, 3, 1)).toEqual(["a (red:1.05) circle", "(red:1.05)"]);
  });
  test("what is selected gets a weight, and loses it at 1", () => {
    expect(weights("a (red circle:1.05)", 3, 6, -1)).toEqual(["a red circle", "red circle"]);
    expect(weights("a red circle", 2, 12, -1)).toEqual([
      "a (red circle:0.95)",
      "(red circle:0.95)",
    ]);
  });
  test("a weight grows in place", () => {
    expect(weights("(red:1.2)", 2, 2, 1)[0]).toBe("(red:1.25)");
  });
  test("nothing at the cursor changes nothing", () => {
    expect(weights("a , b", 2, 2, 1)[0]).toBe("a , b");
  });
});

describe("seeds", () => {
  test("increment goes on beyond 2^53 and wraps at 2^64", () => {
    const next = (text: string) => String(nextSeed(parseJson(text), "increment", () => 0n));
    expect(next("9007199254740993")).toBe("9007199254740994");
    expect(next("18446744073709551615")).toBe("0");
  });
  test("what is no seed is refused", () => {
    expect(readSeed("-1")).toBeNull();
    expect(readSeed("18446744073709551616")).toBeNull();
    expect(readSeed("7")).toBe(7);
  });
});

describe("arranging", () => {
  const rects = {
    a: { x: 0, y: 10, width: 10, height: 10 },
    b: { x: 50, y: 0, width: 20, height: 10 },
    c: { x: 100, y: 30, width: 10, height: 30 },
  };
  test("align and distribute", () => {
    expect(Object.values(align(rects, "bottom")).map((p) => p.y)).toEqual([50, 50, 30]);
    expect(Object.values(distribute(rects, "x")).map((p) => p.x)).toEqual([0, 45, 100]);
  });
  test("the nearest neighbour in a direction", () => {
    expect(neighbour(rects, "a", "right")).toBe("b");
    expect(neighbour(rects, "c", "left")).toBe("b");
    expect(neighbour(rects, "c", "down")).toBeNull();
  });
  test("what would overlap is moved as one block, nearest to where it was wanted", () => {
    expect(spread([0, 100], [10, 10])).toEqual([0, 100]);
    expect(spread([0, 0], [10, 10])).toEqual([-5, 5]);
    expect(spread([50, 0, 0], [10, 20, 10])).toEqual(
      [3.33, 13.33, 33.33].map((y) => expect.closeTo(y, 1)),
    );
  });
  test("layers stand left of what reads them and do not overlap", async () => {
    const graph = graphAt(open("canny-controlnet.json"), ROOT);
    const boxes = Object.fromEntries(
      Object.entries(graph.nodes).map(([id, node]) => {
        const { width, height } = boxOf(node, undefined, catalog.byName(node.type));
        return [id, { x: 0, y: 0, width, height }];
      }),
    );
    const edges = linksOf(graph).map((l) => ({ from: l.from.node, to: l.to.node }));
    const places = await layered(boxes, edges);
    for (const { from, to } of edges) {
      const [left, right] = [places[from]?.x ?? 0, places[to]?.x ?? 0];
      expect(left + (boxes[from]?.width ?? 0)).toBeLessThan(right);
    }
  });
});

describe("geometry", () => {
  test("sockets stand in their rows", () => {
    const node = { type: "KSampler", inputs: {} };
    const box = boxOf(node, undefined, catalog.byName("KSampler"));
    expect(box.inputs["model"]).toBe(HEADER + PADDING + ROW / 2);
    expect(box.outputs["latent"]).toBe(box.inputs["model"]);
    expect(box.height).toBeGreaterThan((box.inputs["denoise"] ?? 0) + PADDING);
  });
  test("a node of unknown type has a box all the same", () => {
    const box = boxOf({ type: "Nope", inputs: { a: 1, b: 2 } }, undefined, undefined);
    expect(Object.keys(box.inputs)).toEqual(["a", "b"]);
  });
});

describe("copy and paste", () => {
  test("links among the copies follow, links from outside stay on request", () => {
    const draft = new Draft(open("txt2img.json"));
    const piece = fragment(draft.now, ROOT, ["sample", "decode"]);
    const ids = paste(draft, ROOT, piece, { x: 10, y: 10 }, true);
    expect(ids).toEqual(["sample_2", "decode_2"]);
    const { nodes } = graphAt(draft.now, ROOT);
    expect(nodes["decode_2"]?.inputs["samples"]).toEqual({ link: "sample_2.latent" });
    expect(nodes["sample_2"]?.inputs["model"]).toEqual({ link: "checkpoint.model" });
    const alone = new Draft(open("txt2img.json"));
    paste(alone, ROOT, piece, { x: 0, y: 0 }, false);
    expect(graphAt(alone.now, ROOT).nodes["sample_2"]?.inputs["model"]).toBeUndefined();
  });
});

test.each([
  ["VAEDecode", "vae_decode"],
  ["CLIPTextEncode", "clip_text_encode"],
  ["EmptyLatentImage", "empty_latent_image"],
  ["IPAdapter", "ip_adapter"],
  ["Draw / 2", "draw_2"],
])("a node of type %s is called %s", (type, id) => {
  expect(baseName(type)).toBe(id);
});

test("ComfyUI's API format is read by aliases", () => {
  const data: Value = {
    "3": {
      class_type: "KSampler",
      inputs: { seed: 1, model: ["4", 0], latent_image: ["5", 0] },
      _meta: { title: "KSampler" },
    },
    "4": { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "sd\\a.safetensors" } },
    "5": { class_type: "EmptyLatentImage", inputs: { width: 64 } },
    "6": { class_type: "LoadImage", inputs: { image: "a.png", upload: "image" } },
    "7": { class_type: "Mystery", inputs: { x: ["4", 2], pair: [1, 2] } },
  };
  if (!isComfy(data)) throw new Error("not recognized");
  const { nodes } = graphAt(fromComfy(data, catalog), ROOT);
  expect(nodes["3"]?.inputs).toEqual({
    seed: 1,
    model: { link: "4.model" },
    latent_image: { link: "5.latent" },
  });
  expect(nodes["4"]).toEqual({ type: "LoadCheckpoint", inputs: { ckpt_name: "sd/a.safetensors" } });
  expect(nodes["6"]?.inputs).toEqual({ file: "a.png" });
  expect(nodes["7"]).toEqual({ type: "Mystery", inputs: { x: { link: "4.vae" }, pair: [1, 2] } });
});
