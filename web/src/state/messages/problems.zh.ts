/**
 * Problems in Chinese. The server speaks English; what is found most often is said anew from its
 * code and its parts, the rest stays as it is.
 */

import type { Problem } from "../../api/server";

const ZH: Readonly<Record<string, string>> = {
  "graph.unknown_type": "没有节点包提供类型 {got}。节点会原样保留，但不能运行。",
  "graph.pack_failed":
    "类型 {got} 没有加载，原因在提供它的节点包，见“问题”面板。节点会原样保留，但不能运行。",
  "graph.missing_input": "还没有给出，需要 {expected}。",
  "graph.unknown_input": "这个节点没有输入 {got}。",
  "graph.input_twice": "给出了两次，请去掉一个。",
  "graph.type_mismatch": "需要 {expected}，得到的是 {got}。",
  "graph.dangling_link": "连线来自不存在的节点。",
  "graph.unknown_output": "连线来自不存在的输出。",
  "graph.no_outputs": "没有要计算的内容：请添加会写出或显示结果的节点，或把一个输出命名为结果。",
  "params.out_of_range": "{got} 超出范围，允许 {expected}。",
  "params.type": "{got} 不是合适的值。",
  "params.bad_choice": "没有 {got} 这个选项。",
  "files.not_found": "找不到文件 {got}。",
};

/** From the parts of a problem; null if it lacks one, or is of a rarer kind. */
export function inChinese({ code, expected, got }: Problem): string | null {
  const sentence = Object.hasOwn(ZH, code) ? ZH[code] : undefined;
  if (sentence === undefined) return null;
  const parts: Record<string, string | null | undefined> = { expected: range(expected), got };
  let complete = true;
  const text = sentence.replace(/\{(\w+)\}/g, (_, part: string) => {
    complete &&= Boolean(parts[part]);
    return parts[part] ?? "";
  });
  return complete ? text : null;
}

function range(expected: string | null | undefined): string | null | undefined {
  const bounds = /^(\S+) to (\S+?)(, or "random")?$/.exec(expected ?? "");
  if (bounds === null) return expected;
  return `${bounds[1]} 到 ${bounds[2]}${bounds[3] ? "，或 random" : ""}`;
}

/** Hints that name something; what the others say is in the sentence, or seen at once. */
export function hintInChinese(hint: string | null, named: (type: string) => string): string | null {
  const meant = /^Did you mean "(.+)"\?$/.exec(hint ?? "")?.[1];
  if (meant !== undefined) return `是不是“${named(meant)}”？`;
  const nearest = /^Nearest name: "(.+)"\.$/.exec(hint ?? "")?.[1];
  if (nearest !== undefined) return `名称最接近的是“${nearest}”。`;
  const pack = packHintInChinese(hint);
  if (pack !== null) return pack;
  const between = /^Put (\w+) between them\.$/.exec(hint ?? "")?.[1];
  return between === undefined ? null : `在两者之间放一个“${named(between)}”。`;
}

/** What is wrong with a pack; null for what is rare. The reason is the pack's own, in its language. */
export function packInChinese(text: string): string | null {
  const [, broken, reason] = /^The pack (\S+) could not be loaded: (.+)\.$/s.exec(text) ?? [];
  if (broken !== undefined) return `节点包 ${broken} 未能加载：${reason}。`;
  const [, own, why] = /^The module (\S+) of weft could not be loaded: (.+)\.$/s.exec(text) ?? [];
  if (own !== undefined) return `weft 的模块 ${own} 未能加载：${why}。`;
  const [, foreign, classes] =
    /^The pack (\S+) has ComfyUI's (.+), which weft does not read\.$/.exec(text) ?? [];
  if (foreign !== undefined)
    return `节点包 ${foreign} 用的是 ComfyUI 的 ${classes}，weft 不能读取。`;
  const empty = /^The pack (\S+) offers no node\.$/.exec(text)?.[1];
  return empty === undefined ? null : `节点包 ${empty} 没有提供节点。`;
}

/** One thing to do about a pack; null for what is rare. */
export function packHintInChinese(hint: string | null): string | null {
  const pack = /^Correct, update or uninstall (\S+)\.$/.exec(hint ?? "")?.[1];
  if (pack !== undefined) return `请修正、更新或卸载 ${pack}。`;
  return hint === "Declare its functions with @weft.node."
    ? "请用 @weft.node 声明它的函数。"
    : null;
}
