import { expect, test } from "vitest";
import { hintInChinese, inChinese, packInChinese } from "../../src/state/messages/problems.zh";

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
  [
    problem("graph.pack_failed", { expected: "a known node type", got: "Blur" }),
    "类型 Blur 没有加载，原因在提供它的节点包，见“问题”面板。节点会原样保留，但不能运行。",
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
  expect(hintInChinese("Correct, update or uninstall blurs.", named)).toBe(
    "请修正、更新或卸载 blurs。",
  );
  expect(hintInChinese("Link an output to it.", named)).toBeNull();
});

test("what is wrong with a pack is said in Chinese, with the pack's own reason", () => {
  expect(packInChinese("The pack blurs could not be loaded: ImportError: No module x.")).toBe(
    "节点包 blurs 未能加载：ImportError: No module x。",
  );
  expect(
    packInChinese("The module weft.nodes.a of weft could not be loaded: ImportError: x."),
  ).toBe("weft 的模块 weft.nodes.a 未能加载：ImportError: x。");
  expect(packInChinese("The pack blurs offers no node.")).toBe("节点包 blurs 没有提供节点。");
  expect(packInChinese("Something rare.")).toBeNull();
});
