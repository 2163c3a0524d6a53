/** Fields that are drawn upon: crop, mask, regions, curves, colours; and names in prompts. */

import { inflateSync } from "node:zlib";
import { expect, type Page, test } from "@playwright/test";
import { dropFile, node, nodesNow, openEmpty, openTemplate, picture } from "./helpers";

const PHOTO = {
  weft: 1,
  nodes: {
    photo: { type: "LoadImage", inputs: { file: "astronaut.png" } },
    crop: {
      type: "ImageCrop",
      inputs: { image: { link: "photo.image" }, width: 128, height: 128, x: 64, y: 64 },
    },
    curve: { type: "ImageCurve", inputs: { image: { link: "crop.image" } } },
    flat: { type: "EmptyImage", inputs: {} },
    shape: { type: "PolygonMask", inputs: {} },
  },
  layout: {
    nodes: {
      photo: { x: 0, y: 0 },
      crop: { x: 300, y: 0 },
      curve: { x: 600, y: 0 },
      flat: { x: 900, y: 0 },
      shape: { x: 900, y: 260 },
    },
  },
};

const from = (link: string) => ({ link });
const PROMPT = { clip: from("checkpoint.clip"), text: "a large red circle" };
const INPAINT = {
  weft: 1,
  nodes: {
    photo: { type: "LoadImage", inputs: { file: "astronaut.png" } },
    small: {
      type: "ImageScale",
      inputs: { image: from("photo.image"), width: 128, height: 128 },
    },
    checkpoint: { type: "LoadCheckpoint", inputs: { ckpt_name: "thimble.safetensors" } },
    positive: { type: "CLIPTextEncode", inputs: PROMPT },
    negative: { type: "CLIPTextEncode", inputs: { ...PROMPT, text: "" } },
    encode: {
      type: "VAEEncode",
      inputs: { pixels: from("small.image"), vae: from("checkpoint.vae") },
    },
    masked: {
      type: "SetLatentNoiseMask",
      inputs: { samples: from("encode.latent"), mask: from("photo.mask") },
    },
    sample: {
      type: "KSampler",
      inputs: {
        model: from("checkpoint.model"),
        positive: from("positive.conditioning"),
        negative: from("negative.conditioning"),
        latent_image: from("masked.latent"),
        seed: 1,
        steps: 3,
        cfg: 4.0,
      },
    },
    decode: {
      type: "VAEDecode",
      inputs: { samples: from("sample.latent"), vae: from("checkpoint.vae") },
    },
    save: { type: "SaveImage", inputs: { images: from("decode.image") } },
  },
};

async function openPhoto(page: Page): Promise<void> {
  await openEmpty(page);
  await dropFile(page, "photo.json", JSON.stringify(PHOTO));
  await expect(node(page, "photo").getByRole("img", { name: "astronaut.png" })).toBeVisible();
  await page.getByRole("button", { name: "Show everything" }).click();
}

/** Width, height, and red, green, blue, opacity of every pixel of a PNG of 8 bits. */
function decode(png: Buffer): {
  width: number;
  height: number;
  at: (x: number, y: number) => number[];
} {
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; at += png.readUInt32BE(at) + 12) {
    const kind = png.toString("latin1", at + 4, at + 8);
    if (kind === "IDAT") parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  const [width, height, channels] = [
    png.readUInt32BE(16),
    png.readUInt32BE(20),
    png[25] === 6 ? 4 : 3,
  ];
  const raw = inflateSync(Buffer.concat(parts));
  const line = width * channels;
  const rows = Buffer.alloc(line * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (line + 1)];
    for (let i = 0; i < line; i++) {
      const left = i >= channels ? (rows[y * line + i - channels] as number) : 0;
      const up = y > 0 ? (rows[(y - 1) * line + i] as number) : 0;
      const corner = y > 0 && i >= channels ? (rows[(y - 1) * line + i - channels] as number) : 0;
      const p = left + up - corner;
      const [a, b, c] = [Math.abs(p - left), Math.abs(p - up), Math.abs(p - corner)];
      const paeth = a <= b && a <= c ? left : b <= c ? up : corner;
      const guess = [0, left, up, (left + up) >> 1, paeth][filter ?? 0] as number;
      rows[y * line + i] = (raw[y * (line + 1) + 1 + i] as number) + guess;
    }
  }
  return {
    width,
    height,
    at: (x, y) => [...rows.subarray(y * line + x * channels, y * line + (x + 1) * channels)],
  };
}

async function fileOf(page: Page, name: string): Promise<ReturnType<typeof decode>> {
  const answer = await page.request.get(`/v1/files/input/${name}`);
  return decode(await answer.body());
}

const inputNow = async (page: Page, id: string, port: string): Promise<unknown> =>
  ((await nodesNow(page))[id]?.inputs as Record<string, unknown> | undefined)?.[port];

