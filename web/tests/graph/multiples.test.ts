import fc from "fast-check";
import { expect, test } from "vitest";
import type { InputSchema } from "../../src/api/nodes";
import { nearestMultiples } from "../../src/graph/multiples";

const WIDTH: InputSchema = {
  type: "INT",
  socket: false,
  required: false,
  description: "",
  min: 16,
  max: 16384,
  multiple: 8,
};

test.each([
  [130, [128, 136]],
  [128, []],
  [17, [16, 24]],
  [9, [16]],
  [16385, [16384]],
  ["130", []],
])("for %s the nearest allowed values are %j", (value, wanted) => {
  expect(nearestMultiples(value, WIDTH)).toEqual(wanted);
});

test("an input without multiples has no such values", () => {
  const { multiple: _, ...free } = WIDTH;
  expect(nearestMultiples(130, free)).toEqual([]);
});

test("what is offered is always allowed", () => {
  fc.assert(
    fc.property(fc.integer({ min: -100, max: 20_000 }), (value) => {
      for (const one of nearestMultiples(value, WIDTH)) {
        expect(one % 8).toBe(0);
        expect(one).toBeGreaterThanOrEqual(16);
        expect(one).toBeLessThanOrEqual(16384);
      }
    }),
  );
});
