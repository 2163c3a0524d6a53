/** Running, and what is seen beside the graph: queue, results, sweep, form, subgraphs, touch. */

import { expect, test } from "@playwright/test";
import {
  dropFile,
  faults,
  node,
  nodesNow,
  openEmpty,
  openTemplate,
  picture,
  socket,
  typeNumber,
} from "./helpers";

test.afterEach(async ({ request }) => {
  await request.post("/v1/queue/resume", { data: {} });
});

test("what would run is said with the reason, and the result is compared with the one before", async ({
  page,
}) => {
  await openTemplate(page, "Text to image");
  await typeNumber(page, "sample", "steps", "3");
  // No other test asks for this, so it is not in the cache of the server that they share.
  await typeNumber(page, "sample", "cfg", "4.3");
  await page.keyboard.press("Control+Enter");
  await expect(picture(page, "save")).toBeVisible({ timeout: 90_000 });
  // Time and memory of each node.
  await expect(node(page, "sample").locator(".mark.number")).toContainText(/ s · .* kB/);
  await typeNumber(page, "sample", "cfg", "5");
  await page.locator(".canvas").focus();
  await page.keyboard.press("e");
  const mark = (id: string) => node(page, id).locator(".mark.explain");
  await expect(mark("positive")).toHaveClass(/hit/);
  await expect(mark("sample")).toHaveClass(/runs/);
  await expect(mark("sample")).toHaveAttribute("title", /cfg: 4.3 -> 5.0/);
  await expect(mark("decode")).toHaveClass(/depends/);
  // It goes on being said after the next change, until it is switched off.
  await typeNumber(page, "sample", "cfg", "6");
  await expect(mark("sample")).toHaveAttribute("title", /cfg: 4.3 -> 6.0/);

  await page.locator(".canvas").focus();
  await page.keyboard.press("Control+Enter");
  await page.keyboard.press("r");
  const results = page.getByRole("complementary", { name: "Results" });
  await expect(results.locator(".gallery img")).not.toHaveCount(0);
  await expect(node(page, "checkpoint").getByLabel("From the cache")).toBeVisible({
    timeout: 90_000,
  });
  await expect(results.getByRole("button", { name: "Compare" })).toBeVisible();
  await results.getByRole("button", { name: "Compare" }).click();
  await results.locator(".gallery button").nth(0).click();
  await results.locator(".gallery button").nth(1).click();
  const compare = page.getByRole("dialog", { name: "Compare" });
  await expect(compare.locator("img")).toHaveCount(2);
  await compare.getByRole("slider").focus();
  await page.keyboard.press("Home");
  await expect(compare.locator(".compare-stage")).toHaveCSS("--part", "0%");
  expect(await faults(page)).toEqual([]);
  await page.keyboard.press("Escape");

  // An earlier picture, dragged onto the canvas, brings back what made it.
  const earlier = await results.locator(".gallery img").nth(1).boundingBox();
  if (earlier === null) throw new Error("the earlier picture is not on the page");
  await page.mouse.move(earlier.x + 30, earlier.y + 30);
  await page.mouse.down();
  await page.mouse.move(700, 760, { steps: 8 });
  await page.mouse.up();
  await expect(page.locator(".tab")).toHaveCount(2);
  await expect(node(page, "sample").getByRole("slider", { name: "cfg" })).toHaveAttribute(
    "aria-valuenow",
    "4.3",
  );
});

test("waiting jobs are put in order, cancelled and tried again", async ({ page, request }) => {
  await openTemplate(page, "Text to image");
  await request.post("/v1/queue/pause", { data: {} });
  for (const steps of ["4", "5", "6"]) {
    await typeNumber(page, "sample", "steps", steps);
    await page.keyboard.press("Control+Enter");
  }
  await page.locator(".canvas").focus();
  await page.keyboard.press("q");
  const jobs = page.getByRole("complementary", { name: "Queue" });
  const waiting = jobs.locator('li[data-state="queued"]');
  await expect(waiting).toHaveCount(3);
  const order = () =>
    waiting.evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset["job"]));
  const onServer = async () => {
    const { queued } = (await (await request.get("/v1/queue")).json()) as {
      queued: { id: string }[];
    };
    return queued.map(({ id }) => id);
  };
  const before = await order();
  await waiting.nth(2).getByRole("button", { name: "Move up in the queue" }).click();
  await expect.poll(order).toEqual([before[0], before[2], before[1]]);
  await waiting.nth(0).getByRole("button", { name: "Move down in the queue" }).click();
  await expect.poll(order).toEqual([before[2], before[0], before[1]]);
  expect(await onServer()).toEqual(await order());
  const last = jobs.locator(`li[data-job="${(await order())[2]}"]`);
  await last.getByRole("button", { name: "Cancel" }).click();
  await expect(last).toHaveAttribute("data-state", "cancelled");
  await last.getByRole("button", { name: "Run again" }).click();
  await expect(waiting).toHaveCount(3);
  expect(await faults(page)).toEqual([]);
  for (let n = 2; n >= 0; n--) {
    await waiting.nth(n).getByRole("button", { name: "Cancel" }).click();
    await expect(waiting).toHaveCount(n);
  }
});

