import AxeBuilder from "@axe-core/playwright";
import { expect, type Locator, type Page } from "@playwright/test";

export const node = (page: Page, id: string): Locator =>
  page.locator(`.node[data-node-id="${id}"]`);

export const socket = (page: Page, id: string, port: string, side: "input" | "output"): Locator =>
  page.locator(`.socket[data-node="${id}"][data-port="${port}"][data-side="${side}"]`);

export const picture = (page: Page, id: string): Locator =>
  node(page, id).locator(".node-picture img");

export async function openEmpty(page: Page): Promise<void> {
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "Start a workflow" })).toBeVisible();
}

export async function openTemplate(page: Page, title: string): Promise<void> {
  await openEmpty(page);
  await page.getByRole("button", { name: title }).first().click();
  await expect(page.locator(".node").first()).toBeVisible();
}

/** Let a file fall on the canvas. */
export async function dropFile(page: Page, name: string, content: string): Promise<void> {
  const data = await page.evaluateHandle(
    ([called, text]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], called, { type: "application/json" }));
      return transfer;
    },
    [name, content] as const,
  );
  await page.dispatchEvent(".canvas", "drop", { dataTransfer: data });
}

async function centre(locator: Locator): Promise<[number, number]> {
  const box = await locator.boundingBox();
  if (box === null) throw new Error("it is not on the page");
  return [box.x + box.width / 2, box.y + box.height / 2];
}

/** Drag a link from one socket to another. */
export async function link(page: Page, from: Locator, to: Locator): Promise<void> {
  await page.mouse.move(...(await centre(from)));
  await page.mouse.down();
  await page.mouse.move(...(await centre(to)), { steps: 4 });
  await page.mouse.up();
}

/** Drag a link from a socket and let go at a point of the empty canvas. */
export async function pull(page: Page, from: Locator, x: number, y: number): Promise<void> {
  await page.mouse.move(...(await centre(from)));
  await page.mouse.down();
  await page.mouse.move(x, y, { steps: 4 });
  await page.mouse.up();
  await expect(page.getByRole("dialog", { name: "Add a node" })).toBeVisible();
}

/** Choose in the open search. */
export async function choose(page: Page, text: string): Promise<void> {
  await page.keyboard.type(text);
  await expect(page.getByRole("option", { selected: true })).toContainText(text);
  await page.keyboard.press("Enter");
}

/** Type a number into a value of a node. */
export async function typeNumber(
  page: Page,
  id: string,
  name: string,
  value: string,
): Promise<void> {
  await node(page, id).getByRole("slider", { name }).click();
  await page.keyboard.type(value);
  await page.keyboard.press("Enter");
}

/** The workflow that is open, as the page has saved it in the browser. */
export async function nodesNow(
  page: Page,
): Promise<Record<string, { type: string; inputs: object }>> {
  await page.locator(".canvas").focus();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Control+c");
  const text = await page.evaluate(() => navigator.clipboard.readText());
  return (JSON.parse(text) as { nodes: Record<string, { type: string; inputs: object }> }).nodes;
}

/** Serious and critical faults of accessibility in what is seen now, with the element. */
export async function faults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map((one) => `${id}: ${one.html.slice(0, 160)}`));
}
