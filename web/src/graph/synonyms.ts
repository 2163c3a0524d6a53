/** Other words that people type for what nodes are called here; Chinese has several for most. */

const SAME: readonly (readonly [string, string])[] = [
  ["图像", "图片"],
  ["蒙版", "遮罩"],
  ["潜空间", "Latent"],
  ["潜变量", "Latent"],
  ["降噪", "去噪"],
  ["加载器", "加载"],
  ["读取", "加载"],
  ["载入", "加载"],
  ["大模型", "检查点"],
  ["底模", "检查点"],
  ["提示词", "文本编码"],
  ["正向", "正面"],
  ["负向", "负面"],
  ["反向", "负面"],
  ["扩图", "外补"],
  ["外绘", "外补"],
];

// Between characters of Chinese and letters there may be a space or not.
const SEAM = /(?<=[\u2e80-\u9fff])(?=[\x21-\x7e])|(?<=[\x21-\x7e])(?=[\u2e80-\u9fff])/g;

/** What was typed, and the same in words that nodes have, if it has others. */
export function spellings(text: string): readonly string[] {
  const spaced = text.replace(SEAM, " ");
  const said = SAME.reduce((now, [typed, own]) => now.replaceAll(typed, own), spaced).replace(
    SEAM,
    " ",
  );
  return said === spaced ? [spaced] : [spaced, said];
}
