/** What is said of files from elsewhere, of failures, and of what was saved in another window. */

import { expect, type Page, test } from "@playwright/test";
import { dropFile, faults, node, openEmpty, openTemplate, picture, typeNumber } from "./helpers";
import { Server } from "./server";

/** A file of ComfyUI's editor: a sampler by a wrong name, and a LoRA loader of an unknown pack. */
const FOREIGN = {
  version: 0.4,
  links: [],
  nodes: [
    {
      id: 1,
      type: "KSamplr",
      pos: [0, 0],
      size: [300, 260],
      widgets_values: [42, "randomize", 20, 7, "euler", "karras", 1],
    },
    { id: 2, type: "LoadLoRAs", pos: [400, 0], size: [300, 100], widgets_values: [] },
  ],
};

test("values without names are taken by their places, and what is lacking is told", async ({
  page,
}) => {
  await openEmpty(page);
  await dropFile(page, "foreign.json", JSON.stringify(FOREIGN));
  const report = page.getByRole("dialog");
  await expect(report.getByRole("status")).toContainText("It cannot run as it is");
  const row = report.locator(".needs li", { hasText: "KSamplr" });
  await expect(row).toContainText("All links and values stay.");
  await expect(row).toContainText(
    "Values without names were assigned by position: seed, steps, cfg, sampler_name, scheduler, denoise.",
  );
  await row.getByRole("button", { name: "Use this" }).click();
  await expect(row).toHaveClass("settled");
  const lora = report.locator(".needs li", { hasText: "LoadLoRAs" });
  await lora.getByRole("combobox").selectOption({ label: "Load LoRA" });
  await lora.getByRole("button", { name: "Use this" }).click();
  // Nothing is missing on the server any more; what is to be filled in is named.
  await expect(report.getByRole("status")).toContainText(
    "Everything it needs is here. Problems to fix before it can run",
  );
  const lacks = report.locator("section", { hasText: "Still to fix" });
  await expect(lacks).toContainText("lora_name");
  if (process.env["SHOTS"]) await page.screenshot({ path: `${process.env["SHOTS"]}/report.png` });
  await lacks.getByRole("button", { name: "Go to 2" }).first().click();
  await expect(report).toHaveCount(0);
  await expect(node(page, "1").getByRole("slider", { name: "steps" })).toHaveAttribute(
    "aria-valuenow",
    "20",
  );
  await expect(
    node(page, "1").getByRole("button", { name: "Random after each run" }),
  ).toBeVisible();
});

test("seed and prompt stand with a picture, in the results and in the queue", async ({ page }) => {
  await openTemplate(page, "Text to image");
  await typeNumber(page, "sample", "steps", "2");
  await page.locator(".run-tools .run").click();
  await expect(picture(page, "save")).toHaveAttribute("src", /files\/output/, { timeout: 90_000 });
  await page.getByRole("button", { name: "Queue" }).click();
  const told = "seed 42 · a large red circle on a blue background";
  await expect(page.locator(".jobs li").first().locator(".facts")).toHaveText(told);
  await page.getByRole("button", { name: "Results" }).click();
  await expect(page.locator(".gallery .facts").first()).toHaveText(told);
  await page.locator(".gallery button").first().click();
  await expect(page.getByRole("dialog").locator(".facts")).toHaveText(told);
  if (process.env["SHOTS"]) await page.screenshot({ path: `${process.env["SHOTS"]}/facts.png` });
});

test("cancelled jobs go from the history", async ({ page, request }) => {
  await openTemplate(page, "Text to image");
  await request.post("/v1/queue/pause", { data: {} });
  await page.locator(".run-tools .run").click();
  await page.getByRole("button", { name: "Queue" }).click();
  const jobs = page.getByRole("complementary", { name: "Queue" });
  await expect(jobs.locator('li[data-state="queued"]')).toHaveCount(1);
  await page.locator(".run-tools").getByRole("button", { name: "Cancel" }).click();
  await expect(jobs.locator('li[data-state="cancelled"]')).not.toHaveCount(0);
  await jobs
    .getByRole("button", { name: "Clear the history of cancelled and failed jobs" })
    .click();
  await expect(jobs.locator('li[data-state="cancelled"]')).toHaveCount(0);
  await request.post("/v1/queue/resume", { data: {} });
});

