/** The canvas under a real mouse and keyboard: boxes, numbers, links, layout, what is pasted. */

import { expect, type Locator, type Page, test } from "@playwright/test";
import { choose, dropFile, node, nodesNow, openEmpty, openTemplate, socket } from "./helpers";

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

async function boxOf(locator: Locator): Promise<Box> {
  const box = await locator.boundingBox();
  if (box === null) throw new Error("it is not on the page");
  return box;
}

/** Press, move in steps and let go, with a key held down. */
async function drag(
  page: Page,
  from: readonly [number, number],
  to: readonly [number, number],
  key?: "Shift" | "Control" | "Alt",
): Promise<void> {
  if (key) await page.keyboard.down(key);
  await page.mouse.move(...from);
  await page.mouse.down();
  await page.mouse.move(...to, { steps: 8 });
  await page.mouse.up();
  if (key) await page.keyboard.up(key);
}

const said = (page: Page) => page.getByTestId("announcer");
const toast = (page: Page) => page.locator(".toast");
const zoomOf = async (page: Page) =>
  Number((await page.locator(".statusbar .zoom").textContent())?.replace("%", ""));

/** Nearer or farther until the whole is shown at a scale below or from `percent` on. */
async function zoomTo(page: Page, key: "-" | "+", done: (percent: number) => boolean) {
  await page.locator(".canvas").focus();
  await expect
    .poll(async () => {
      const zoom = await zoomOf(page);
      if (!done(zoom)) await page.keyboard.press(key);
      return done(zoom);
    })
    .toBe(true);
}

const inputsOf = async (page: Page, id: string) =>
  ((await nodesNow(page))[id]?.inputs ?? {}) as Record<string, unknown>;

/** How many pixels of the links are coloured. */
function saturated(page: Page): Promise<number> {
  return page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>("canvas.links");
    const context = canvas?.getContext("2d");
    if (!canvas || !context) return -1;
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let found = 0;
    for (let i = 0; i < data.length; i += 4) {
      const [r = 0, g = 0, b = 0, a = 0] = data.slice(i, i + 4);
      if (a > 100 && Math.max(r, g, b) - Math.min(r, g, b) > 40) found++;
    }
    return found;
  });
}

for (const key of ["Shift", "Control"] as const) {
  test(`a box drawn with ${key} selects what it touches, and keeps it`, async ({ page }) => {
    await openTemplate(page, "Text to image");
    await zoomTo(page, "+", (zoom) => zoom >= 42);
    const [negative, canvas] = [
      await boxOf(node(page, "negative")),
      await boxOf(node(page, "canvas")),
    ];
    const left = Math.min(negative.x, canvas.x) - 20;
    // Let go over a node.
    await drag(page, [left, negative.y + 20], [canvas.x + 30, canvas.y + 12], key);
    await expect(said(page)).toHaveText("2 selected");
    await expect(node(page, "negative")).toHaveClass(/selected/);
    await expect(node(page, "canvas")).toHaveClass(/selected/);
    // A second box adds to it; it is let go over the empty canvas.
    const save = await boxOf(node(page, "save"));
    await drag(
      page,
      [save.x + save.width + 16, save.y + save.height + 16],
      [save.x - 16, save.y - 16],
      key,
    );
    await expect(said(page)).toHaveText("3 selected");
    await page.mouse.click(save.x + save.width + 24, save.y + save.height + 24);
    await expect(said(page)).toHaveText("Nothing selected");
  });

  test(`a box drawn with ${key} in the far view selects too`, async ({ page }) => {
    await openTemplate(page, "Text to image");
    await zoomTo(page, "-", (zoom) => zoom < 40);
    await expect(page.locator(".node")).toHaveCount(0);
    const stage = await boxOf(page.locator(".canvas"));
    await drag(
      page,
      [stage.x + 8, stage.y + 8],
      [stage.x + stage.width - 200, stage.y + stage.height - 160],
      key,
    );
    await expect(said(page)).toHaveText("7 selected");
    await page.mouse.click(stage.x + 10, stage.y + 10);
    await expect(said(page)).toHaveText("Nothing selected");
  });
}

