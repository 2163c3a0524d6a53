/** The sheet of keys says what the keys do: every one that it names is pressed. */

import { expect, type Page, test } from "@playwright/test";
import { node, nodesNow, openTemplate } from "./helpers";

test.afterEach(async ({ request }) => {
  await request.post("/v1/queue/resume", { data: {} });
});

const NAMES: Readonly<Record<string, string>> = {
  Ctrl: "Control",
  Esc: "Escape",
  Del: "Delete",
  "↵": "Enter",
  "←": "ArrowLeft",
  "→": "ArrowRight",
  "↑": "ArrowUp",
  "↓": "ArrowDown",
};

/** `Ctrl+← →` is two keys of Playwright's. */
function pressed(text: string): string[] {
  const parts = text.split(/(?<=.)\+/);
  const last = parts.pop() ?? "";
  return last.split("\u00a0").map((key) => {
    // `?` and `+` are what a layout gives; letters are named as they are without Shift.
    const name = NAMES[key] ?? (/^[A-Z]$/.test(key) ? key.toLowerCase() : key);
    return [...parts.map((part) => NAMES[part] ?? part), name].join("+");
  });
}

/** All that can be seen and where the keyboard is, but for what changes by itself. */
function seen(page: Page): Promise<string> {
  return page.evaluate(() => {
    const body = document.body.cloneNode(true) as HTMLElement;
    for (const one of body.querySelectorAll(".toasts, .topbar .save-state")) one.remove();
    const { activeElement: focused } = document;
    return `${body.innerHTML}\n${focused?.className} ${focused?.getAttribute("aria-label")}`;
  });
}

/** One node chosen, nothing open, nothing changed. */
async function begin(page: Page): Promise<void> {
  for (let i = 0; i < 4; i++) await page.keyboard.press("Escape");
  const undo = page.getByRole("button", { name: "Undo", exact: true });
  while (await undo.isEnabled()) await undo.click();
  await page.getByRole("button", { name: "Show everything" }).click();
  await page.locator(".canvas").focus();
  await expect(node(page, "decode")).toBeVisible();
  await node(page, "decode").locator("h3").click();
  await expect(node(page, "decode")).toHaveClass(/selected/);
}

const clipboard = (page: Page) => page.evaluate(() => navigator.clipboard.readText());
const write = (page: Page, text: string) =>
  page.evaluate((content) => navigator.clipboard.writeText(content), text);
const PIECE = JSON.stringify({
  weft: 1,
  nodes: { decode: { type: "VAEDecode", inputs: { vae: { link: "checkpoint.vae" } } } },
});

type Check = (page: Page, key: string) => Promise<void>;

/** Keys of which more is to be seen than that something changes, or that need something first. */
const CHECKS: Readonly<Record<string, Check>> = {
  "view.undo": async (page, key) => {
    await page.keyboard.press("m");
    await page.keyboard.press(key);
    await expect(node(page, "decode")).not.toHaveClass(/mute/);
  },
  "view.redo": async (page, key) => {
    await page.keyboard.press("m");
    await page.keyboard.press("Control+z");
    await page.keyboard.press(key);
    await expect(node(page, "decode")).toHaveClass(/mute/);
  },
  "node.copy": async (page, key) => {
    await write(page, "");
    await page.keyboard.press(key);
    expect(await clipboard(page)).toContain("VAEDecode");
  },
  "node.cut": async (page, key) => {
    await write(page, "");
    await page.keyboard.press(key);
    expect(await clipboard(page)).toContain("VAEDecode");
    await expect(node(page, "decode")).toHaveCount(0);
  },
  "node.paste": async (page, key) => {
    await write(page, PIECE);
    await page.keyboard.press(key);
    await expect(node(page, "decode_2")).toBeVisible();
    expect((await nodesNow(page))["decode_2"]?.inputs).toEqual({});
  },
  "node.pasteLinked": async (page, key) => {
    await write(page, PIECE);
    await page.keyboard.press(key);
    await expect(node(page, "decode_2")).toBeVisible();
    expect((await nodesNow(page))["decode_2"]?.inputs).toEqual({ vae: { link: "checkpoint.vae" } });
  },
  "arrange.layout": async (page, key) => {
    // A template opens laid out already: a node is moved, and lands where it was.
    const place = () => node(page, "decode").boundingBox();
    const before = await place();
    for (let i = 0; i < 6; i++) await page.keyboard.press("Shift+ArrowDown");
    await expect.poll(place).not.toEqual(before);
    await page.keyboard.press(key);
    await expect.poll(place).toEqual(before);
  },
  "node.dissolve": async (page, key) => {
    await node(page, "sample").locator("h3").click();
    await page.keyboard.press(key);
    await expect(node(page, "sample")).toHaveCount(0);
    // The sampler's own latent image goes past it.
    expect((await nodesNow(page))["decode"]?.inputs).toMatchObject({
      samples: { link: "canvas.latent" },
    });
  },
  "tab.reopen": async (page, key) => {
    await page.keyboard.press("Alt+w");
    await expect(node(page, "decode")).toHaveCount(0);
    await page.keyboard.press(key);
    await expect(node(page, "decode")).toBeVisible();
  },
  "keys.values": async (page, key) => {
    await node(page, "sample").locator("h3").click();
    await page.keyboard.press(key);
    await expect(node(page, "sample").getByRole("button", { name: /^seed \d/ })).toBeFocused();
  },
  "keys.arrange": async (page, key) => {
    await node(page, "sample")
      .locator("h3")
      .click({ modifiers: ["Shift"] });
    await changes(page, key);
  },
  "keys.weight": async (page, key) => {
    const text = node(page, "positive").getByRole("textbox");
    await text.click();
    const before = await text.inputValue();
    await page.keyboard.press(key);
    await expect(text).not.toHaveValue(before);
    // The text's own undo knows of it.
    await page.keyboard.press("Control+z");
    await expect(text).toHaveValue(before);
  },
  "run.run": async (page, key) => {
    const asked = page.waitForRequest((one) => one.method() === "POST" && /jobs/.test(one.url()));
    await page.keyboard.press(key);
    await asked;
    await expect(page.getByRole("button", { name: "Cancel", exact: true }).first()).toBeVisible();
  },
  "run.cancel": async (page, key) => {
    await expect(page.getByRole("button", { name: "Cancel", exact: true }).first()).toBeVisible();
    await page.keyboard.press(key);
    await expect(page.getByRole("button", { name: "Cancel", exact: true })).toHaveCount(0);
  },
  "file.open": async (page, key) => {
    const chooser = page.waitForEvent("filechooser");
    await page.keyboard.press(key);
    await chooser;
  },
  "file.export": async (page, key) => {
    const saved = page.waitForEvent("download");
    await page.keyboard.press(key);
    expect((await saved).suggestedFilename()).toMatch(/\.json$/);
  },
  "file.save": async (page, key) => {
    await page.keyboard.press("m");
    const asked = page.waitForRequest(
      (one) => one.method() !== "GET" && /library|workflows/.test(one.url()),
    );
    await page.keyboard.press(key);
    await asked;
  },
};