test("two windows of one browser show the same, and neither calls the other somebody else", async ({
  context,
  page,
}) => {
  const saved = (of: Page) => of.locator(".save-state", { hasText: /^Saved$/ });
  const cfg = (of: Page) => node(of, "sample").getByRole("slider", { name: "cfg" });
  await openTemplate(page, "Text to image");
  await typeNumber(page, "sample", "cfg", "5");
  await expect(saved(page)).toBeVisible();
  // The browser has it as well: that is what another window begins with.
  await page.reload();
  await expect(saved(page)).toBeVisible();
  const other = await context.newPage();
  await other.goto("/");
  await expect(cfg(other)).toHaveAttribute("aria-valuenow", "5");
  await expect(saved(other)).toBeVisible();
  await typeNumber(page, "sample", "cfg", "6");
  await expect(cfg(other)).toHaveAttribute("aria-valuenow", "6");
  await typeNumber(other, "sample", "steps", "7");
  await expect(saved(other)).toBeVisible();
  await expect(node(page, "sample").getByRole("slider", { name: "steps" })).toHaveAttribute(
    "aria-valuenow",
    "7",
  );
  await expect(cfg(page)).toHaveAttribute("aria-valuenow", "6");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(other.getByRole("dialog")).toHaveCount(0);
  await other.close();
});

test("a width between multiples is put right by a press at its node", async ({ page }) => {
  // The server's schema and its check, wherever they say that a width is a multiple of 8.
  await page.route("**/v1/nodes", async (route) => {
    const response = await route.fetch();
    const data = await response.json();
    data.nodes.EmptyLatentImage.inputs.width.multiple = 8;
    await route.fulfill({ response, json: data });
  });
  await page.route("**/v1/validate", async (route) => {
    const { workflow } = route.request().postDataJSON();
    const { width } = workflow.nodes.c.inputs;
    const message = `Node c (EmptyLatentImage): "width" is ${width}.`;
    const wrong = { code: "params.not_a_multiple", message, node: "c", port: "width" };
    await route.fulfill({ json: { problems: width % 8 === 0 ? [] : [wrong] } });
  });
  await openEmpty(page);
  const nodes = { c: { type: "EmptyLatentImage", inputs: { width: 130 } } };
  await dropFile(page, "width-130.json", JSON.stringify({ weft: 1, nodes }));
  const problem = node(page, "c").locator(".node-problems li");
  await expect(problem).toContainText('"width" is 130');
  await expect(problem.getByRole("button", { name: "Use 128" })).toBeVisible();
  await problem.getByRole("button", { name: "Use 136" }).click();
  await expect(node(page, "c").getByRole("slider", { name: "width" })).toHaveAttribute(
    "aria-valuenow",
    "136",
  );
  await expect(problem).toHaveCount(0);
});

/** A PNG of one point with a text in it, as web UIs write theirs. */
const PARAMETERS = "a cat\nSteps: 20, Sampler: Euler, Seed: 5";

test("a picture with a web UI's parameters is not taken in without a word", async ({ page }) => {
  await openEmpty(page);
  const made = await page.evaluate(async (text) => {
    const canvas = new OffscreenCanvas(8, 8);
    canvas.getContext("2d");
    const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
    const body = new TextEncoder().encode(`tEXtparameters\0${text}`);
    let crc = 0xffffffff;
    for (const byte of body) {
      crc ^= byte;
      for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    const chunk = new Uint8Array(body.length + 8);
    const view = new DataView(chunk.buffer);
    view.setUint32(0, body.length - 4);
    chunk.set(body, 4);
    view.setUint32(chunk.length - 4, ~crc >>> 0);
    const end = bytes.length - 12;
    return [...bytes.slice(0, end), ...chunk, ...bytes.slice(end)];
  }, PARAMETERS);
  const data = await page.evaluateHandle((bytes) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(bytes)], "cat.png", { type: "image/png" }));
    return transfer;
  }, made);
  await page.dispatchEvent(".canvas", "drop", { dataTransfer: data });
  // A server that makes a workflow of them opens it; another one says what the picture has.
  const opened = page.locator(".node h3", { hasText: "KSampler" });
  const said = page.locator(".toasts", { hasText: "the generation parameters of a web UI" });
  await expect(opened.or(said).first()).toBeVisible();
});

