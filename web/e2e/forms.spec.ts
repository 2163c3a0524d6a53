/** The form: its address, the order of its inputs, its language. */

import { expect, type Page, test } from "@playwright/test";
import { openTemplate } from "./helpers";

async function openForm(page: Page) {
  await page.getByRole("button", { name: "Form", exact: true }).click();
  return page.getByRole("complementary", { name: "Form" });
}

test("form only has an address, which shows it after the page is loaded anew", async ({ page }) => {
  await openTemplate(page, "Text to image");
  const panel = await openForm(page);
  await panel.getByRole("button", { name: "Form only" }).click();
  await expect(page).toHaveURL(/#form$/);
  const prompt = page.getByRole("textbox", { name: "prompt" });
  await prompt.fill("a green star");
  await expect(page.locator(".save-state", { hasText: /^Saved$/ })).toBeVisible();
  await page.reload();
  await expect(page.locator(".form-page")).toBeVisible();
  await expect(page).toHaveURL(/#form$/);
  await expect(prompt).toHaveValue("a green star");
  await page.getByRole("button", { name: "Back to the graph" }).click();
  await expect(page.locator(".canvas")).toBeVisible();
  await expect(page).not.toHaveURL(/#form/);
  // The address alone leads there, too, and away again.
  await page.evaluate(() => {
    location.hash = "#form";
  });
  await expect(page.locator(".form-page")).toBeVisible();
  await page.evaluate(() => {
    location.hash = "";
  });
  await expect(page.locator(".canvas")).toBeVisible();
});

test("inputs of the form are put in another order and taken off, and that is undone", async ({
  page,
}) => {
  await openTemplate(page, "Text to image");
  const panel = await openForm(page);
  const names = () =>
    panel
      .locator(".form-name")
      .evaluateAll((all) => all.map((one) => (one as HTMLInputElement).value));
  await expect(panel.locator(".form-name")).toHaveCount(5);
  const before = await names();
  expect(before).toEqual(["prompt", "negative", "seed", "steps", "cfg"]);
  await expect(panel.getByRole("button", { name: "Up: prompt" })).toBeDisabled();
  await panel.getByRole("button", { name: "Up: steps" }).click();
  expect(await names()).toEqual(["prompt", "negative", "steps", "seed", "cfg"]);
  await panel.getByRole("button", { name: "Down: prompt" }).click();
  expect(await names()).toEqual(["negative", "prompt", "steps", "seed", "cfg"]);
  await panel.getByRole("button", { name: "Remove: cfg" }).click();
  expect(await names()).toEqual(["negative", "prompt", "steps", "seed"]);
  if (process.env["SHOTS"])
    await page.screenshot({ path: `${process.env["SHOTS"]}/form-dock.png` });
  await page.locator(".canvas").focus();
  for (const _ of [1, 2, 3]) await page.keyboard.press("Control+z");
  expect(await names()).toEqual(before);
});

test("a template opened from a Chinese card has Chinese names in its form", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("button", { name: "中文" }).click();
  await page
    .getByRole("button", { name: /文生图/ })
    .first()
    .click();
  await expect(page.locator(".tab.active")).toContainText("文生图");
  await page.getByRole("button", { name: "表单", exact: true }).click();
  await page.getByRole("button", { name: "仅表单" }).click();
  await expect(page.getByRole("heading", { name: "文生图" })).toBeVisible();
  await expect(page.getByRole("textbox", { name: "提示词", exact: true })).toBeVisible();
  await expect(page.getByRole("textbox", { name: "负面提示词" })).toBeVisible();
  await expect(page.locator(".form-card header p")).toHaveText(/[\u4e00-\u9fff]/);
});
