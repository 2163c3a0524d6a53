/** Names and descriptions of the templates of graphs/ in Chinese; the files have them in English. */

export const ZH: Readonly<Record<string, readonly [title: string, description: string]>> = {
  "area-prompts": [
    "分区提示词",
    "左半一个提示词，右半另一个：各自作用于自己的区域，中间相互过渡。负面提示词的区域相同，引导比较的才是同样的部分。",
  ],
  batch: [
    "批量",
    "一次四张图片，再单独重做其中第三张：批次中的每一项都有自己的噪声，单独取出后也不变。",
  ],
  "canny-controlnet": [
    "Canny ControlNet",
    "找出照片的边缘，让 ControlNet 引导 thimble 沿边缘作画。照片来自 scikit-image，模型随 weft 附带。",
  ],
  "hires-fix": [
    "高清修复",
    "分两遍：先在模型适合的尺寸上确定构图，再放大潜空间图像，以三分之一的噪声重新采样，画出新尺寸下的细节。",
  ],
  img2img: ["图生图", "从一张图片而不是噪声开始：denoise 决定离原图多远。"],
  inpaint: [
    "局部重绘",
    "重画图片的一部分，其余像素保持原样：采样时使用噪声遮罩，合成两张图片时使用同一个遮罩。",
  ],
  "ip-adapter": [
    "IP-Adapter",
    "提示词决定形状，参考图决定颜色：thimble 先画一张参考图，再画一颗沿用其颜色的星星。",
  ],
  lcm: ["LCM", "四步完成，不用引导：由潜空间一致性蒸馏得到的 LoRA，配合相应的采样器。"],
  "lora-one-side": [
    "单侧 LoRA",
    "两个提示词并排。钩子让线稿 LoRA 只作用于左侧，并从调度的十分之一处开始。",
  ],
  lora: [
    "LoRA",
    "在检查点之上叠加一种风格：这个 LoRA 在浅色纸上画出形状的轮廓，strength 决定强度。",
  ],
  outpaint: [
    "扩图",
    "向四周扩展图片：先用灰色填充，再参照已有内容画出新的部分，最后把原图放回中央。",
  ],
  "photo-folder": [
    "一组照片",
    "沿边缘逐张重画列表中的照片：对子图的映射。无法读取的照片会跳过；中断的运行从停下的地方继续。用 --photos 给出列表或模式，如 “holiday/*.jpg”。",
  ],
  photo2img: [
    "照片转图",
    "用 VAE 编码一张照片再重新绘制：以真实图片进行的图生图。thimble 只见过画出的形状，所以桌上的杯子变成红底上的白环。",
  ],
  "prompt-schedule": [
    "提示词调度",
    "采样中途变化的提示词：[a:b:0.3] 在调度的前 0.3 为 a，由此确定构图，之后为 b。",
  ],
  "prompt-weights": [
    "提示词权重",
    "同一种子，两个只有权重不同的提示词并排：(word:1.4) 更重，(word:0.6) 更轻。",
  ],
  "refine-loop": [
    "逐轮细化",
    "循环：每一轮都用自己的种子，把上一轮的图片向另一个提示词推进一点。多加一轮只计算一轮，因为其余的已有结果。",
  ],
  "sampling-parts": [
    "分步采样",
    "噪声、引导、更新规则和噪声水平各为独立节点：Karras 调度的前段用随机采样器，后段用普通采样器，并防止引导造成过曝。",
  ],
  "textual-inversion": [
    "文本反转",
    "一个学来的词：embedding:thimble-badge 表示一颗红色条纹大爱心，背景是训练中从未出现过的。",
  ],
  txt2img: ["文生图", "只凭提示词生成一张图片。"],
};

/** Names that inputs of the templates have in their forms. The file keeps them: programs set them. */
export const INPUTS: Readonly<Record<string, string>> = {
  prompt: "提示词",
  first_prompt: "首个提示词",
  negative: "负面提示词",
  left: "左侧",
  right: "右侧",
  seed: "种子",
  steps: "步数",
  cfg: "CFG",
  denoise: "降噪",
  count: "数量",
  which: "第几张",
  photo: "照片",
  photos: "照片",
  reference: "参考图",
  strength: "强度",
  weight: "权重",
  scale: "缩放",
};