test("a part of a picture is cut out and loaded in its place", async ({ page }) => {
  await openPhoto(page);
  await node(page, "photo").getByRole("button", { name: "Crop" }).click();
  const dialog = page.getByRole("dialog", { name: "Crop" });
  await dialog.getByLabel("Shape").selectOption("16:9");
  await dialog.getByLabel("Width").fill("320");
  await expect(dialog.getByLabel("Height")).toHaveValue("180");
  await dialog.getByLabel("Left").fill("100");
  await dialog.getByLabel("Top").fill("40");
  await dialog.getByRole("button", { name: "Use this part" }).click();
  await expect(dialog).toBeHidden();
  const name = String(await inputNow(page, "photo", "file"));
  expect(name).toMatch(/^astronaut-crop.*\.png$/);
  const [whole, part] = [await fileOf(page, "astronaut.png"), await fileOf(page, name)];
  expect([part.width, part.height]).toEqual([320, 180]);
  expect(part.at(7, 9).slice(0, 3)).toEqual(whole.at(107, 49).slice(0, 3));
  await page.keyboard.press("Control+z");
  expect(await inputNow(page, "photo", "file")).toBe("astronaut.png");
});

test("a mask is painted, undone, kept with the colours under it, and inpainted", async ({
  page,
}) => {
  await openEmpty(page);
  await dropFile(page, "inpaint.json", JSON.stringify(INPAINT));
  const before = String(await inputNow(page, "photo", "file"));
  await node(page, "photo").getByRole("button", { name: "Draw a mask" }).click();
  const dialog = page.getByRole("dialog", { name: "Mask" });
  const canvas = dialog.locator("canvas.over");
  await expect(canvas).toBeVisible();
  await dialog.getByRole("button", { name: "Clear" }).click();
  const box = await canvas.boundingBox();
  if (box === null) throw new Error("the mask is not on the page");
  const paint = async (y: number) => {
    await page.mouse.move(box.x + box.width * 0.3, box.y + box.height * y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.7, box.y + box.height * y, { steps: 5 });
    await page.mouse.up();
  };
  await paint(0.5);
  await paint(0.9);
  await page.keyboard.press("Control+z"); // the second stroke
  await dialog.getByRole("button", { name: "Use the mask" }).click();
  await expect(dialog).toBeHidden();
  const name = String(await inputNow(page, "photo", "file"));
  expect(name).not.toBe(before);
  const [old, masked] = [await fileOf(page, before), await fileOf(page, name)];
  const [x, y] = [Math.round(masked.width / 2), Math.round(masked.height / 2)];
  expect(masked.at(x, y)[3]).toBe(0); // painted
  expect(masked.at(x, Math.round(masked.height * 0.9))[3]).toBe(255); // undone
  expect(masked.at(x, y).slice(0, 3)).toEqual(old.at(x, y).slice(0, 3));

  await page.keyboard.press("Control+Enter");
  await page.getByRole("button", { name: "Allow and run" }).click();
  await expect(picture(page, "save")).toBeVisible({ timeout: 90_000 });
});

test("a mask that was closed by a slip is gone on with, and painted from near", async ({
  page,
}) => {
  await openPhoto(page);
  const dialog = page.getByRole("dialog", { name: "Mask" });
  const canvas = dialog.locator("canvas.over");
  const open = async () => {
    await node(page, "photo").getByRole("button", { name: "Draw a mask" }).click();
    await expect(canvas).toBeVisible();
  };
  await open();
  const whole = await canvas.boundingBox();
  if (whole === null) throw new Error("the mask is not on the page");
  const [x, y] = [whole.x + whole.width / 2, whole.y + whole.height / 2];
  await page.mouse.move(x, y);
  for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -300);
  await expect
    .poll(async () => (await canvas.boundingBox())?.width ?? 0)
    .toBeGreaterThan(whole.width * 4);
  await page.mouse.down();
  await page.mouse.move(x + 20, y, { steps: 3 });
  await page.mouse.up();
  const undo = dialog.getByRole("button", { name: "Undo" });
  await expect(undo).toBeEnabled();
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await page.getByRole("button", { name: "Continue painting" }).click();
  await expect(undo).toBeEnabled();
  await dialog.getByRole("button", { name: "Use the mask" }).click();
  await expect(dialog).toBeHidden();
  await expect
    .poll(async () => String(await inputNow(page, "photo", "file")))
    .not.toBe("astronaut.png");
  const masked = await fileOf(page, String(await inputNow(page, "photo", "file")));
  // Twenty pixels of the page, seen from ten times as near, are a few of the picture.
  const [mx, my] = [Math.round(masked.width / 2), Math.round(masked.height / 2)];
  expect(masked.at(mx, my)[3]).toBe(0);
  expect(masked.at(mx + 60, my)[3]).toBe(255);
  // What was used is not offered again.
  await open();
  await expect(undo).toBeDisabled();
});