async function changes(page: Page, key: string): Promise<void> {
  const before = await seen(page);
  await page.keyboard.press(key);
  await expect.poll(async () => (await seen(page)) !== before, key).toBe(true);
}

test("every key on the sheet does what it says", async ({ page, request }) => {
  test.setTimeout(240_000);
  await request.post("/v1/queue/pause", { data: {} });
  page.on("filechooser", () => {}); // caught from the beginning, not only once one waits for it
  await openTemplate(page, "Text to image");
  await page.locator(".canvas").focus();
  await page.keyboard.press("?");
  const sheet = page.getByRole("dialog", { name: "Keyboard" });
  await expect(sheet).toBeVisible();
  const rows = await sheet.locator("dt[data-label]").evaluateAll((terms) =>
    terms.map((term) => ({
      label: (term as HTMLElement).dataset["label"] ?? "",
      keys: [...(term.nextElementSibling?.querySelectorAll("kbd") ?? [])].map(
        (one) => one.textContent ?? "",
      ),
    })),
  );
  await page.keyboard.press("Escape");
  await expect(sheet).toBeHidden();
  const labels = rows.map(({ label }) => label);
  expect(Object.keys(CHECKS).filter((label) => !labels.includes(label))).toEqual([]);
  const all = rows.flatMap(({ keys }) => keys.flatMap(pressed));
  // No key is there twice, but for the arrows that mean something else in a text.
  expect(all.filter((key, i) => all.indexOf(key) !== i)).toEqual([
    "Control+ArrowUp",
    "Control+ArrowDown",
  ]);
  // Tabs last: they take the workflow away.
  const tabs = (label: string) => label.startsWith("tab.");
  for (const { label, keys } of rows.filter((row) => !tabs(row.label))) {
    for (const key of keys.flatMap(pressed)) {
      await test.step(`${label}: ${key}`, async () => {
        await begin(page);
        await (CHECKS[label] ?? changes)(page, key);
      });
    }
  }
  await begin(page);
  for (const { label, keys } of rows.filter((row) => tabs(row.label))) {
    for (const key of keys.flatMap(pressed)) {
      await test.step(key, () => (CHECKS[label] ?? changes)(page, key));
    }
  }
});

test("the parts of the window are gone through by F6, and the selection is said aloud", async ({
  page,
}) => {
  await openTemplate(page, "Text to image");
  await page.locator(".canvas").focus();
  const where = () =>
    page.evaluate(() =>
      [".topbar", ".rail", ".canvas", ".statusbar"].find((name) =>
        document.querySelector(name)?.contains(document.activeElement),
      ),
    );
  const walked: (string | undefined)[] = [];
  for (let i = 0; i < 4; i++) {
    await page.keyboard.press("F6");
    walked.push(await where());
  }
  expect(walked).toEqual([".statusbar", ".topbar", ".rail", ".canvas"]);
  await page.keyboard.press("Shift+F6");
  expect(await where()).toBe(".rail");
  await page.keyboard.press("F6");
  const said = page.getByTestId("announcer");
  await page.keyboard.press("Alt+ArrowRight");
  await expect(said).toContainText("Load Checkpoint checkpoint selected");
  await page.keyboard.press("Control+a");
  await expect(said).toContainText("7 selected");
});

test("letters of another alphabet are read by their place on the keyboard", async ({ page }) => {
  await openTemplate(page, "Text to image");
  await node(page, "decode").locator("h3").click();
  await page.evaluate(() =>
    document.activeElement?.dispatchEvent(
      new KeyboardEvent("keydown", { key: "ь", code: "KeyM", bubbles: true }),
    ),
  );
  await expect(node(page, "decode")).toHaveClass(/mute/);
});
