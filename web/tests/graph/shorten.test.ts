import { expect, test } from "vitest";
import { beginningOf } from "../../src/graph/shorten";

test("a short text stays as it is", () => {
  expect(beginningOf("It went wrong.")).toBe("It went wrong.");
});

test("a long text ends with a sign that there is more", () => {
  const short = beginningOf("It went wrong. ".repeat(60));
  expect(short.length).toBeLessThanOrEqual(141);
  expect(short.endsWith("…")).toBe(true);
});

test("a text of many lines is its first three", () => {
  expect(beginningOf("a\nb\nc\nd\ne")).toBe("a\nb\nc…");
});