test("a number goes a few steps for a few pixels of a drag, finely with Shift", async ({
  page,
}) => {
  await openTemplate(page, "Text to image");
  const field = (name: string) => node(page, "sample").getByRole("slider", { name });
  /** Drag a number by so many pixels and tell what it is then. */
  const dragged = async (at: Locator, dx: number, key?: "Shift") => {
    const box = await boxOf(at);
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await drag(page, [x, y], [x + dx, y], key);
    return Number(await at.getAttribute("aria-valuenow"));
  };
  const steps = Number(await field("steps").getAttribute("aria-valuenow"));
  const ten = await dragged(field("steps"), 10);
  expect(ten - steps).toBeGreaterThanOrEqual(1);
  expect(ten - steps).toBeLessThanOrEqual(5);
  // Back by the same way it is what it was.
  expect(await dragged(field("steps"), -10)).toBe(steps);
  expect(Math.abs((await dragged(field("steps"), 40, "Shift")) - steps)).toBeLessThanOrEqual(2);
  const cfg = Number(await field("cfg").getAttribute("aria-valuenow"));
  const fifty = await dragged(field("cfg"), 50);
  expect(fifty).toBeGreaterThan(cfg + 0.5);
  expect(fifty).toBeLessThan(cfg + 6);
  const width = node(page, "canvas").getByRole("slider", { name: "width" });
  const wide = await dragged(width, 10);
  expect(wide).toBeGreaterThan(128);
  expect(wide).toBeLessThanOrEqual(128 + 160);
  expect(wide % 8).toBe(0);
});

test("a slip of the hand on a number changes nothing", async ({ page }) => {
  await openTemplate(page, "Text to image");
  const before = await inputsOf(page, "sample");
  const steps = node(page, "sample").getByRole("slider", { name: "steps" });
  const { x, y, width, height } = await boxOf(steps);
  const [cx, cy] = [x + width / 2, y + height / 2];
  await drag(page, [cx, cy], [cx + 3, cy + 2]);
  // It was a click: the number can be typed.
  await expect(node(page, "sample").getByRole("textbox", { name: "steps" })).toBeFocused();
  await page.keyboard.press("Escape");
  expect(await inputsOf(page, "sample")).toEqual(before);
  await expect(page.getByRole("button", { name: "Undo", exact: true })).toBeDisabled();
});

test("links keep their colours when the page is loaded again", async ({ page }) => {
  await openTemplate(page, "Text to image");
  await expect.poll(() => saturated(page)).toBeGreaterThan(500);
  const before = await saturated(page);
  // Until the browser has kept the tab, the page begins anew.
  await expect(async () => {
    await page.reload();
    await expect(node(page, "sample")).toBeVisible({ timeout: 5000 });
  }).toPass();
  await expect.poll(() => saturated(page)).toBeGreaterThan(before * 0.8);
});

test("a link dropped on the row of a value is linked there, and opens nothing", async ({
  page,
}) => {
  await openTemplate(page, "Text to image");
  const stage = await boxOf(page.locator(".canvas"));
  await page.mouse.dblclick(stage.x + 60, stage.y + 60);
  await choose(page, "Integer");
  const [added] = Object.entries(await nodesNow(page)).filter(([, { type }]) => type === "Integer");
  const id = added?.[0] ?? "";
  const from = await boxOf(socket(page, id, "value", "output"));
  const steps = await boxOf(node(page, "sample").getByRole("slider", { name: "steps" }));
  await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(steps.x + steps.width / 2, steps.y + steps.height / 2, { steps: 6 });
  // The row says that it takes the link; one of a text does not.
  await expect(socket(page, "sample", "steps", "input")).toHaveClass(/aimed/);
  await expect(socket(page, "positive", "text", "input")).not.toHaveClass(/lit/);
  await page.mouse.up();
  await expect(
    node(page, "sample").getByRole("button", { name: `steps ${id}.value` }),
  ).toBeVisible();
  await expect(toast(page)).toHaveCount(0);
  await expect(page.locator("input.typing")).toHaveCount(0);
  expect(await inputsOf(page, "sample")).toMatchObject({ steps: { link: `${id}.value` } });

  // On the title it could be several: it is said which.
  await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
  await page.mouse.down();
  const title = await boxOf(node(page, "canvas").locator("h3"));
  await page.mouse.move(title.x + 20, title.y + 8, { steps: 6 });
  await page.mouse.up();
  await expect(toast(page).last()).toContainText("Drop it on one of these rows: width, height");
});

