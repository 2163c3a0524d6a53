/** The main views as pictures for docs/, and no serious fault of accessibility in any of them. */

import { expect, type Page, test } from "@playwright/test";
import { faults, node, openTemplate, picture } from "./helpers";

const shot = async (page: Page, name: string): Promise<void> => {
  if (process.env["PICTURES"]) await page.screenshot({ path: `../docs/editor/${name}.png` });
};

for (const scheme of ["dark", "light"] as const) {
  test(`the ${scheme} theme has no serious fault of accessibility`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto("/");
    await expect(page.getByRole("heading", { name: "Start a workflow" })).toBeVisible();
    expect(await faults(page)).toEqual([]);
    await page.getByRole("button", { name: "Canny ControlNet" }).click();
    await expect(node(page, "sample")).toBeVisible();
    await shot(page, `graph-${scheme}`);
    await page.keyboard.press("o");
    await page.keyboard.press("v");
    await expect(page.getByRole("complementary", { name: "Form" })).toBeVisible();
    await shot(page, `form-${scheme}`);
    expect(await faults(page)).toEqual([]);
    await page.locator(".canvas").focus();
    await page.keyboard.press("?");
    await expect(page.getByRole("dialog", { name: "Keyboard" })).toBeVisible();
    expect(await faults(page)).toEqual([]);
  });
}

test("the page is there in Chinese", async ({ page }) => {
  await openTemplate(page, "Text to image");
  await page.getByRole("button", { name: "中文" }).click();
  await expect(page.getByRole("button", { name: /^运行/ })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "zh-CN");
});

test("a finished run shows its picture in node and gallery", async ({ page }) => {
  await openTemplate(page, "Text to image");
  await node(page, "sample").getByRole("slider", { name: "steps" }).click();
  await page.keyboard.type("6");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Control+Enter");
  await expect(picture(page, "save")).toBeVisible({ timeout: 90_000 });
  await page.locator(".canvas").focus();
  await page.keyboard.press("r");
  await expect(page.locator(".gallery img").first()).toHaveJSProperty("complete", true);
  await expect(page.locator(".gallery img").first()).not.toHaveJSProperty("naturalWidth", 0);
  await page.getByRole("button", { name: "Show everything" }).click();
  // The view has come to rest when the last node is whole in it.
  await expect(page.locator('[data-id="save"]')).toBeInViewport({ ratio: 1 });
  await shot(page, "finished");
});