const PACK = `
import os, time
from weft import node

@node("SpeakLong", category="toy", output=True, pure=False)
def speak(*, text: str = "") -> float:
    """Fail at length.

    Args:
        text: Nothing.
    """
    raise ValueError("It went wrong. " * 60)

@node("DieAtOnce", category="toy", output=True, pure=False)
def die(*, text: str = "") -> float:
    """End the process.

    Args:
        text: Nothing.
    """
    os._exit(139)
`;

/** Cannot be loaded; its source says what node would be there. */
const BROKEN = `
from weft import node
import library_that_nobody_has

@node("BlurTwice", category="toy")
def blur(*, text: str = "") -> float:
    """Blur.

    Args:
        text: Nothing.
    """
    return 0.0
`;

test.describe("with a pack whose nodes fail", () => {
  const server = new Server();
  test.beforeAll(async () => {
    server.install("failing", PACK);
    server.install("broken", BROKEN);
    await server.start();
  });
  test.afterAll(() => server.remove());

  async function runAlone(page: Page, type: string): Promise<void> {
    await page.goto(server.url);
    await expect(page.getByRole("heading", { name: "Start a workflow" })).toBeVisible();
    const nodes = { bad: { type, inputs: {} } };
    await dropFile(page, "failing.json", JSON.stringify({ weft: 1, nodes }));
    await expect(node(page, "bad")).toBeVisible();
    await page.keyboard.press("Escape");
    await page.locator(".run-tools .run").click();
    await page.getByRole("button", { name: "Allow and run" }).click();
  }

  test("a long failure is told by its beginning, with the rest at a press", async ({ page }) => {
    await runAlone(page, "SpeakLong");
    const problem = node(page, "bad").locator(".node-problems li");
    await expect(problem).toContainText("It went wrong.", { timeout: 90_000 });
    const tall = async () => (await problem.boundingBox())?.height ?? 0;
    const short = await tall();
    if (process.env["SHOTS"]) await page.screenshot({ path: `${process.env["SHOTS"]}/short.png` });
    await problem.getByRole("button", { name: "more" }).click();
    await expect.poll(tall).toBeGreaterThan(1.5 * short);
    await problem.getByRole("button", { name: "less" }).click();
    await expect.poll(tall).toBe(short);
    await page.locator(".rail").getByRole("button", { name: "Queue" }).click();
    const row = page.locator('.jobs li[data-state="failed"]').first();
    await expect(row.getByRole("button", { name: "more" })).toBeVisible();
    await expect(row).not.toContainText("It went wrong. ".repeat(20));
    if (process.env["SHOTS"]) await page.screenshot({ path: `${process.env["SHOTS"]}/long.png` });
  });

  test("a pack that cannot be loaded is among the problems, with its reason", async ({ page }) => {
    await page.goto(server.url);
    await page.locator(".rail").getByRole("button", { name: "Problems" }).click();
    const packs = page.getByRole("region", { name: "Node packs" });
    await expect(packs).toContainText("The pack broken could not be loaded");
    await expect(packs).toContainText("library_that_nobody_has");
    await expect(packs).toContainText("BlurTwice");
    await expect(packs).toContainText("Correct, update or uninstall broken.");
    await expect(page.getByText("There are no problems.")).toBeHidden();
    // A workflow that uses its node says the same in its place.
    const nodes = { lost: { type: "BlurTwice", inputs: {} } };
    await dropFile(page, "lost.json", JSON.stringify({ weft: 1, nodes }));
    const report = page.getByRole("dialog", { name: "Requirements of “lost”" });
    await report.getByRole("button", { name: "Done" }).click();
    await expect(page.locator(".problem-list").first()).toContainText("which is not loaded");
    expect(await faults(page)).toEqual([]);
    await page.locator(".rail").getByRole("button", { name: "中文" }).click();
    const inChinese = page.getByRole("region", { name: "节点包" });
    await expect(inChinese).toContainText("节点包 broken 未能加载");
    await expect(inChinese).toContainText("请修正、更新或卸载 broken。");
    await expect(page.locator(".problem-list").first()).toContainText("类型 BlurTwice 没有加载");
  });

  test("a node that ends its worker is named, with a hint", async ({ page }) => {
    // Two workers are started for it, one after the other.
    test.setTimeout(240_000);
    await runAlone(page, "DieAtOnce");
    const problem = node(page, "bad").locator(".node-problems li");
    await expect(problem).toContainText('while "bad" ran', { timeout: 200_000 });
    await expect(problem).toContainText("A compiled library that the node uses failed");
    await expect(page.locator(".node .meter")).toHaveCount(0);
  });
});
