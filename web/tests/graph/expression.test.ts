import fc from "fast-check";
import { expect, test } from "vitest";
import { evaluate } from "../../src/graph/expression";

test.each([
  ["512*1.5", 768],
  ["  7 ", 7],
  ["4,5", 4.5],
  [".5", 0.5],
  ["1e-3", 0.001],
  ["2+3*4", 14],
  ["(2+3)*4", 20],
  ["10-3-2", 5],
  ["2^3^2", 512],
  ["2**10", 1024],
  ["-2^2", -4],
  ["2^-1", 0.5],
  ["1024/3*3", 1024],
  ["0.1+0.2", 0.3],
  ["17 % 5", 2],
  ["3 × 4", 12],
])("%s is %d", (text, value) => {
  expect(evaluate(text)).toBe(value);
});

test.each([
  "",
  "abc",
  "1+",
  "(1",
  "1)",
  "1 2",
  "*",
  "1/0",
  "2^99999",
  "1..2",
  "alert(1)",
  "--",
  "NaN",
])("%s is no number", (text) => {
  expect(evaluate(text)).toBeNull();
});

test("a leading sign of multiplication takes what is there", () => {
  expect(evaluate("*2", 320)).toBe(640);
  expect(evaluate("/ 4 + 1", -8)).toBe(-1);
  expect(evaluate("*2")).toBeNull();
});

test("numbers are read as they are written", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e9, max: 1e9 }), (n) => {
      expect(evaluate(String(n))).toBe(n);
    }),
  );
});

test("sums and products of whole numbers are what they are in JavaScript", () => {
  const small = fc.integer({ min: 0, max: 99 });
  fc.assert(
    fc.property(small, small, small, (a, b, c) => {
      expect(evaluate(`${a}+${b}*${c}-${a}`)).toBe(a + b * c - a);
      expect(evaluate(`(${a}+${b})*${c}`)).toBe((a + b) * c);
    }),
  );
});