test("a number takes arithmetic, and keeps what it cannot read to be mended", async ({ page }) => {
  await openPhoto(page);
  const width = node(page, "crop").getByRole("slider", { name: "width" });
  const field = node(page, "crop").getByRole("textbox", { name: "width" });
  const type = async (text: string) => {
    await width.click();
    await field.fill(text);
    await page.keyboard.press("Enter");
  };
  await type("512*1.5");
  await expect(width).toHaveAttribute("aria-valuenow", "768");
  await type("/3");
  await expect(width).toHaveAttribute("aria-valuenow", "256");
  await type("256*1.001");
  await expect(page.locator(".toast")).toContainText("256.256");
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await field.fill("2*(64+8)");
  await page.keyboard.press("Enter");
  await expect(width).toHaveAttribute("aria-valuenow", "144");
  await expect(width).toBeFocused();
  await type("1+");
  await page.keyboard.press("Escape");
  await expect(width).toHaveAttribute("aria-valuenow", "144");
  await page.locator(".canvas").focus();
  for (let i = 0; i < 3; i++) await page.keyboard.press("Control+z");
  await expect(width).toHaveAttribute("aria-valuenow", "128");
});

test("a rectangle is dragged in its picture, by pointer and by keyboard", async ({ page }) => {
  await openPhoto(page);
  const body = node(page, "crop").getByRole("button", { name: /128 × 128 · 64, 64/ });
  const box = await body.boundingBox();
  if (box === null) throw new Error("the rectangle is not on the page");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 1.5, box.y + box.height * 1.5, { steps: 4 });
  await page.mouse.up();
  // Half of itself further; a pixel of the page is several of the picture.
  const x = Number(await inputNow(page, "crop", "x"));
  expect(Math.abs(x - 192)).toBeLessThan(12);
  await page.keyboard.press("Control+z");
  expect(await inputNow(page, "crop", "x")).toBe(64);

  await node(page, "crop").getByRole("button", { name: "Draw on the picture" }).click();
  const dialog = page.getByRole("dialog", { name: "Regions" });
  await dialog.getByRole("button", { name: /128 × 128/ }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Shift+ArrowDown");
  await dialog.getByRole("button", { name: "Close" }).last().click();
  expect((await nodesNow(page))["crop"]?.inputs).toMatchObject({
    x: 65,
    y: 64,
    width: 128,
    height: 129,
  });
});

test("a curve gets a point and loses it again; a shape's corner moves by keyboard", async ({
  page,
}) => {
  await openPhoto(page);
  const pad = node(page, "curve").locator(".pad");
  await expect(pad.getByRole("button")).toHaveCount(2);
  const box = await pad.boundingBox();
  if (box === null) throw new Error("the curve is not on the page");
  await page.mouse.click(box.x + box.width * 0.5, box.y + box.height * 0.2);
  await expect(pad.getByRole("button")).toHaveCount(3);
  const curve = (await inputNow(page, "curve", "curve")) as number[][];
  expect(curve[1]?.[0]).toBeCloseTo(0.5, 1);
  expect(curve[1]?.[1]).toBeCloseTo(0.8, 1);
  await pad.getByRole("button").nth(1).press("Delete");
  await expect(pad.getByRole("button")).toHaveCount(2);
  await expect(node(page, "curve")).toBeVisible(); // the point went, not the node

  await node(page, "shape").locator(".pad").getByRole("button").first().press("ArrowDown");
  const points = (await inputNow(page, "shape", "points")) as number[][];
  expect(points[0]).toEqual([0.5, 0.21]);
});

test("a colour is typed, and what is none is refused", async ({ page }) => {
  await openPhoto(page);
  const color = node(page, "flat").getByRole("textbox", { name: "color", exact: true });
  await color.fill("#ff8000");
  await color.press("Enter");
  expect(await inputNow(page, "flat", "color")).toBe(0xff8000);
  await color.fill("orange");
  await color.press("Enter");
  await expect(page.getByText("“orange” is not a colour")).toBeVisible();
  expect(await inputNow(page, "flat", "color")).toBe(0xff8000);
});

test("names of embeddings are completed in a prompt", async ({ page }) => {
  await openTemplate(page, "Text to image");
  const prompt = node(page, "positive").getByRole("textbox");
  await prompt.fill("");
  await prompt.pressSequentially("a cat, (embedding:do");
  await expect(page.getByRole("option", { name: "style-dog" })).toBeVisible();
  await page.keyboard.press("Enter");
  await page.keyboard.type(":1.2)");
  await expect(prompt).toHaveValue("a cat, (embedding:style-dog:1.2)");
  await expect(page.getByRole("listbox")).toBeHidden();
});

test("a model that is not there is said, and one of a similar name is offered first", async ({
  page,
}) => {
  await openEmpty(page);
  const inputs = { ckpt_name: "thimbel_v2.safetensors" };
  const doc = { weft: 1, nodes: { load: { type: "LoadCheckpoint", inputs } } };
  await dropFile(page, "missing.json", JSON.stringify(doc));
  // What a file lacks is reported when it is opened; here the node's own field is tried.
  const report = page.getByRole("dialog");
  await expect(report).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(report).toBeHidden();
  const field = node(page, "load").getByRole("button", { name: /^ckpt name/ });
  await expect(field).toHaveClass(/bad/);
  await field.click();
  await expect(page.getByText("thimbel_v2.safetensors is not on this server")).toBeVisible();
  await expect(page.getByRole("option").first()).toContainText("similar name");
  await page.getByRole("option").first().click();
  await expect(field).not.toHaveClass(/bad/);
});
