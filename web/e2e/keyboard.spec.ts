/** The page by keyboard alone: nothing catches the focus, and every part is reached. */

import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { node, openEmpty, openTemplate } from "./helpers";

/** Where the keyboard is: the part of the window, and the name of the element. */
function where(page: Page): Promise<readonly [part: string, name: string]> {
  return page.evaluate(() => {
    const parts = [".topbar", ".rail", ".canvas", ".empty", ".statusbar", ".dock.right", ".menu"];
    const { activeElement: one } = document;
    const part = parts.find((name) => document.querySelector(name)?.contains(one)) ?? "";
    return [part, one?.getAttribute("aria-label") ?? one?.textContent ?? ""] as const;
  });
}

const partNow = async (page: Page) => (await where(page))[0];
const search = (page: Page) => page.getByRole("dialog", { name: "Add a node" });

test("Tab reaches every part of the first page, and goes round", async ({ page }) => {
  await openEmpty(page);
  const templates = page.locator(".empty .templates button");
  await expect(templates.first()).toBeVisible();
  const cards = await templates.count();
  expect(cards).toBeGreaterThan(10);
  const tools = await page.locator(".rail button:not([disabled])").count();
  const met = new Map<string, Set<string>>();
  for (let i = 0; i < cards + tools + 40; i++) {
    await page.keyboard.press("Tab");
    await expect(search(page)).toBeHidden();
    const [part, name] = await where(page);
    met.set(part, (met.get(part) ?? new Set()).add(name));
  }
  expect(met.get(".empty")?.size).toBe(cards);
  expect(met.get(".rail")?.size).toBe(tools);
  expect(met.get(".statusbar")?.size).toBeGreaterThan(4);
  expect([...met.keys()]).toContain(".topbar");
});

test("a template is chosen and a node is added without a mouse, and the canvas is left", async ({
  page,
}) => {
  await openEmpty(page);
  while ((await partNow(page)) !== ".empty") await page.keyboard.press("F6");
  await page.keyboard.press("Enter");
  await expect(node(page, "sample")).toBeVisible();
  await expect(page.locator(".canvas")).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(search(page)).toBeVisible();
  // Tab leaves the search without a node, and the next Tab leaves the canvas.
  await page.keyboard.press("Tab");
  await expect(search(page)).toBeHidden();
  await expect(page.locator(".canvas")).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(search(page)).toBeHidden();
  await expect(page.locator(".canvas")).not.toBeFocused();
  // Esc, then Tab, is another way out; Shift+Tab is the third.
  await page.locator(".canvas").focus();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  await expect(search(page)).toBeHidden();
  await page.locator(".canvas").focus();
  await page.keyboard.press("Shift+Tab");
  expect(await partNow(page)).toBe(".rail");
});

test("F6 stops at the templates", async ({ page }) => {
  await openEmpty(page);
  await page.locator(".canvas").focus();
  const walked: string[] = [];
  for (let i = 0; i < 5; i++) {
    await page.keyboard.press("F6");
    walked.push(await partNow(page));
  }
  expect(walked).toEqual([".empty", ".statusbar", ".topbar", ".rail", ".canvas"]);
});

test("Tab searches where the canvas was pressed", async ({ page }) => {
  await openEmpty(page);
  const box = await page.locator(".canvas").boundingBox();
  await page.mouse.click((box?.x ?? 0) + 12, (box?.y ?? 0) + 12);
  await page.keyboard.press("Tab");
  await expect(search(page)).toBeVisible();
});

test("letters show panels while a button beside the canvas has the focus, and change no graph", async ({
  page,
}) => {
  await openTemplate(page, "Text to image");
  await node(page, "decode").locator("h3").click();
  await page.keyboard.press("q");
  const queue = page.getByRole("complementary", { name: "Queue" });
  await queue.getByRole("button").first().focus();
  await page.keyboard.press("m");
  await expect(node(page, "decode")).not.toHaveClass(/mute/);
  await page.keyboard.press("r");
  await expect(page.getByRole("complementary", { name: "Results" })).toBeVisible();
  await page.locator(".rail button").first().focus();
  await page.keyboard.press("v");
  await expect(page.getByRole("complementary", { name: "Form" })).toBeVisible();
});

test("Esc gives the keyboard back from a menu to the canvas, and menus lie over messages", async ({
  page,
}) => {
  await openTemplate(page, "Text to image");
  await node(page, "decode").locator("h3").click({ button: "right" });
  const menu = page.getByRole("menu");
  await expect(menu.getByRole("menuitem").first()).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(menu).toBeHidden();
  await expect(page.locator(".canvas")).toBeFocused();
  await page.keyboard.press("m");
  await expect(node(page, "decode")).toHaveClass(/mute/);

  // A message in the middle of the canvas, and a menu at the same place.
  const seed = node(page, "sample").getByRole("button", { name: /^seed \d/ });
  await seed.click();
  await page.keyboard.type("99999999999999999999999");
  await page.keyboard.press("Enter");
  const said = page.locator(".toast");
  await expect(said).toBeVisible();
  const { x, y, width } = (await said.boundingBox()) ?? { x: 0, y: 0, width: 0 };
  await page.mouse.click(x + width / 2 + 10, y - 120, { button: "right" });
  await expect(menu).toBeVisible();
  const covered = await menu.getByRole("menuitem").evaluateAll(
    (items) =>
      items.filter((item) => {
        const { left, top, width: w, height } = item.getBoundingClientRect();
        const hit = document.elementFromPoint(left + w / 2, top + height / 2);
        return hit !== item && !item.contains(hit);
      }).length,
  );
  expect(covered).toBe(0);
});

test("a seed is called by its number and shows all of its digits", async ({ page }) => {
  await openTemplate(page, "Text to image");
  const digits = "18446744073709551615";
  await node(page, "sample")
    .getByRole("button", { name: /^seed \d/ })
    .click();
  await page.keyboard.type(digits);
  await page.keyboard.press("Enter");
  const seed = node(page, "sample").getByRole("button", { name: `seed ${digits}`, exact: true });
  await expect(seed).toBeVisible();
  expect(await seed.evaluate((one) => one.scrollWidth - one.clientWidth)).toBeLessThanOrEqual(0);
  // With the sixteen digits that most seeds have, its name is seen whole too.
  await seed.click();
  await page.keyboard.type("4216521534399999");
  await page.keyboard.press("Enter");
  const label = node(page, "sample").locator(".field.seed .label");
  await expect(node(page, "sample").getByRole("button", { name: /^seed 42165/ })).toBeVisible();
  expect(await label.evaluate((one) => one.scrollWidth - one.clientWidth)).toBeLessThanOrEqual(0);
});

test("nothing of the page is at fault by axe, with a graph and with a node's menu", async ({
  page,
}) => {
  await openEmpty(page);
  const faults = async () => {
    const { violations } = await new AxeBuilder({ page }).analyze();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`),
    );
  };
  expect(await faults()).toEqual([]);
  await page.getByRole("button", { name: "Text to image" }).first().click();
  await expect(node(page, "sample")).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Text to image");
  expect(await faults()).toEqual([]);
  await page.keyboard.press("Control+a");
  await node(page, "decode").locator("h3").click({ button: "right" });
  await expect(page.getByRole("menu")).toBeVisible();
  expect(await faults()).toEqual([]);
});
