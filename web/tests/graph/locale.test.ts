import { describe, expect, test } from "vitest";
import type { Locale } from "../../src/api/nodes";
import { Catalog } from "../../src/graph/catalog";
import { compile } from "../../src/graph/compile";
import { boxOf } from "../../src/graph/geometry";
import { inLanguage } from "../../src/graph/locale";
import { categoryName, choiceName, portName, shortened, typeName } from "../../src/graph/names";
import { entriesOf, search } from "../../src/graph/search";
import { catalog, open, shipped, workflow } from "../helpers";

const ZH: Locale = {
  KSampler: {
    title: "K 采样器",
    category: "采样",
    summary: "采样：把噪声一步步变成图片。",
    inputs: {
      steps: { label: "步数", description: "要走的步数。" },
      scheduler: { label: "调度器", choices: { simple: "简单" } },
      nothing: { label: "没有" },
    },
    outputs: { latent: { label: "Latent" } },
  },
  VAEDecode: { title: "VAE 解码", inputs: { samples: { label: "Latent" } } },
  LoadImage: { title: "加载图片" },
  LoadLoRA: { title: "加载 LoRA" },
  LoadCheckpoint: { title: "加载检查点" },
  InvertMask: { title: "反转遮罩" },
  EmptyLatentImage: { title: "空 Latent 图像", inputs: {} },
  Gone: { title: "已不存在" },
};

const zh = inLanguage(catalog.schemas, ZH);
const sampler = zh["KSampler"];
if (sampler === undefined) throw new Error("there is no KSampler");

describe("node types in another language", () => {
  test("what is translated is shown so", () => {
    expect(typeName("KSampler", sampler)).toBe("K 采样器");
    expect(categoryName(sampler)).toBe("采样");
    expect(sampler.summary).toBe("采样：把噪声一步步变成图片。");
    expect(portName("steps", sampler.inputs["steps"])).toBe("步数");
    expect(sampler.inputs["steps"]?.description).toBe("要走的步数。");
    const scheduler = sampler.inputs["scheduler"];
    expect(scheduler && choiceName("simple", scheduler)).toBe("简单");
    expect(portName("latent", sampler.outputs["latent"])).toBe("Latent");
  });

  test("what is not stays English, and what is not there stays away", () => {
    const scheduler = sampler.inputs["scheduler"];
    expect(scheduler && choiceName("karras", scheduler)).toBeUndefined();
    expect(scheduler && choiceName("toString", scheduler)).toBeUndefined();
    expect(portName("sampler_name", sampler.inputs["sampler_name"])).toBe("sampler name");
    expect(typeName("SaveImage", zh["SaveImage"])).toBe("Save Image");
    expect(zh["SaveImage"]).toEqual(catalog.schemas["SaveImage"]);
    expect(Object.keys(zh)).toEqual(Object.keys(catalog.schemas));
    expect(Object.keys(sampler.inputs)).not.toContain("nothing");
  });

  test("ids, types, values and places are those of English", () => {
    const english = catalog.schemas["KSampler"];
    expect(sampler.type).toBe("KSampler");
    expect(sampler.category).toBe("sampling");
    expect(sampler.inputs["scheduler"]?.choices).toEqual(english?.inputs["scheduler"]?.choices);
    const node = { type: "KSampler", inputs: {} };
    expect(boxOf(node, undefined, sampler)).toEqual(boxOf(node, undefined, english));
  });

  test.each(shipped)("%s compiles to the same", (name) => {
    const document = open(name);
    const one = { workflow: document, at: "", catalog };
    const other = { ...one, catalog: new Catalog(zh) };
    expect(compile(other)).toEqual(compile(one));
  });

  test("a port of a subgraph that has a name of its own keeps it", () => {
    const document = workflow(
      { a: { type: "inner", inputs: {} } },
      {
        subgraphs: {
          inner: {
            nodes: { k: { type: "KSampler", inputs: {} } },
            interface: {
              inputs: { steps: "k.steps", pace: "k.steps" },
              outputs: { out: "k.latent" },
            },
          },
        },
      },
    );
    const schema = new Catalog(zh).find(document, "inner");
    expect(portName("steps", schema?.inputs["steps"])).toBe("步数");
    expect(portName("pace", schema?.inputs["pace"])).toBe("pace");
    expect(portName("out", schema?.outputs["out"])).toBe("out");
  });
});

describe("search in another language", () => {
  const entries = entriesOf(Object.values(zh));
  test.each([
    ["采样器", "KSampler"],
    ["K 采样", "KSampler"],
    ["k采样", "KSampler"],
    ["解码", "VAEDecode"],
    ["ksam", "KSampler"],
    ["vae dec", "VAEDecode"],
    ["KSampler", "KSampler"],
    ["噪声一步步", "KSampler"],
    // Other words for the same.
    ["加载图像", "LoadImage"],
    ["LoRA加载器", "LoadLoRA"],
    ["Checkpoint加载器", "LoadCheckpoint"],
    ["大模型", "LoadCheckpoint"],
    ["蒙版", "InvertMask"],
    ["空潜空间", "EmptyLatentImage"],
    ["load lora", "LoadLoRA"],
    ["checkpointloadersimple", "LoadCheckpoint"],
  ])("%s finds %s first", (text, type) => {
    expect(search(entries, text)[0]?.schema.type).toBe(type);
  });

  test("a type is found by words of its English summary", () => {
    const english = catalog.schemas["KSampler"]?.summary ?? "";
    expect(search(entries, english.slice(0, 40))[0]?.schema.type).toBe("KSampler");
  });

  test("types stand together by the category that is shown", () => {
    const found = search(entries, "").map(({ schema }) => categoryName(schema));
    const starts = found.filter((name, i) => name !== found[i - 1]);
    expect(new Set(starts).size).toBe(starts.length);
  });
});

test.each([
  ["Apply ControlNet", 0.5, "Apply C…"],
  ["设置联合 ControlNet 类型", 0.5, "设置联合 Co…"],
  ["设置联合", 0.5, "设…"],
  ["设置联合", 0, "设…"],
])("%s cut to %d of its width is %s", (text, part, cut) => {
  expect(shortened(text, part)).toBe(cut);
});