/** The picture of a canvas of the page as a file on the clipboard, pasted where the keyboard is. */
async function pastePicture(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [16, 16];
    const png = await new Promise<Blob | null>((done) => canvas.toBlob(done));
    if (png === null) throw new Error("no picture");
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
  });
  await page.keyboard.press("Control+v");
}

const placesNow = async (page: Page, type: string) => {
  const found = Object.entries(await nodesNow(page)).filter(([, node]) => node.type === type);
  return Promise.all(found.map(([id]) => boxOf(node(page, id))));
};

const apart = (a: Box, b: Box) =>
  a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;

test("a pasted picture goes into the selected Load Image, else into a new node with room", async ({
  page,
}) => {
  await openEmpty(page);
  await page.locator(".canvas").focus();
  await page.keyboard.press("Tab");
  await choose(page, "Load Image");
  const [id = ""] = Object.keys(await nodesNow(page));
  await node(page, id).locator("h3").click();
  const undo = page.getByRole("button", { name: "Undo", exact: true });
  await pastePicture(page);
  await expect(node(page, id).locator(".drop img")).toBeVisible();
  expect(Object.keys(await nodesNow(page))).toEqual([id]);
  // One step back empties it, the next takes the node away.
  await undo.click();
  expect(await inputsOf(page, id)).toEqual({});
  await page.getByRole("button", { name: "Redo", exact: true }).click();
  await page.locator(".canvas").focus();
  await page.keyboard.press("Escape");
  await page.locator(".rail button").first().hover();
  await pastePicture(page);
  await expect(page.locator(".node")).toHaveCount(2);
  const [one, other] = await placesNow(page, "LoadImage");
  expect(one && other && apart(one, other)).toBe(true);
});

test("a node added by keyboard lies on no other, and has the only model there is", async ({
  page,
}) => {
  await openEmpty(page);
  await page.locator(".canvas").focus();
  for (let i = 0; i < 2; i++) {
    // Nothing is selected, so that nothing says where the next one goes.
    if (i > 0) await page.keyboard.press("Escape");
    await page.keyboard.press("Tab");
    await choose(page, "Load Checkpoint");
    await expect(page.locator(".node")).toHaveCount(i + 1);
  }
  const [one, other] = await placesNow(page, "LoadCheckpoint");
  expect(one && other && apart(one, other)).toBe(true);
  await expect
    .poll(async () => Object.values(await nodesNow(page)).map(({ inputs }) => inputs))
    .toEqual([{ ckpt_name: "thimble.safetensors" }, { ckpt_name: "thimble.safetensors" }]);
  // What is unfinished is no fault: nothing is red before somebody wants to run it.
  await expect(page.locator(".rail .badge")).toHaveCount(0);
  // The model was chosen with the node, in one step.
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await expect(page.locator(".node")).toHaveCount(1);
});

test("in the far view a double-click on a node goes to it", async ({ page }) => {
  await openTemplate(page, "Text to image");
  const near = await boxOf(node(page, "sample"));
  await zoomTo(page, "-", (zoom) => zoom < 40);
  await expect(page.locator(".node")).toHaveCount(0);
  const map = await boxOf(page.locator(".canvas"));
  // The sampler stands right of the middle; where it is now follows from the scale.
  const scale = (await zoomOf(page)) / 100;
  expect(scale).toBeGreaterThan(0);
  expect(near.width).toBeGreaterThan(0);
  const middle = [map.x + map.width / 2, map.y + map.height / 2] as const;
  for (const dx of [0, 40, -40, 80, -80, 120, -120]) {
    await page.mouse.dblclick(middle[0] + dx, middle[1]);
    if (await page.getByRole("dialog", { name: "Add a node" }).isVisible()) {
      await page.keyboard.press("Escape");
      continue;
    }
    break;
  }
  await expect(page.getByRole("dialog", { name: "Add a node" })).toBeHidden();
  await expect.poll(() => zoomOf(page)).toBeGreaterThan(60);
  await expect(page.locator(".node.selected")).toHaveCount(1);
});