test("an answer about the queue that comes late brings no finished job back", async ({
  page,
  request,
}) => {
  await openTemplate(page, "Text to image");
  await typeNumber(page, "sample", "steps", "2");
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/v1/queue", async (route) => {
    const response = await route.fetch();
    await held;
    await route.fulfill({ response });
  });
  await request.post("/v1/queue/pause", { data: {} });
  const asked = page.waitForRequest("**/v1/queue");
  for (const cfg of ["3.1", "3.2"]) {
    await typeNumber(page, "sample", "cfg", cfg);
    await page.keyboard.press("Control+Enter");
  }
  const count = page.locator(".run-tools .count");
  await expect(count).toContainText("2");
  await asked;
  await request.post("/v1/queue/resume", { data: {} });
  await expect(count).toHaveCount(0, { timeout: 90_000 });
  const answered = page.waitForResponse("**/v1/queue");
  release();
  await (await answered).finished();
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
  await expect(count).toHaveCount(0);
});

test("a sweep fills its sheet, which is still there when it is opened again", async ({ page }) => {
  await openTemplate(page, "Text to image");
  await typeNumber(page, "sample", "steps", "2");
  await page.getByRole("button", { name: "Sweep" }).click();
  const dialog = page.getByRole("dialog", { name: "Sweep" });
  await dialog.getByLabel("First value").selectOption({ label: "seed" });
  await dialog.getByLabel("Values").nth(0).fill("1..2");
  await dialog.getByLabel("Second value").selectOption({ label: "cfg" });
  await dialog.getByLabel("Values").nth(1).fill("3, 4");
  await dialog.getByRole("button", { name: "Run 4" }).click();
  await expect(dialog.locator(".sheet img")).toHaveCount(4, { timeout: 90_000 });
  expect(await faults(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await page.getByRole("button", { name: "Sweep" }).click();
  await expect(dialog.locator(".sheet img")).toHaveCount(4);
  const saved = page.waitForEvent("download");
  await dialog.getByRole("button", { name: "Save" }).click();
  expect((await saved).suggestedFilename()).toBe("sheet.png");
});

test("a sweep is stopped, and says of each picture that it was", async ({ page, request }) => {
  await openTemplate(page, "Text to image");
  await request.post("/v1/queue/pause", { data: {} });
  await page.getByRole("button", { name: "Sweep" }).click();
  const dialog = page.getByRole("dialog", { name: "Sweep" });
  await dialog.getByLabel("First value").selectOption({ label: "steps" });
  await dialog.getByLabel("Values").nth(0).fill("2..4");
  await dialog.getByRole("button", { name: "Run 3" }).click();
  await expect(dialog.getByText("0 of 3")).toBeVisible();
  await expect(dialog.locator('figure[data-state="queued"]')).toHaveCount(3);
  await dialog.getByRole("button", { name: "Cancel the other jobs" }).click();
  await expect(dialog.locator('figure[data-state="cancelled"]')).toHaveCount(3);
  await expect(dialog.getByRole("button", { name: "Cancel the other jobs" })).toBeHidden();
});

test("on a telephone panels and windows fit the page", async ({ browser }) => {
  const viewport = { width: 390, height: 844 };
  const context = await browser.newContext({ viewport, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  await openEmpty(page);
  await page.getByRole("button", { name: "Text to image" }).tap();
  await expect(page.locator(".tab.active")).toContainText("Text to image");
  /** Elements that stick out at the side of what is seen. */
  const outside = (within: string) =>
    page.locator(within).evaluate((whole) =>
      [whole, ...whole.querySelectorAll("*")]
        .filter((one) => {
          const { left, right, width } = one.getBoundingClientRect();
          return width > 0 && (left < -1 || right > innerWidth + 1);
        })
        .map((one) => one.outerHTML.slice(0, 120)),
    );
  for (const panel of ["Library", "Templates", "Form", "Queue", "Results"]) {
    await page.getByRole("button", { name: panel, exact: true }).tap();
    const dock = page.locator(".dock");
    await expect(dock).toHaveAttribute("aria-label", panel);
    await expect(dock).toHaveCount(1);
    expect(await outside(".dock")).toEqual([]);
  }
  for (const [button, title] of [
    ["Keyboard shortcuts", "Keyboard"],
    ["Sweep", "Sweep"],
    ["Share and export", "Share and export"],
  ] as const) {
    await page.getByRole("button", { name: button }).tap();
    await expect(page.getByRole("dialog", { name: title })).toBeVisible();
    expect(await outside("dialog")).toEqual([]);
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).tap();
    await expect(page.getByRole("dialog")).toBeHidden();
  }
  await page.getByRole("button", { name: "Form", exact: true }).tap();
  await page.getByRole("button", { name: "Form only" }).tap();
  await expect(page.locator(".form-page")).toBeVisible();
  expect(await outside(".form-page")).toEqual([]);
  expect(await faults(page)).toEqual([]);
  await context.close();
});

test("the form alone runs a workflow for those who do not want the graph", async ({ page }) => {
  await openTemplate(page, "Text to image");
  await typeNumber(page, "sample", "steps", "3");
  await page.locator(".canvas").focus();
  await page.keyboard.press("v");
  await page.getByRole("button", { name: "Form only" }).click();
  const form = page.locator(".form-page");
  await expect(form.getByRole("heading", { name: "Text to image" })).toBeVisible();
  await expect(page.locator(".canvas")).toHaveCount(0);
  await form.getByRole("textbox", { name: "prompt", exact: true }).fill("a small green square");
  expect(await faults(page)).toEqual([]);
  await form.getByRole("button", { name: "Run" }).click();
  await expect(form.locator(".form-outputs img").first()).toHaveJSProperty("naturalWidth", 128, {
    timeout: 90_000,
  });
  await form.getByRole("button", { name: "Back to the graph" }).click();
  await expect(node(page, "positive").getByRole("textbox")).toHaveValue("a small green square");
});

test("a subgraph is made, entered, and its ports are renamed, added and taken off", async ({
  page,
}) => {
  await openTemplate(page, "Text to image");
  await node(page, "sample").locator("h3").click();
  await node(page, "decode")
    .locator("h3")
    .click({ modifiers: ["Shift"] });
  await page.keyboard.press("Control+Shift+g");
  const part = node(page, "subgraph");
  await expect(part).toBeVisible();
  await part.locator("h3").dblclick();
  await expect(page.getByRole("navigation", { name: "Open the subgraph" })).toContainText(
    "Subgraph",
  );
  await page.locator(".canvas").focus();
  await page.keyboard.press("v");
  const panel = page.getByRole("complementary", { name: "Inputs and outputs" });
  const name = panel.getByRole("textbox", { name: "Rename image" });
  await name.fill("picture");
  await name.press("Enter");
  await node(page, "sample").getByText("latent", { exact: true }).click({ button: "right" });
  await page.getByRole("menuitem", { name: "Make it an output of the subgraph" }).click();
  await expect(panel.getByRole("textbox", { name: "Rename latent", exact: true })).toBeVisible();
  expect(await faults(page)).toEqual([]);
  await page
    .getByRole("navigation", { name: "Open the subgraph" })
    .getByRole("button")
    .first()
    .click();
  await expect(part.getByText("picture", { exact: true })).toBeVisible();
  await expect(part.getByText("latent", { exact: true })).toBeVisible();
  const nodes = await nodesNow(page);
  expect(nodes["save"]?.inputs).toMatchObject({ images: { link: "subgraph.picture" } });
});

test("the outline is found, walked and read without a mouse", async ({ page }) => {
  await openTemplate(page, "Text to image");
  await page.locator(".canvas").focus();
  await page.keyboard.press("Control+f");
  await page.keyboard.type("blue background");
  const outline = page.getByRole("complementary", { name: "Outline" });
  const rows = outline.locator(".outline-list > li > button");
  await expect(rows).toHaveCount(1);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(node(page, "positive")).toHaveClass(/selected/);
  expect(await faults(page)).toEqual([]);
});

test("groups carry their nodes, reroutes bend links, chosen nodes are put in line", async ({
  page,
}) => {
  await openTemplate(page, "Text to image");
  const topOf = async (id: string) => (await node(page, id).boundingBox())?.y ?? 0;
  await node(page, "positive").locator("h3").click();
  await node(page, "canvas")
    .locator("h3")
    .click({ modifiers: ["Shift"] });
  await node(page, "canvas").locator("h3").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Align tops" }).click();
  await expect.poll(async () => (await topOf("positive")) - (await topOf("canvas"))).toBe(0);
  await page.keyboard.press("Control+z");

  await page.keyboard.press("Control+g");
  const group = page.locator("section.group");
  await expect(group).toBeVisible();
  const before = await topOf("positive");
  const groupBefore = (await group.boundingBox())?.y ?? 0;
  const title = await group.locator(".group-title").boundingBox();
  if (title === null) throw new Error("the group has no title on the page");
  await page.mouse.move(title.x + 30, title.y + 8);
  await page.mouse.down();
  await page.mouse.move(title.x + 30, title.y + 88, { steps: 4 });
  await page.mouse.up();
  const moved = Math.round(((await group.boundingBox())?.y ?? 0) - groupBefore);
  expect(moved).toBeGreaterThan(40);
  expect(Math.round((await topOf("positive")) - before)).toBe(moved);
  await page.keyboard.press("Control+z");
  await expect.poll(async () => Math.round((await topOf("positive")) - before)).toBe(0);

  // A link that leaves the decoder, where nothing else lies.
  const from = await socket(page, "decode", "image", "output").boundingBox();
  const to = await socket(page, "save", "images", "input").boundingBox();
  if (from === null || to === null) throw new Error("the link is not on the page");
  const [x, y] = [(from.x + to.x + 22) / 2, (from.y + to.y + 22) / 2];
  await page.mouse.click(x, y, { button: "right" });
  await page.getByRole("menuitem", { name: "Add a reroute" }).click();
  await expect(page.locator(".reroute")).toHaveCount(1);
  await page.keyboard.press("Control+z");
  await expect(page.locator(".reroute")).toHaveCount(0);
});

test("two fingers zoom, one moves the view", async ({ browser }) => {
  const context = await browser.newContext({ hasTouch: true });
  const page = await context.newPage();
  await openTemplate(page, "Text to image");
  const session = await context.newCDPSession(page);
  const touch = (type: string, points: readonly (readonly [number, number])[]) =>
    session.send("Input.dispatchTouchEvent", {
      type: type as "touchStart",
      touchPoints: points.map(([x, y], id) => ({ x, y, id })),
    });
  /** Somewhere with room for two fingers and nothing but the canvas under them. */
  const free = await page.evaluate(() => {
    const isFree = (x: number, y: number) =>
      document.elementFromPoint(x, y)?.classList.contains("react-flow__pane") === true;
    for (let y = 100; y < innerHeight - 100; y += 20) {
      for (let x = 200; x < innerWidth - 200; x += 20) {
        if ([-100, -50, 0, 50, 100].every((dx) => isFree(x + dx, y))) return { x, y };
      }
    }
    return null;
  });
  if (free === null) throw new Error("there is no room on the canvas");
  const at = async () => (await node(page, "sample").boundingBox())?.x ?? 0;
  const before = await at();
  await touch("touchStart", [[free.x, free.y]]);
  for (let i = 1; i <= 5; i++) await touch("touchMove", [[free.x - i * 20, free.y]]);
  await touch("touchEnd", []);
  await expect.poll(async () => Math.round(before - (await at()))).toBeGreaterThan(60);

  const zoom = page.locator(".statusbar .zoom");
  const percent = async () => Number.parseInt(await zoom.innerText(), 10);
  const first = await percent();
  const apart = (distance: number) =>
    [
      [free.x - distance, free.y],
      [free.x + distance, free.y],
    ] as const;
  await touch("touchStart", apart(30));
  for (let i = 1; i <= 7; i++) await touch("touchMove", apart(30 + i * 10));
  await touch("touchEnd", []);
  await expect.poll(percent).toBeGreaterThan(first * 1.5);
  await context.close();
});

test("windows over the graph have no serious fault of accessibility", async ({ page }) => {
  await openEmpty(page);
  const doc = {
    weft: 1,
    nodes: {
      photo: { type: "LoadImage", inputs: { file: "astronaut.png" } },
      crop: { type: "ImageCrop", inputs: { image: { link: "photo.image" } } },
      curve: { type: "ImageCurve", inputs: { image: { link: "crop.image" } } },
      flat: { type: "EmptyImage", inputs: {} },
      shape: { type: "PolygonMask", inputs: {} },
    },
  };
  await dropFile(page, "fields.json", JSON.stringify(doc));
  await expect(node(page, "photo")).toBeVisible();
  for (const scheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const [id, button, title] of [
      ["photo", "Crop", "Crop"],
      ["photo", "Draw a mask", "Mask"],
      ["crop", "Draw on the picture", "Regions"],
    ] as const) {
      await page.locator(".canvas").focus();
      await page.getByRole("button", { name: "Show everything" }).click();
      await node(page, id).getByRole("button", { name: button }).click();
      await expect(page.getByRole("dialog", { name: title })).toBeVisible();
      expect(await faults(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await expect(page.getByRole("dialog", { name: title })).toBeHidden();
    }
    expect(await faults(page)).toEqual([]);
    await page.getByRole("button", { name: "Switch between light and dark" }).click();
  }
});
