import { expect, test } from "vitest";
import { isExact, parseJson, plain } from "../../src/api/json";

test("what the server tells of its work has plain numbers, as whole and small ones are reckoned with", () => {
  const text =
    '{"rate": 2.0, "left": 5e-05, "jobs": [{"seconds": 3.0, "title": "3.0", "error": null}]}';
  const told = parseJson(text);
  expect(isExact((told as { rate: unknown }).rate)).toBe(true);
  expect(plain(told)).toEqual({
    rate: 2,
    left: 0.00005,
    jobs: [{ seconds: 3, title: "3.0", error: null }],
  });
});
