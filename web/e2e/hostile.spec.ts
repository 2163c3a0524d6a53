/** Documents made to break the page: names that every object inherits, and texts that are markup. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { dropFile, node, nodesNow, openEmpty } from "./helpers";

const CASES = join(import.meta.dirname, "../../tests/cases/inputs/server");
const read = (name: string) => readFileSync(join(CASES, name), "utf-8");

/** Everything that is thrown and not caught. */
function faultsOf(page: Page): string[] {
  const thrown: string[] = [];
  page.on("pageerror", (error) => thrown.push(String(error)));
  return thrown;
}

/** What a script of the document would have left behind, or have done to all objects. */
const traces = (page: Page) =>
  page.evaluate(() => [
    (window as unknown as { __x?: unknown }).__x ?? null,
    ({} as { polluted?: unknown }).polluted ?? null,
  ]);

test("a note called __proto__ is shown, and does not stop the page", async ({ page }) => {
  const thrown = faultsOf(page);
  await openEmpty(page);
  await dropFile(page, "note.json", read("editor_note_proto.json"));
  await expect(node(page, "a")).toBeVisible();
  await expect(page.locator(".note textarea")).toHaveValue("t");
  expect(thrown).toEqual([]);
});

test("two hostile documents open one after the other, can be worked on, and run nothing", async ({
  page,
}) => {
  const thrown = faultsOf(page);
  await openEmpty(page);
  await dropFile(page, "editor_hostile_1.json", read("editor_hostile_1.json"));
  await expect(node(page, "sample")).toBeVisible();
  for (const id of ["__proto__", "constructor"]) await expect(node(page, id)).toHaveCount(1);

  await dropFile(page, "editor_hostile_2.json", read("editor_hostile_2.json"));
  await expect(node(page, "a")).toBeVisible();
  await expect(node(page, "__proto__")).toBeVisible();
  await page.keyboard.press("Escape");

  // It is a graph as any other: changed, laid out, undone and kept.
  const before = await nodesNow(page);
  expect(Object.keys(before)).toEqual(["__proto__", "a"]);
  await page.locator(".canvas").focus();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("m");
  await expect(node(page, "__proto__")).toHaveClass(/mute/);
  await page.keyboard.press("Control+z");
  await expect(node(page, "__proto__")).not.toHaveClass(/mute/);
  await page.keyboard.press("Shift+L");
  await page.keyboard.press("Delete");
  await expect(node(page, "__proto__")).toHaveCount(0);
  await page.keyboard.press("Control+z");
  expect(await nodesNow(page)).toEqual(before);
  await expect(async () => {
    await page.reload();
    await expect(node(page, "__proto__")).toBeVisible({ timeout: 5000 });
  }).toPass();
  await page.getByRole("button", { name: /<img/ }).first().click();
  await expect(node(page, "sample")).toBeVisible();
  await expect(page.getByText("The page has failed")).toHaveCount(0);
  expect(await traces(page)).toEqual([null, null]);
  expect(thrown).toEqual([]);
});
