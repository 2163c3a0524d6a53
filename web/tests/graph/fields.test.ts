/** What the fields that are drawn upon reckon with. */

import fc from "fast-check";
import { expect, test } from "vitest";
import type { InputSchema, NodeSchema, NodeSchemas } from "../../src/api/nodes";
import { boxIn, boxInputs, boxValues, frameOf } from "../../src/graph/boxes";
import { Catalog } from "../../src/graph/catalog";
import { boxOf, REGION } from "../../src/graph/geometry";
import { mentionAt } from "../../src/graph/mentions";
import { ROOT } from "../../src/graph/model";
import { curveThrough, type Pair } from "../../src/graph/pchip";
import { nearest } from "../../src/graph/similar";
import { sweptValues } from "../../src/graph/sweep";
import { catalog, workflow } from "../helpers";

const side = (box: "x" | "y" | "width" | "height", least: number): InputSchema => ({
  type: "INT",
  socket: false,
  required: false,
  description: "",
  default: least,
  min: least,
  max: 16384,
  step: 8,
  box,
});

const shipped = catalog.schemas["ConditioningSetArea"] as NodeSchema;
const area: NodeSchema = {
  ...shipped,
  inputs: {
    ...shipped.inputs,
    width: side("width", 64),
    height: side("height", 64),
    x: side("x", 0),
    y: side("y", 0),
  },
};
const known = new Catalog({ ...catalog.schemas, ConditioningSetArea: area } as NodeSchemas);

test.each([
  [
    [
      [0, 0],
      [0.3, 0.6],
      [1, 1],
    ],
    [0, 0.355071, 0.539087, 0.692688, 0.913096, 0.997353],
  ],
  [
    [
      [0.1, 0.9],
      [0.2, 0.9],
      [0.5, 0.1],
      [0.9, 0.4],
    ],
    [0.9, 0.9, 0.840741, 0.307407, 0.1375, 0.4],
  ],
] as [Pair[], number[]][])("the curve drawn is the one that SciPy computes", (points, expected) => {
  const curve = curveThrough(points);
  [0, 0.15, 0.25, 0.4, 0.7, 0.95].forEach((x, i) => {
    expect(curve(x)).toBeCloseTo(expected[i] as number, 5);
  });
});

test("a curve stays between two neighbouring points, whatever they are", () => {
  const points = fc
    .uniqueArray(fc.integer({ min: 0, max: 1000 }), { minLength: 2, maxLength: 8 })
    .chain((xs) =>
      fc
        .array(fc.integer({ min: 0, max: 1000 }), { minLength: xs.length, maxLength: xs.length })
        .map((ys) =>
          xs.sort((a, b) => a - b).map((x, i): Pair => [x / 1000, (ys[i] as number) / 1000]),
        ),
    );
  fc.assert(
    fc.property(points, fc.double({ min: 0, max: 1, noNaN: true }), (given, part) => {
      const curve = curveThrough(given);
      for (let i = 0; i + 1 < given.length; i++) {
        const [a, b] = [given[i] as Pair, given[i + 1] as Pair];
        const y = curve(a[0] + part * (b[0] - a[0]));
        expect(y).toBeGreaterThanOrEqual(Math.min(a[1], b[1]) - 1e-9);
        expect(y).toBeLessThanOrEqual(Math.max(a[1], b[1]) + 1e-9);
      }
    }),
  );
});

const EMBEDDING = String.raw`(?<![\w/\\-])embedding:([^\s,:;|()\[\]{}<>\"]*[^\s,:;|()\[\]{}<>\".!?'\\/])`;

test.each([
  ["a cat, embedding:", { part: "", start: 17 }],
  ["embedding:sty", { part: "sty", start: 10 }],
  ["(embedding:sub/style-c", { part: "sub/style-c", start: 11 }],
  ["notembedding:sty", null],
  ["a cat,embedding:one,embedding:plus+o", { part: "plus+o", start: 30 }],
  ["embedding:style ", null],
  ["embeddin", null],
  ["", null],
])("in %j a name is being written: %j", (text, expected) => {
  expect(mentionAt(text, text.length, EMBEDDING)).toEqual(expected);
});

test("a pattern that only Python understands gives no help and does no harm", () => {
  expect(mentionAt("a", 1, "(?P<name>a)(?#comment")).toBeNull();
});

