/** The editor as a browser in Chinese shows it: nodes too, and never in files. */

import { expect, test } from "@playwright/test";
import { dropFile, faults, node, nodesNow, openEmpty } from "./helpers";

const CHINESE = /[\u4e00-\u9fff]/;

test.describe("in Chinese", () => {
  test.use({ locale: "zh-CN" });

  test.beforeEach(async ({ page }) => {
    await page.goto("/");
    await expect(page.getByRole("heading", { name: "开始一个工作流" })).toBeVisible();
  });

  test("nodes on the canvas speak Chinese, and so do their lists and tooltips", async ({
    page,
  }) => {
    await page.getByRole("button", { name: "文生图" }).first().click();
    const sample = node(page, "sample");
    await expect(sample.getByRole("heading", { name: "K 采样器" })).toBeVisible();
    await expect(sample.locator('.port-name[data-port="positive"]')).toHaveText("正面条件");
    await expect(sample.getByRole("slider", { name: "步数" })).toBeVisible();
    await expect(sample.locator("header")).toHaveAttribute("title", /^把 Latent 逐步去噪/);
    await expect(sample.locator('[data-widget="steps"]')).toHaveAttribute("title", "步数。");
    await expect(sample.getByRole("button", { name: /^输入 模型，MODEL/ })).toHaveCount(1);
    // Whatever the template holds, no name of a node is left in English.
    for (const title of await page.locator(".node header h3").allTextContents()) {
      expect(title).toMatch(CHINESE);
    }
    expect(await faults(page)).toEqual([]);
  });

  test("nodes are found by their Chinese and their English names, and written by their ids", async ({
    page,
  }) => {
    await page.locator(".canvas").focus();
    await page.keyboard.press("Tab");
    const search = page.getByRole("dialog", { name: "添加节点" });
    const first = search.getByRole("option").first();
    await expect(search.getByRole("presentation").first()).toHaveText(CHINESE);
    await search.getByRole("combobox").fill("图片缩放");
    await expect(first.locator(".name")).toHaveText("图片缩放");
    await search.getByRole("combobox").fill("ksampler");
    await expect(first.locator(".name")).toHaveText("K 采样器");
    await search.getByRole("combobox").fill("image scale");
    await expect(first.locator(".name")).toHaveText("图片缩放");
    await expect(search.locator("footer")).toHaveText("把图片缩放到指定尺寸。");
    expect(await faults(page)).toEqual([]);
    await page.keyboard.press("Enter");

    // A choice has its Chinese name, is found by both, and its value is written.
    const scale = node(page, "image_scale");
    await scale.getByRole("button", { name: "缩放算法: 最近邻（精确）" }).click();
    const choices = page.getByRole("combobox", { name: "缩放算法" });
    await choices.fill("双三次");
    await expect(page.getByRole("option").first()).toHaveText("双三次bicubic");
    await choices.fill("lanczos");
    await expect(page.getByRole("option").first()).toHaveText("lanczos");
    await choices.fill("双三次");
    await page.keyboard.press("Enter");
    await expect(scale.getByRole("button", { name: "缩放算法: 双三次" })).toBeVisible();
    const nodes = await nodesNow(page);
    expect(nodes["image_scale"]).toEqual({
      type: "ImageScale",
      inputs: { upscale_method: "bicubic" },
    });
    expect(JSON.stringify(nodes)).not.toMatch(CHINESE);
  });

  test("what an input method puts together is not taken for a command", async ({ page }) => {
    await page.locator(".canvas").focus();
    await page.keyboard.press("Tab");
    const field = page.getByRole("dialog", { name: "添加节点" }).getByRole("combobox");
    await field.fill("采样");
    // Enter takes what is put together; it is no choice of a node.
    await field.evaluate((input) => {
      const key = { key: "Enter", isComposing: true, bubbles: true, cancelable: true };
      input.dispatchEvent(new KeyboardEvent("keydown", key));
    });
    await expect(field).toBeVisible();
    await expect(page.locator(".node")).toHaveCount(0);
    await page.keyboard.press("Enter");
    await expect(page.locator(".node")).toHaveCount(1);
  });

  test("what is wrong is said in Chinese, at the node and in the list", async ({ page }) => {
    await dropFile(
      page,
      "wrong.json",
      JSON.stringify({
        weft: 1,
        nodes: { sample: { type: "KSampler", inputs: { steps: 0 } } },
        interface: { outputs: { latent: "sample.latent" } },
      }),
    );
    await expect(node(page, "sample")).toBeVisible();
    await page.keyboard.press("Control+Enter");
    const told = node(page, "sample").locator(".node-problems");
    await expect(told).toContainText("步数 0 超出范围，允许 1 到 ");
    await expect(told).toContainText("模型 还没有给出，需要 MODEL。");
    const list = page.getByRole("complementary", { name: "问题" });
    await expect(list.getByText("sample · 正面条件")).toBeVisible();
    await expect(list.getByText("还没有给出，需要 CONDITIONING。")).toHaveCount(2);
  });

  test("panels and dialogs name nodes and inputs in Chinese, and English is one press away", async ({
    page,
  }) => {
    await page.getByRole("button", { name: "文生图" }).first().click();
    await page.getByRole("button", { name: "节点", exact: true }).click();
    const list = page.getByRole("complementary", { name: "节点" });
    for (const heading of await list.getByRole("heading", { level: 3 }).allTextContents()) {
      expect(heading).toMatch(CHINESE);
    }
    await list.getByRole("textbox").fill("VAE 解码");
    await expect(list.getByRole("listitem").first()).toHaveText("VAE 解码");
    await page.getByRole("button", { name: "大纲" }).click();
    const outline = page.getByRole("complementary", { name: "大纲" });
    await outline.getByRole("textbox").fill("步数");
    await expect(outline.locator(".name")).toHaveText(["K 采样器"]);
    await expect(outline.getByRole("listitem").filter({ hasText: "步数" }).last()).toBeVisible();

    await node(page, "sample").locator("header h3").click();
    await page.locator(".canvas").focus();
    await page.keyboard.press("l");
    const links = page.getByRole("dialog", { name: "把 K 采样器 连接到…" });
    await links.getByRole("combobox").fill("Latent 图像");
    await expect(links.getByRole("option").first()).toContainText("← Latent 图像");
    await page.keyboard.press("Escape");

    await page.getByRole("button", { name: "English" }).click();
    await expect(node(page, "sample").getByRole("heading", { name: "KSampler" })).toBeVisible();
    await expect(node(page, "sample").getByRole("slider", { name: "steps" })).toBeVisible();
    await page.getByRole("button", { name: "中文" }).click();
    await expect(node(page, "sample").getByRole("slider", { name: "步数" })).toBeVisible();
  });
});

test("a page in English asks for no translation", async ({ page }) => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await openEmpty(page);
  expect(asked).toContain("/v1/nodes");
  expect(asked.filter((path) => path.startsWith("/v1/locales"))).toEqual([]);
});

test.describe("of a server that has none", () => {
  test.use({ locale: "zh-CN" });

  test("nodes stay English, without a word about it", async ({ page }) => {
    await page.route("**/v1/locales/*", (route) => route.fulfill({ status: 404, json: {} }));
    await page.goto("/");
    await page.getByRole("button", { name: "文生图" }).first().click();
    await expect(node(page, "sample").getByRole("heading", { name: "KSampler" })).toBeVisible();
    await expect(page.locator(".toast")).toHaveCount(0);
  });
});
