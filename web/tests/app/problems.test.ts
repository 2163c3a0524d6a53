import { expect, test } from "vitest";
import { hintInChinese, inChinese } from "../../src/app/problems.zh";

const problem = (code: string, parts: { expected?: string; got?: string } = {}) => ({
  code,
  message: "In English.",
  ...parts,
});

test.each([
  [
    problem("graph.missing_input", { expected: "MODEL", got: "nothing" }),
    "还没有给出，需要 MODEL。",
  ],
  [
    problem("params.out_of_range", { expected: "1 to 1000", got: "0" }),
    "0 超出范围，允许 1 到 1000。",
  ],
  [
    problem("params.out_of_range", { expected: '0 to 9, or "random"', got: "-1" }),
    "-1 超出范围，允许 0 到 9，或 random。",
  ],
  [problem("graph.input_twice"), "给出了两次，请去掉一个。"],
])("a known problem is said in Chinese: %o", (given, text) => {
  expect(inChinese(given)).toBe(text);
});

test("a problem that lacks a part, or is of a rarer kind, stays as it is", () => {
  expect(inChinese(problem("graph.missing_input"))).toBeNull();
  expect(inChinese(problem("run.exception", { got: "x" }))).toBeNull();
  expect(inChinese(problem("toString"))).toBeNull();
});

test("hints that name something name it as it is shown", () => {
  const named = (type: string) => (type === "VAEDecode" ? "VAE 解码" : type);
  expect(hintInChinese('Did you mean "KSampler"?', named)).toBe("是不是“KSampler”？");
  expect(hintInChinese("Put VAEDecode between them.", named)).toBe("在两者之间放一个“VAE 解码”。");
  expect(hintInChinese('Nearest name: "a.png".', named)).toBe("名称最接近的是“a.png”。");
  expect(hintInChinese("Link an output to it.", named)).toBeNull();
});
