/** The search forgives slips of the fingers, and offers what is no type of nodes. */

import { expect, type Page, test } from "@playwright/test";
import { openTemplate } from "./helpers";

async function openSearch(page: Page, y = 150): Promise<void> {
  await page.mouse.dblclick(300, y);
  await expect(page.getByRole("dialog", { name: "Add a node" })).toBeVisible();
}

test("words with letters swapped, doubled or wrong find what was meant", async ({ page }) => {
  await openTemplate(page, "Text to image");
  await openSearch(page);
  const first = page.getByRole("option", { selected: true });
  const box = page.getByRole("combobox", { name: "Search nodes…" });
  for (const [typed, meant] of [
    ["ksmapler", "KSampler"],
    ["ksampelr", "KSampler"],
    ["ksampller", "KSampler"],
    ["kssampler", "KSampler"],
    ["laod image", "Load Image"],
    ["vae deocde", "VAE Decode"],
    ["cnany", "Canny"],
  ] as const) {
    await box.selectText();
    await page.keyboard.type(typed);
    await expect(first.locator(".name")).toHaveText(meant);
  }
  await page.keyboard.press("Enter");
  await expect(page.locator(".node").getByText("Canny")).toBeVisible();
  // Words of no name, but of a choice.
  await openSearch(page, 700);
  await page.keyboard.type("depth");
  await expect(page.getByRole("option", { name: "Set Union ControlNet Type" })).toBeVisible();
  await expect(page.getByRole("option", { name: "PixArt" })).toHaveCount(0);
});

test("notes, groups, reroutes and subgraphs are offered, and made", async ({ page }) => {
  await openTemplate(page, "Text to image");
  const first = page.getByRole("option", { selected: true }).locator(".name");
  await page.mouse.click(900, 150);
  await page.keyboard.press("Tab");
  await page.keyboard.type("note");
  await expect(first).toHaveText("Note");
  await page.keyboard.press("Enter");
  await page.keyboard.type("by the sea");
  await expect(page.locator(".note textarea")).toHaveValue("by the sea");

  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  await page.keyboard.type("reroute");
  await expect(first).toHaveText("Reroute");
  await page.keyboard.press("Enter");
  await expect(page.locator(".react-flow__node-reroute")).toHaveCount(1);

  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  await page.keyboard.type("group");
  await expect(first).toHaveText("Group");
  await page.keyboard.press("Enter");
  await expect(page.locator(".react-flow__node-group")).toHaveCount(1);

  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  await page.keyboard.type("subgraph");
  await expect(first).toHaveText("Subgraph");
  await page.keyboard.press("Enter");
  await expect(page.locator(".toasts")).toContainText("Select the nodes for the subgraph first");
  await page.locator('.node[data-node-id="decode"] h3').click();
  await page.keyboard.press("Tab");
  await page.keyboard.type("subgraph");
  await page.keyboard.press("Enter");
  await expect(page.locator('.node[data-node-id="decode"]')).toHaveCount(0);
  await expect(page.locator(".node").getByText("Subgraph")).toBeVisible();
});

test("a link can be let go into a reroute of the search", async ({ page }) => {
  await openTemplate(page, "Text to image");
  const out = page.locator('.socket[data-node="sample"][data-port="latent"][data-side="output"]');
  const box = await out.boundingBox();
  if (box === null) throw new Error("it is not on the page");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + 60, 700, { steps: 5 });
  await page.mouse.up();
  await page.keyboard.type("note");
  await expect(page.getByRole("option", { name: /^Note/ })).toHaveCount(0);
  await page.getByRole("combobox").selectText();
  await page.keyboard.type("reroute");
  await page.keyboard.press("Enter");
  await expect(page.locator(".react-flow__node-reroute")).toHaveCount(1);
});

test("a model is found in spite of a slip", async ({ page }) => {
  await openTemplate(page, "Text to image");
  await page.locator('.node[data-node-id="checkpoint"] [data-widget="ckpt_name"] button').click();
  await page.keyboard.type("thimbel");
  await expect(page.getByRole("option", { name: /thimble/ }).first()).toBeVisible();
});
