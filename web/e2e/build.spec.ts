import { readFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import {
  choose,
  dropFile,
  link,
  node,
  nodesNow,
  openEmpty,
  openTemplate,
  picture,
  pull,
  socket,
} from "./helpers";

const PROMPT = "a large red circle on a blue background";

/** Few steps: what is tested is the editor, not the picture. */
const STEPS = "3";

test("txt2img is built from nothing by mouse, runs, and shows its picture", async ({ page }) => {
  await openEmpty(page);
  await page.mouse.dblclick(180, 380);
  await choose(page, "Load Checkpoint");
  const checkpoint = node(page, "load_checkpoint");
  await checkpoint.getByRole("button", { name: /ckpt name/ }).click();
  await page.getByRole("option", { name: /^thimble\.safetensors/ }).click();

  await pull(page, socket(page, "load_checkpoint", "clip", "output"), 500, 160);
  await choose(page, "CLIP Text Encode");
  await node(page, "clip_text_encode").getByRole("textbox").fill(PROMPT);
  await pull(page, socket(page, "load_checkpoint", "clip", "output"), 500, 480);
  await choose(page, "CLIP Text Encode");

  await pull(page, socket(page, "load_checkpoint", "model", "output"), 900, 330);
  await choose(page, "KSampler");
  await link(
    page,
    socket(page, "clip_text_encode", "conditioning", "output"),
    socket(page, "ksampler", "positive", "input"),
  );
  await link(
    page,
    socket(page, "clip_text_encode_2", "conditioning", "output"),
    socket(page, "ksampler", "negative", "input"),
  );
  await pull(page, socket(page, "ksampler", "latent_image", "input"), 760, 700);
  await choose(page, "Empty Latent Image");
  for (const side of ["width", "height"]) {
    await node(page, "empty_latent_image").getByRole("slider", { name: side }).click();
    await page.keyboard.type("128");
    await page.keyboard.press("Enter");
  }
  await node(page, "ksampler").getByRole("slider", { name: "steps" }).click();
  await page.keyboard.type(STEPS);
  await page.keyboard.press("Enter");

  await pull(page, socket(page, "ksampler", "latent", "output"), 1190, 240);
  await choose(page, "VAE Decode");
  await link(
    page,
    socket(page, "load_checkpoint", "vae", "output"),
    socket(page, "vae_decode", "vae", "input"),
  );
  await pull(page, socket(page, "vae_decode", "image", "output"), 1250, 420);
  await choose(page, "Save Image");

  await page.getByRole("button", { name: /^Run/ }).click();
  await expect(picture(page, "save_image")).toBeVisible({ timeout: 90_000 });
  await expect(picture(page, "save_image")).toHaveJSProperty("naturalWidth", 128);
});

test("txt2img is built by keyboard alone, and runs", async ({ page }) => {
  await openEmpty(page);
  const add = async (name: string) => {
    await page.keyboard.press("Tab");
    await choose(page, name);
  };
  /** With a node selected: its port, then the partner. */
  const linkTo = async (port: string, partner: string) => {
    await page.keyboard.press("l");
    for (const text of [port, partner]) {
      await page.keyboard.type(text);
      await expect(page.getByRole("option", { selected: true })).toContainText(text);
      await page.keyboard.press("Enter");
    }
    await expect(page.getByRole("dialog")).toBeHidden();
  };
  await page.locator(".canvas").focus();
  await add("Load Checkpoint");
  await page.keyboard.press("Enter"); // into the node's values
  await expect(page.getByRole("button", { name: /^ckpt name/ })).toBeFocused();
  await page.keyboard.press("Enter"); // opens the list
  await choose(page, "thimble.safetensors");
  await page.keyboard.press("Escape");
  await linkTo("clip", "+ CLIPTextEncode");
  await page.keyboard.press("Enter");
  await expect(node(page, "clip_text_encode").getByRole("textbox")).toBeFocused();
  await page.keyboard.type(PROMPT);
  await page.keyboard.press("Escape");
  await linkTo("conditioning", "+ KSampler");
  await linkTo("model", "load_checkpoint.model");
  await page.keyboard.press("Enter"); // the seed
  await expect(page.getByRole("button", { name: /^seed \d/ })).toBeFocused();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.type(STEPS);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await linkTo("latent_image", "+ EmptyLatentImage");
  await page.keyboard.press("Enter"); // the width
  await expect(page.getByRole("slider", { name: "width" })).toBeFocused();
  await page.keyboard.type("128");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.type("128");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Alt+ArrowRight"); // back to the sampler
  await linkTo("negative", "clip_text_encode.conditioning");
  await linkTo("→ latent", "+ VAEDecode");
  await linkTo("vae", "load_checkpoint.vae");
  await linkTo("image", "+ SaveImage");
  const nodes = await nodesNow(page);
  expect(Object.values(nodes).map(({ type }) => type)).toEqual([
    "LoadCheckpoint",
    "CLIPTextEncode",
    "KSampler",
    "EmptyLatentImage",
    "VAEDecode",
    "SaveImage",
  ]);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+Enter");
  await expect(picture(page, "save_image")).toHaveJSProperty("naturalWidth", 128, {
    timeout: 90_000,
  });
});

test("a broken graph says where and what, and undo mends it", async ({ page }) => {
  await openTemplate(page, "Text to image");
  await node(page, "checkpoint").locator("h3").click();
  await page.keyboard.press("Delete");
  await page.keyboard.press("Control+Enter");
  const problems = page.getByRole("complementary", { name: "Problems" });
  // All at once: both prompts, the sampler's model and the decoder's VAE.
  await expect(problems.locator(".problem")).toHaveCount(4);
  await expect(node(page, "sample").locator(".node-problems")).toContainText("model");
  await problems.getByRole("button", { name: /decode/ }).click();
  await expect(node(page, "decode")).toHaveClass(/selected/);
  await page.locator(".canvas").focus();
  await page.keyboard.press("Control+z");
  await expect(node(page, "checkpoint")).toBeVisible();
  await expect(problems.getByText("There are no problems.")).toBeVisible();
});

test("what is not linked yet is told when one wants to run, not while one builds", async ({
  page,
}) => {
  await openEmpty(page);
  await page.mouse.dblclick(180, 380);
  const checked = page.waitForResponse(/validate/);
  await choose(page, "KSampler");
  await checked;
  const sampler = node(page, "ksampler");
  // What is only unfinished is not counted beside the panels either.
  await expect(page.locator(".rail .badge")).toHaveCount(0);
  await expect(sampler.locator(".node-problems")).toHaveCount(0);
  await expect(sampler).not.toHaveAttribute("data-problem");
  await page.keyboard.press("Control+Enter");
  await expect(sampler.locator(".node-problems")).toContainText("model");
  await expect(page.getByRole("button", { name: "Problems", exact: true })).toContainText(/\d/);
});

test("undo goes back through everything, redo forth again", async ({ page }) => {
  await openTemplate(page, "Text to image");
  const before = await nodesNow(page);
  await page.keyboard.press("Control+d");
  await page.keyboard.press("Control+g");
  await page.keyboard.press("Control+a");
  await page.keyboard.press("m");
  await page.keyboard.press("Delete");
  await expect(page.locator(".node")).toHaveCount(0);
  for (let i = 0; i < 4; i++) await page.keyboard.press("Control+z");
  expect(await nodesNow(page)).toEqual(before);
  for (let i = 0; i < 4; i++) await page.keyboard.press("Control+Shift+z");
  await expect(page.locator(".node")).toHaveCount(0);
});

test("a file of ComfyUI's API is opened by drop, with its links and values", async ({ page }) => {
  await openEmpty(page);
  const text = readFileSync(new URL("comfy-api.json", import.meta.url), "utf-8");
  await dropFile(page, "flow.json", text);
  await expect(page.locator(".node")).toHaveCount(7);
  await expect(node(page, "3").getByRole("heading")).toHaveText("KSampler");
  await expect(node(page, "3").getByRole("slider", { name: "steps" })).toHaveAttribute(
    "aria-valuenow",
    STEPS,
  );
  expect((await nodesNow(page))["3"]?.inputs).toMatchObject({ model: { link: "4.model" } });
});

test("work survives a killed page", async ({ page, context }) => {
  await openTemplate(page, "Text to image");
  await node(page, "positive").getByRole("textbox").fill("a green star");
  await expect
    .poll(() =>
      page.evaluate(
        () =>
          new Promise<string>((resolve) => {
            const open = indexedDB.open("keyval-store");
            open.onsuccess = () => {
              const get = open.result.transaction("keyval").objectStore("keyval").get("weft.tabs");
              get.onsuccess = () => resolve(String(get.result));
            };
          }),
      ),
    )
    .toContain("a green star");
  // No farewell: the page cannot save anything while it goes.
  const session = await context.newCDPSession(page);
  void session.send("Page.crash").catch(() => undefined);
  const again = await context.newPage();
  await again.goto("/");
  await expect(node(again, "positive").getByRole("textbox")).toHaveValue("a green star");
});