test("a node says its rectangle by its four marked inputs, whatever they are called", () => {
  expect(boxInputs(area)).toEqual({ x: "x", y: "y", width: "width", height: "height" });
  expect(boxInputs({ ...area, inputs: { left: side("x", 0) } })).toBeNull();
  const node = { type: "ConditioningSetArea", inputs: { x: 16, width: { link: "a.b" } } };
  expect(boxIn(node, area)).toBeNull();
  expect(boxIn({ ...node, inputs: { x: 16 } }, area)).toEqual({
    x: 16,
    y: 0,
    width: 64,
    height: 64,
  });
});

test("a rectangle is written on the steps and within the bounds of its inputs", () => {
  const inputs = boxInputs(area) as NonNullable<ReturnType<typeof boxInputs>>;
  const values = boxValues({ x: -3, y: 21, width: 10, height: 101 }, area, inputs);
  expect(Object.fromEntries(values)).toEqual({ x: 0, y: 24, width: 64, height: 104 });
});

test("room is kept for a rectangle over the first of its numbers", () => {
  const node = { type: "ConditioningSetArea", inputs: {} };
  const [plain, boxed] = [boxOf(node, undefined, shipped), boxOf(node, undefined, area)];
  const without = boxed.rows.filter((row) => row.kind !== "region");
  const extra = boxed.rows.length - without.length;
  expect(extra).toBe(1);
  if (boxInputs(shipped) === null) expect(boxed.height - plain.height).toBe(REGION);
});

test("a prompt's area lies in the latent that it meets in the sampler", () => {
  const scope = {
    workflow: workflow({
      text: { type: "CLIPTextEncode", inputs: { text: "a" } },
      area: {
        type: "ConditioningSetArea",
        inputs: { conditioning: { link: "text.conditioning" } },
      },
      both: {
        type: "ConditioningCombine",
        inputs: { conditioning_1: { link: "area.conditioning" } },
      },
      empty: { type: "EmptyLatentImage", inputs: { width: 256, height: 128 } },
      sample: {
        type: "KSampler",
        inputs: { positive: { link: "both.conditioning" }, latent_image: { link: "empty.latent" } },
      },
    }),
    at: ROOT,
    catalog: known,
  };
  const { size, pictures } = frameOf(scope, "area");
  expect(size).toEqual({ width: 256, height: 128 });
  expect(pictures).toEqual(["both", "sample", "empty"]);
});

test("what cuts a picture lies in the picture that is linked into it", () => {
  const scope = {
    workflow: workflow({
      photo: { type: "LoadImage", inputs: { file: "a.png" } },
      half: { type: "ImageScaleBy", inputs: { image: { link: "photo.image" } } },
      crop: { type: "ImageCrop", inputs: { image: { link: "half.image" } } },
      scaled: {
        type: "ImageScale",
        inputs: { image: { link: "photo.image" }, width: 64, height: 32 },
      },
      again: { type: "ImageCrop", inputs: { image: { link: "scaled.image" } } },
    }),
    at: ROOT,
    catalog: known,
  };
  expect(frameOf(scope, "crop")).toEqual({ size: null, pictures: ["half", "photo"] });
  expect(frameOf(scope, "again").size).toEqual({ width: 64, height: 32 });
});

test("the names most like a missing one come first, others are left out", () => {
  const names = ["v1-5-pruned.safetensors", "sd_xl_base_1.0.safetensors", "flux.safetensors"];
  expect(nearest("sdxl-base.safetensors", names)).toEqual(["sd_xl_base_1.0.safetensors"]);
  expect(nearest("quite/another.safetensors", names)).toEqual([]);
});

const swept = (type: string, text: string) =>
  sweptValues(text, { type, socket: false, required: false, description: "" }).map(
    ({ text: one }) => one,
  );

test.each([
  ["INT", "3, 5,7", ["3", "5", "7"]],
  ["INT", "1..4", ["1", "2", "3", "4"]],
  ["INT", "8..2..-2", ["8", "6", "4", "2"]],
  ["INT", "4..1", []],
  ["FLOAT", "0..1..0.25", ["0.00", "0.25", "0.50", "0.75", "1.00"]],
  ["FLOAT", "0.1..0.4..0.1", ["0.1", "0.2", "0.3", "0.4"]],
  ["FLOAT", "0.1..0.4", []],
  ["FLOAT", "1, x", ["1"]],
  ["STRING", 'a cat,"a dog, large"', ["a cat", "a dog, large"]],
  ["STRING", "1..4", ["1..4"]],
  ["BOOLEAN", "true, false, maybe", ["true", "false"]],
])("values of a sweep: %s %j", (type, text, expected) => {
  expect(swept(type, text)).toEqual(expected);
});