test("500 unlinked parts are laid out in the window's shape, and all are seen", async ({
  page,
}) => {
  await openEmpty(page);
  const pairs = Array.from({ length: 500 }, (_, i) => i);
  const nodes = Object.fromEntries(
    pairs.flatMap((i) => [
      [`a${i}`, { type: "Integer", inputs: { value: i } }],
      [`b${i}`, { type: "Integer", inputs: { value: { link: `a${i}.value` } } }],
    ]),
  );
  const places = Object.fromEntries(Object.keys(nodes).map((id, i) => [id, { x: i, y: i }]));
  await dropFile(page, "parts.json", JSON.stringify({ weft: 1, nodes, layout: { nodes: places } }));
  await expect(page.getByRole("button", { name: "parts" }).first()).toBeVisible();
  await page.locator(".canvas").focus();
  await page.keyboard.press("Escape");
  for (let i = 0; i < 6; i++) await page.keyboard.press("+");
  await page.keyboard.press("Shift+L");
  await expect(page.getByRole("button", { name: "Undo", exact: true })).toBeEnabled();
  // All of it is in view again.
  await expect.poll(() => zoomOf(page)).toBeLessThan(20);
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Control+c");
  const text = await page.evaluate(() => navigator.clipboard.readText());
  const laid = Object.values(
    (JSON.parse(text) as { layout: { nodes: Record<string, { x: number; y: number }> } }).layout
      .nodes,
  );
  const wide = Math.max(...laid.map(({ x }) => x)) - Math.min(...laid.map(({ x }) => x));
  const high = Math.max(...laid.map(({ y }) => y)) - Math.min(...laid.map(({ y }) => y));
  expect(wide / high).toBeGreaterThan(0.8);
  expect(wide / high).toBeLessThan(4);
});

test("a graph that is changed while its layout is loaded is laid out as it is then", async ({
  page,
}) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  // Loaded for the first time: what has a place is not laid out when it is opened.
  await page.route(/\/assets\/dagre[^/]*\.js$/, async (route) => {
    await held;
    await route.continue();
  });
  await openEmpty(page);
  const nodes = {
    left: { type: "Integer", inputs: { value: 1 } },
    right: { type: "Integer", inputs: { value: { link: "left.value" } } },
  };
  const places = { left: { x: 0, y: 400 }, right: { x: 0, y: 0 } };
  await dropFile(page, "two.json", JSON.stringify({ weft: 1, nodes, layout: { nodes: places } }));
  await node(page, "right").locator("h3").click();
  const asked = page.waitForRequest(/\/assets\/dagre/);
  await page.keyboard.press("Shift+L");
  await asked;
  await page.keyboard.press("m");
  await expect(node(page, "right")).toHaveClass(/mute/);
  release();
  const across = async () =>
    (await boxOf(node(page, "right"))).x - (await boxOf(node(page, "left"))).x;
  await expect.poll(across).toBeGreaterThan(50);
  await expect(node(page, "right")).toHaveClass(/mute/);
});

test("the page follows the size of texts that the browser is set to", async ({ page }) => {
  await openTemplate(page, "Text to image");
  const size = () =>
    page
      .locator(".topbar .tab button")
      .first()
      .evaluate((one) => Number.parseFloat(getComputedStyle(one).fontSize));
  const before = await size();
  const node12 = () =>
    node(page, "sample").evaluate((one) => Number.parseFloat(getComputedStyle(one).fontSize));
  const inGraph = await node12();
  await page.evaluate(() => {
    document.documentElement.style.fontSize = "200%";
  });
  expect(await size()).toBe(2 * before);
  // The graph has a scale of its own: what is in it keeps its place.
  expect(await node12()).toBe(inGraph);
  for (const [width, height] of [
    [1440, 900],
    [1024, 768],
  ] as const) {
    await page.setViewportSize({ width, height });
    const over = await page.evaluate(
      () => document.documentElement.scrollWidth - window.innerWidth,
    );
    expect(over).toBeLessThanOrEqual(0);
    await expect(page.getByRole("button", { name: /^Run/ })).toBeInViewport();
  }
});
