import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJson } from "../../src/api/json";
import type { InputSchema } from "../../src/api/nodes";
import { boundsOf, filled, perPixel, sliderOf, snapTo } from "../../src/graph/ranges";

const WIDTH = 228;
const STEPS = { low: 1, high: 10_000, step: 1 };

describe("a drag of ten pixels", () => {
  test.each([
    ["steps without a soft range", STEPS, 20, 1, 5],
    ["steps with one", { ...STEPS, soft: [1, 50] as const }, 20, 1, 5],
    ["a width of 16 to 16,384", { low: 16, high: 16_384, step: 8 }, 1024, 8, 80],
    ["a cfg of 0 to 100", { low: 0, high: 100, step: 0.1, soft: [1, 15] as const }, 4, 0.1, 1],
    ["a strength of -100 to 100", { low: -100, high: 100, step: 0.01 }, 1, 0.01, 0.1],
    ["a number without bounds", { low: -Infinity, high: Infinity, step: 1 }, 0, 1, 5],
    ["a share of 0 to 1", { low: 0, high: 1, step: 0.01 }, 0.5, 0.01, 0.05],
  ])("changes %s by a few steps", (_, bounds, value, least, most) => {
    const change = perPixel(bounds, value, WIDTH) * 10;
    expect(change).toBeGreaterThanOrEqual(least);
    expect(change).toBeLessThanOrEqual(most);
  });
});

test("a slider is the soft range, or all of a range of few steps", () => {
  expect(sliderOf({ ...STEPS, soft: [1, 50] })).toEqual([1, 50]);
  expect(sliderOf({ low: 0, high: 1, step: 0.01 })).toEqual([0, 1]);
  expect(sliderOf(STEPS)).toBeNull();
  expect(filled({ ...STEPS, soft: [1, 51] }, 26)).toBe(0.5);
  expect(filled({ ...STEPS, soft: [1, 50] }, 500)).toBe(1);
  expect(filled(STEPS, 20)).toBe(0);
});

test("a value is snapped to the grid of steps from the lower bound on", () => {
  fc.assert(
    fc.property(fc.integer({ min: 16, max: 16_384 }), (value) => {
      const snapped = snapTo(value, { low: 16, step: 8 });
      expect((snapped - 16) % 8).toBe(0);
      expect(Math.abs(snapped - value)).toBeLessThanOrEqual(4);
    }),
  );
  expect(snapTo(0.30000000000000004, { low: 0, step: 0.1 })).toBe(0.3);
});

test("bounds are plain numbers, however the schema writes them", () => {
  const schema = parseJson(
    '{"type": "FLOAT", "min": -1.0, "max": 2.0, "step": 1e-05, "soft": [0.0, 1.0]}',
  ) as unknown as InputSchema;
  expect(boundsOf(schema)).toEqual({ low: -1, high: 2, step: 0.00001, soft: [0, 1] });
  expect(boundsOf({ ...schema, type: "INT", step: undefined as never }).step).toBe(1);
});
