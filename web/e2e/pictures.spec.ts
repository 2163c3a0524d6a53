/** The main views as pictures for docs/, and no serious fault of accessibility in any of them. */

import { readFileSync } from "node:fs";
import { expect, type Page, test } from "@playwright/test";
import { dropFile, faults, node, openEmpty, openTemplate, picture, typeNumber } from "./helpers";

const WRITES = Boolean(process.env["PICTURES"]);

// A finished picture for the guide takes the template's twenty steps; a test needs fewer.
if (WRITES) test.setTimeout(600_000);
const patience = { timeout: WRITES ? 300_000 : 90_000 };

/** PICTURES=1 writes them; scripts/shrink.py makes the files small afterwards. */
const shot = async (page: Page, name: string): Promise<void> => {
  expect(await faults(page)).toEqual([]);
  if (!WRITES) return;
  // What is said in passing and where the pointer rests do not belong to a view.
  await page.mouse.move(0, 0);
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await expect(page.locator(".toast")).toHaveCount(0);
  await page.screenshot({ path: `../docs/editor/${name}.png` });
};

const press = async (page: Page, key: string): Promise<void> => {
  await page.locator(".canvas").focus();
  await page.keyboard.press(key);
};

/** Run what is open and wait for its picture, whole in the view. */
async function runAndShow(page: Page): Promise<void> {
  await press(page, "Control+Enter");
  await expect(picture(page, "save")).toHaveJSProperty("naturalWidth", 128, patience);
  await expect(page.locator(".run-tools .count")).toHaveCount(0);
}

async function wholeInView(page: Page, last: string): Promise<void> {
  await page.getByRole("button", { name: "Show everything" }).click();
  // The view has come to rest when the last node is whole in it.
  await expect(page.locator(`[data-id="${last}"]`)).toBeInViewport({ ratio: 1 });
}

for (const scheme of ["dark", "light"] as const) {
  test(`the ${scheme} theme has no serious fault of accessibility`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await openEmpty(page);
    await expect(page.locator(".templates img").first()).not.toHaveJSProperty("naturalWidth", 0);
    await shot(page, `start-${scheme}`);
    await page.getByRole("button", { name: "Canny ControlNet" }).click();
    await expect(node(page, "sample")).toBeVisible();
    await shot(page, `graph-${scheme}`);
    await press(page, "?");
    await expect(page.getByRole("dialog", { name: "Keyboard" })).toBeVisible();
    expect(await faults(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await node(page, "checkpoint").locator("h3").click();
    await page.keyboard.press("Delete");
    await page.keyboard.press("Control+Enter");
    await expect(page.locator(".problem").first()).toBeVisible();
    await page.locator(".toast button").first().click();
    expect(await faults(page)).toEqual([]);
    if (scheme === "dark") await shot(page, "problems");
  });
}

test("the page is there in Chinese", async ({ page }) => {
  await openEmpty(page);
  await page.getByRole("button", { name: "中文" }).click();
  await expect(page.getByRole("button", { name: /^运行/ })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "zh-CN");
  await page.getByRole("button", { name: /^文生图/ }).click();
  await expect(node(page, "sample").getByRole("heading", { name: "K 采样器" })).toBeVisible();
  await press(page, "v");
  await press(page, "o");
  await expect(page.getByRole("complementary", { name: "大纲" })).toBeVisible();
  await shot(page, "chinese");
});

test("a finished run is in node, gallery, queue, form and beside an earlier one", async ({
  page,
}) => {
  await openTemplate(page, "Text to image");
  if (!WRITES) await typeNumber(page, "sample", "steps", "6");
  await runAndShow(page);
  await press(page, "r");
  await expect(page.locator(".gallery img").first()).toHaveJSProperty("complete", true);
  await expect(page.locator(".gallery img").first()).not.toHaveJSProperty("naturalWidth", 0);
  await wholeInView(page, "save");
  await shot(page, "finished");

  const prompt = node(page, "positive").getByRole("textbox");
  await prompt.fill("a large green star on a yellow background");
  await press(page, "e");
  await expect(node(page, "sample").locator(".mark.explain")).toBeVisible();
  await press(page, "q");
  await wholeInView(page, "save");
  await shot(page, "explain");
  await press(page, "e");

  await runAndShow(page);
  await press(page, "r");
  await expect(page.locator(".gallery img")).not.toHaveCount(1);
  await page.locator(".gallery button").first().click();
  await page.getByRole("dialog").getByRole("button", { name: "Compare" }).click();
  await expect(page.locator(".compare-stage img")).toHaveCount(2);
  await shot(page, "compare");
  await page.keyboard.press("Escape");

  await press(page, "v");
  await page.getByRole("button", { name: "Form only" }).click();
  await expect(page.locator(".form-outputs img").first()).not.toHaveJSProperty("naturalWidth", 0);
  await shot(page, "form");
  await page.getByRole("button", { name: "Back to the graph" }).click();

  await press(page, "h");
  const history = page.getByRole("complementary", { name: "History" });
  await history.getByRole("textbox").fill("A star");
  await history.getByRole("button", { name: "Save", exact: true }).click();
  await expect(history.getByText("A star")).toBeVisible();
  await node(page, "positive").getByRole("textbox").fill("a small green star");
  await history.getByLabel("Choose the current state").check();
  await history
    .getByLabel(/^Choose revision/)
    .first()
    .check();
  await history.getByRole("button", { name: "Compare", exact: true }).click();
  await expect(node(page, "positive")).toHaveAttribute("data-diff", "changed");
  await shot(page, "differences");
});

test("a sweep fills its sheet", async ({ page }) => {
  await openTemplate(page, "Text to image");
  await page.getByRole("button", { name: "Sweep" }).click();
  const dialog = page.getByRole("dialog", { name: "Sweep" });
  await dialog.getByLabel("First value").selectOption({ label: "seed" });
  await dialog.getByLabel("Values").nth(0).fill("1..2");
  await dialog.getByLabel("Second value").selectOption({ label: "steps" });
  await dialog
    .getByLabel("Values")
    .nth(1)
    .fill(WRITES ? "5, 10, 20" : "2, 3, 4");
  await dialog.getByRole("button", { name: "Run 6" }).click();
  await expect(dialog.locator(".sheet img")).toHaveCount(6, patience);
  await shot(page, "sweep");
});

test("a report says what a stranger's file needs", async ({ page }) => {
  await openEmpty(page);
  const file = readFileSync(new URL("comfy-editor.json", import.meta.url), "utf-8");
  const text = file.replace("thimble.safetensors", "dreamshaper_8.safetensors");
  await dropFile(page, "from-comfyui.json", text);
  await expect(page.getByRole("dialog", { name: /^Requirements of / })).toBeVisible();
  await shot(page, "report");
});

test("a telephone shows the form", async ({ browser }) => {
  const viewport = { width: 390, height: 844 };
  const context = await browser.newContext({ viewport, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  await openEmpty(page);
  await page.getByRole("button", { name: "Text to image" }).tap();
  await page.getByRole("button", { name: "Form", exact: true }).tap();
  await page.getByRole("button", { name: "Form only" }).tap();
  await page.locator(".form-page").getByRole("button", { name: "Run" }).tap();
  const made = page.locator(".form-outputs img").first();
  await expect(made).toHaveJSProperty("naturalWidth", 128, patience);
  await expect(page.locator(".run-tools .count")).toHaveCount(0);
  await shot(page, "telephone");
  await context.close();
});
