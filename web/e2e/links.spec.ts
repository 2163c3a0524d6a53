/** Links by hand: what lights up, snapping, carrying, cutting, and what is said of a refusal. */

import { expect, type Locator, type Page, test } from "@playwright/test";
import { choose, link, node, nodesNow, openTemplate, pull, socket } from "./helpers";

async function middleOf(locator: Locator): Promise<[number, number]> {
  const box = await locator.boundingBox();
  if (box === null) throw new Error("it is not on the page");
  return [box.x + box.width / 2, box.y + box.height / 2];
}

async function inputsOf(page: Page, id: string): Promise<Record<string, unknown>> {
  return ((await nodesNow(page))[id]?.inputs ?? {}) as Record<string, unknown>;
}

const toast = (page: Page) => page.locator(".toast");

test("only what fits lights up, and the link snaps to it before the pointer is there", async ({
  page,
}) => {
  await openTemplate(page, "Text to image");
  const [x, y] = await middleOf(socket(page, "checkpoint", "model", "output"));
  const [tx, ty] = await middleOf(socket(page, "sample", "model", "input"));
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(tx - 20, ty - 8, { steps: 4 });
  const lit = await page
    .locator(".socket.lit")
    .evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset["port"]));
  expect(lit).toEqual(["model"]);
  await expect(socket(page, "sample", "model", "input")).toHaveClass(/aimed/);
  await expect(page.locator(".held path")).toHaveCount(1);
  await page.keyboard.press("Escape");
  await expect(page.locator(".held")).toHaveCount(0);
  await page.mouse.up();
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("a link dropped on a node's body takes the port that fits; a wrong one says why", async ({
  page,
}) => {
  await openTemplate(page, "Text to image");
  const title = node(page, "sample").locator("h3");
  await link(page, socket(page, "negative", "conditioning", "output"), title);
  // Both are taken already, so the first is replaced.
  expect((await inputsOf(page, "sample"))["positive"]).toEqual({ link: "negative.conditioning" });
  await page.keyboard.press("Control+z");
  await link(
    page,
    socket(page, "checkpoint", "vae", "output"),
    socket(page, "sample", "model", "input"),
  );
  await expect(toast(page)).toContainText(
    "An output of type VAE cannot be linked to an input of type MODEL.",
  );
  await link(
    page,
    socket(page, "sample", "latent", "output"),
    socket(page, "decode", "image", "output"),
  );
  await expect(toast(page).last()).toContainText("Both ends are outputs");
  await link(
    page,
    socket(page, "canvas", "latent", "output"),
    node(page, "positive").locator("h3"),
  );
  await expect(toast(page).last()).toContainText("No input or output of this node takes LATENT.");
  const before = await nodesNow(page);
  expect(Object.keys(before)).toHaveLength(7);
});

test("a link is dragged off an input, to another or away, and forked with Shift", async ({
  page,
}) => {
  await openTemplate(page, "Text to image");
  const positive = socket(page, "sample", "positive", "input");
  const negative = socket(page, "sample", "negative", "input");
  await link(page, negative, positive);
  expect(await inputsOf(page, "sample")).toMatchObject({
    positive: { link: "negative.conditioning" },
  });
  expect(await inputsOf(page, "sample")).not.toHaveProperty("negative");
  await page.keyboard.down("Shift");
  await link(page, positive, negative);
  await page.keyboard.up("Shift");
  expect(await inputsOf(page, "sample")).toMatchObject({
    positive: { link: "negative.conditioning" },
    negative: { link: "negative.conditioning" },
  });
  const [x, y] = await middleOf(negative);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x - 30, y + 330, { steps: 4 });
  await page.mouse.up();
  expect(await inputsOf(page, "sample")).not.toHaveProperty("negative");
  for (let i = 0; i < 3; i++) await page.keyboard.press("Control+z");
  expect(await inputsOf(page, "sample")).toMatchObject({
    positive: { link: "positive.conditioning" },
    negative: { link: "negative.conditioning" },
  });
});

test("Shift carries all links of an output to another one, in one step of undo", async ({
  page,
}) => {
  await openTemplate(page, "Text to image");
  const before = await nodesNow(page);
  await page.keyboard.press("Escape");
  await page.keyboard.down("Shift");
  await pull(page, socket(page, "checkpoint", "clip", "output"), 250, 700);
  await page.keyboard.up("Shift");
  await choose(page, "Load Checkpoint");
  const nodes = await nodesNow(page);
  for (const id of ["positive", "negative"]) {
    expect(nodes[id]?.inputs).toMatchObject({ clip: { link: "load_checkpoint.clip" } });
  }
  await page.keyboard.press("Escape");
  await page.keyboard.down("Shift");
  await link(
    page,
    socket(page, "load_checkpoint", "clip", "output"),
    socket(page, "checkpoint", "clip", "output"),
  );
  await page.keyboard.up("Shift");
  const back = await nodesNow(page);
  for (const id of ["positive", "negative"]) expect(back[id]).toEqual(before[id]);
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Control+z");
  expect(await nodesNow(page)).toEqual(before);
});

test("a stroke with Alt cuts the links that it crosses, and no others", async ({ page }) => {
  await openTemplate(page, "Text to image");
  const before = await nodesNow(page);
  await page.keyboard.press("Escape");
  const [x1, y1] = await middleOf(socket(page, "decode", "image", "output"));
  const [x2] = await middleOf(socket(page, "save", "images", "input"));
  await page.keyboard.down("Alt");
  await page.mouse.move((x1 + x2) / 2, y1 - 60);
  await page.mouse.down();
  await page.mouse.move((x1 + x2) / 2, y1 + 60, { steps: 4 });
  await page.mouse.up();
  await page.keyboard.up("Alt");
  const after = await nodesNow(page);
  expect(after["save"]?.inputs).not.toHaveProperty("images");
  expect({ ...after, save: null }).toEqual({ ...before, save: null });
  await page.keyboard.press("Control+z");
  expect(await nodesNow(page)).toEqual(before);
});

test("a node is put into a link, with room made for it, in one step of undo", async ({ page }) => {
  await openTemplate(page, "Text to image");
  const before = await nodesNow(page);
  await page.keyboard.press("Escape");
  const [x1, y] = await middleOf(socket(page, "decode", "image", "output"));
  const [x2] = await middleOf(socket(page, "save", "images", "input"));
  await page.mouse.click((x1 + x2) / 2, y, { button: "right" });
  await page.getByRole("menuitem", { name: "Insert a node" }).click();
  await choose(page, "Image Scale");
  const nodes = await nodesNow(page);
  expect(nodes["save"]?.inputs).toMatchObject({ images: { link: "image_scale.image" } });
  expect(nodes["image_scale"]?.inputs).toMatchObject({ image: { link: "decode.image" } });
  const [added, pushed] = [
    await node(page, "image_scale").boundingBox(),
    await node(page, "save").boundingBox(),
  ];
  expect(pushed?.x).toBeGreaterThan((added?.x ?? 0) + (added?.width ?? 0));
  await page.keyboard.press("Control+z");
  expect(await nodesNow(page)).toEqual(before);
});
