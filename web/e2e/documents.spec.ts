/** Workflows as documents: library, revisions, sharing, opening, a server that goes and comes. */

import { readFileSync } from "node:fs";
import { type Browser, expect, type Page, test } from "@playwright/test";
import { dropFile, faults, node, nodesNow, openEmpty, openTemplate, picture } from "./helpers";
import { Server } from "./server";

const prompt = (page: Page) => node(page, "positive").getByRole("textbox");
const saved = (page: Page) => page.locator(".save-state").filter({ hasText: /^Saved$/ });
const library = (page: Page) => page.getByRole("complementary", { name: "Library" });
const history = (page: Page) => page.getByRole("complementary", { name: "History" });

interface Entry {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly revision: number;
}

/** What the server has, asked with the page's own cookie. */
async function entries(page: Page): Promise<Entry[]> {
  const answer = await page.request.get("/v1/workflows");
  return ((await answer.json()) as { workflows: Entry[] }).workflows;
}

async function savedPrompt(page: Page, id: string): Promise<unknown> {
  const document = await (await page.request.get(`/v1/workflows/${id}/document`)).json();
  return document.nodes.positive.inputs.text;
}

async function press(page: Page, key: string): Promise<void> {
  await page.locator(".canvas").focus();
  await page.keyboard.press(key);
}

/** A ComfyUI file whose model this server does not have. */
async function dropForeign(page: Page): Promise<void> {
  const file = readFileSync(new URL("comfy-api.json", import.meta.url), "utf-8");
  const text = file.replace("thimble.safetensors", "dreamshaper_8.safetensors");
  await dropFile(page, "dream.json", text);
  await expect(page.getByRole("dialog", { name: "Requirements of “dream”" })).toBeVisible();
}

/** Save another version behind the page's back, as somebody else would. */
async function saveElsewhere(page: Page, id: string): Promise<void> {
  const path = `/v1/workflows/${id}`;
  const { revision } = (await (await page.request.get(path)).json()) as Entry;
  const document = await (await page.request.get(`${path}/document`)).json();
  document.nodes.sample.inputs.steps = 7;
  const data = { document, base: revision };
  expect((await page.request.post(`${path}/revisions`, { data })).status()).toBe(201);
}

test("work is in the library by itself, and a share link is read-only until it is forked", async ({
  browser,
}) => {
  const server = new Server("--token", "the-token-of-the-administrator");
  const login = async (to: Browser, token: string): Promise<Page> => {
    const context = await to.newContext({ baseURL: server.url });
    const page = await context.newPage();
    await page.goto(`/?token=${token}`);
    await page.getByRole("button", { name: "Log in" }).click();
    await expect(page.getByRole("heading", { name: "Start a workflow" })).toBeVisible();
    return page;
  };
  try {
    await server.start();
    const token = async (name: string) => {
      const answer = await fetch(`${server.url}/v1/users`, {
        method: "POST",
        headers: {
          Authorization: "Bearer the-token-of-the-administrator",
          "Content-Type": "application/json",
        },
        body: JSON.stringify({ name, role: "editor" }),
      });
      expect(answer.status).toBe(201);
      return ((await answer.json()) as { token: string }).token;
    };
    const ann = await login(browser, await token("ann"));
    await ann.getByRole("button", { name: "Text to image" }).first().click();
    await prompt(ann).fill("a green star");
    await expect(saved(ann)).toBeVisible();
    const [mine] = await entries(ann);
    expect(mine).toMatchObject({ name: "Text to image", owner: "ann" });
    await ann.reload();
    await expect(prompt(ann)).toHaveValue("a green star");
    await press(ann, "Control+Enter");
    await expect(picture(ann, "save")).toBeVisible({ timeout: 90_000 });

    await ann.getByRole("button", { name: "Share and export" }).click();
    await ann.getByRole("button", { name: "Make a link" }).click();
    const link = await ann.getByRole("textbox", { name: "Link" }).inputValue();
    await ann.keyboard.press("Escape");

    // Ben follows the link before he is logged in; it survives the login.
    const ben = await (await browser.newContext({ baseURL: server.url })).newPage();
    const secret = await token("ben");
    await ben.goto(link);
    await ben.getByLabel(/^Token/).fill("no such token");
    await ben.getByRole("button", { name: "Log in" }).click();
    await expect(ben.getByRole("alert")).toHaveText("This token is not valid.");
    expect(await faults(ben)).toEqual([]);
    await ben.getByLabel(/^Token/).fill(secret);
    await ben.getByRole("button", { name: "Log in" }).click();
    await expect(ben.getByText("by ann is read only")).toBeVisible();
    expect(ben.url()).not.toContain("shared");
    await expect(picture(ben, "save")).toHaveJSProperty("naturalWidth", 128);
    await prompt(ben).fill("a red star");
    await expect(ben.getByText("This is read only. Make a copy to change it.")).toBeVisible();
    await expect(prompt(ben)).toHaveValue("a green star");
    expect(await faults(ben)).toEqual([]);

    await ben.getByRole("button", { name: "Make my copy" }).click();
    await expect(ben.getByText("by ann is read only")).toBeHidden();
    await prompt(ben).fill("a red star");
    await expect(saved(ben)).toBeVisible();
    const [copy] = await entries(ben);
    expect(copy).toMatchObject({ owner: "ben" });
    await expect.poll(() => savedPrompt(ben, copy?.id ?? "")).toBe("a red star");
    expect(await savedPrompt(ann, mine?.id ?? "")).toBe("a green star");
  } finally {
    await server.remove();
  }
});

test("work goes on without the server, and is saved when it is back", async ({ page }) => {
  const server = new Server();
  try {
    await server.start();
    await page.goto(server.url);
    await page.getByRole("button", { name: "Text to image" }).first().click();
    await prompt(page).fill("before");
    await expect(saved(page)).toBeVisible();
    await server.kill();
    await expect(page.getByText(/^No connection to the server/)).toBeVisible();
    await prompt(page).fill("while it was away");
    await expect(page.locator(".save-state")).toHaveText("Kept in this browser");
    expect(await faults(page)).toEqual([]);
    await server.start();
    await expect(page.getByText(/^No connection to the server/)).toBeHidden();
    await expect(saved(page)).toBeVisible();
    const answer = await page.request.get(`${server.url}/v1/workflows`);
    const [entry] = ((await answer.json()) as { workflows: Entry[] }).workflows;
    const path = `${server.url}/v1/workflows/${entry?.id}/document`;
    const document = await (await page.request.get(path)).json();
    expect(document.nodes.positive.inputs.text).toBe("while it was away");
  } finally {
    await server.remove();
  }
});

test("two revisions are compared on the canvas, and an earlier one comes back", async ({
  page,
}) => {
  await openTemplate(page, "Text to image");
  await prompt(page).fill("one star");
  await expect(saved(page)).toBeVisible();
  await node(page, "save").locator("h3").click();
  await page.keyboard.press("Delete");
  await prompt(page).fill("two stars");
  await press(page, "h");
  await history(page).getByRole("textbox").fill("Two of them");
  await history(page).getByRole("button", { name: "Save", exact: true }).click();
  await expect(history(page).getByText("Two of them")).toBeVisible();
  await history(page).getByLabel("Choose revision 1").check();
  await history(page).getByLabel("Choose the current state").check();
  await history(page).getByRole("button", { name: "Compare", exact: true }).click();

  await expect(node(page, "save")).toHaveAttribute("data-diff", "removed");
  await expect(node(page, "positive")).toHaveAttribute("data-diff", "changed");
  await expect(node(page, "positive").locator("del")).toHaveText("one star");
  await expect(node(page, "positive").locator("ins")).toHaveText("two stars");
  await expect(node(page, "decode")).not.toHaveAttribute("data-diff");
  expect(await faults(page)).toEqual([]);

  await page.locator(".tab").first().getByRole("button").first().click();
  await history(page).getByRole("button", { name: "Go back to this revision: Revision 1" }).click();
  await expect(prompt(page)).toHaveValue("one star");
  await press(page, "Control+z");
  await expect(prompt(page)).toHaveValue("two stars");
});

test("a conflict shows both versions, and keeping both makes a copy", async ({ page }) => {
  await openTemplate(page, "Text to image");
  await prompt(page).fill("mine first");
  await expect(saved(page)).toBeVisible();
  const [entry] = await entries(page);
  await saveElsewhere(page, entry?.id ?? "");
  await prompt(page).fill("mine again");
  const dialog = page.getByRole("dialog", { name: "Two versions" });
  await expect(dialog.getByText("2 changed")).toBeVisible();
  expect(await faults(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Keep both" }).click();
  await expect(saved(page)).toBeVisible();
  const [copy, original] = await entries(page);
  expect(copy?.name).toBe("Text to image (copy)");
  expect(await savedPrompt(page, copy?.id ?? "")).toBe("mine again");
  expect(original?.id).toBe(entry?.id);
  expect(await savedPrompt(page, entry?.id ?? "")).toBe("mine first");
});

test("a ComfyUI file with a missing model says so, takes another, and asks before it runs", async ({
  page,
}) => {
  await openEmpty(page);
  await dropForeign(page);
  const report = page.getByRole("dialog", { name: "Requirements of “dream”" });
  await expect(report.getByText("dreamshaper_8.safetensors")).toBeVisible();
  await report.getByRole("combobox").selectOption("thimble.safetensors");
  await report.getByRole("button", { name: "Use this" }).click();
  await expect(report.getByText("Everything it needs is here.")).toBeVisible();
  await report.getByRole("button", { name: "Done" }).click();
  await expect(node(page, "4").getByRole("button", { name: /thimble/ })).toBeVisible();

  await press(page, "Control+Enter");
  const consent = page.getByRole("dialog", { name: "Run a workflow from elsewhere?" });
  await expect(consent.getByText("Write files on this server:")).toBeVisible();
  const jobs = async () => {
    const answer = await page.request.get("/v1/jobs");
    return ((await answer.json()) as { jobs: { title: string }[] }).jobs;
  };
  await consent.getByRole("button", { name: "Cancel" }).click();
  expect((await jobs()).some(({ title }) => title === "dream")).toBe(false);
  await press(page, "Control+Enter");
  await consent.getByRole("button", { name: "Allow and run" }).click();
  await expect.poll(async () => (await jobs()).some(({ title }) => title === "dream")).toBe(true);
});

test("a file of ComfyUI's editor opens with its places and titles, and runs", async ({ page }) => {
  await openEmpty(page);
  const file = readFileSync(new URL("comfy-editor.json", import.meta.url), "utf-8");
  await dropFile(page, "from-comfyui.json", file);
  await expect(page.locator(".node")).toHaveCount(7);
  await expect(page.locator(".tab.active")).toContainText("from-comfyui");
  await expect(node(page, "6").getByRole("heading")).toHaveText("What to draw");
  const nodes = await nodesNow(page);
  expect(nodes["3"]?.inputs).toMatchObject({
    seed: 7,
    steps: 3,
    cfg: 4.5,
    latent_image: { link: "5.latent" },
  });
  await press(page, "Control+Enter");
  await page.getByRole("button", { name: "Allow and run" }).click();
  await expect(picture(page, "9")).toHaveJSProperty("naturalWidth", 128, { timeout: 90_000 });
});

test("the library finds, stars, describes, deletes and brings back", async ({ page }) => {
  await openTemplate(page, "Text to image");
  await press(page, "y");
  await prompt(page).fill("a star for the library");
  await expect(saved(page)).toBeVisible();
  const card = library(page).locator(".entry.current");
  await card.getByRole("button", { name: "More actions for Text to image" }).click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await library(page).getByRole("textbox", { name: "Rename" }).fill("Starry");
  await page.keyboard.press("Enter");
  await expect(card.getByText("Starry")).toBeVisible();
  await expect(page.locator(".tab.active")).toContainText("Starry");
  await card.getByRole("button", { name: "Star: Starry" }).click();
  await card.getByRole("button", { name: "More actions for Starry" }).click();
  await page.getByRole("menuitem", { name: "Describe and tag…" }).click();
  await page.getByRole("textbox", { name: "Description" }).fill("Five points");
  await page.getByLabel("Tags, separated by commas").fill("night, Sky");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("dialog")).toBeHidden(); // what lies behind it cannot be typed into
  await library(page).getByRole("searchbox").fill("five night");
  await expect(library(page).locator(".entry")).toHaveCount(1);
  await expect(card.getByRole("button", { name: "sky" })).toBeVisible();
  await library(page).getByRole("searchbox").fill("");
  await library(page).getByRole("button", { name: "Starred" }).click();
  await expect(library(page).locator(".entry")).toHaveCount(1);
  await card.getByRole("button", { name: "More actions for Starry" }).click();
  await page.getByRole("menuitem", { name: "Move to the trash" }).click();
  await expect(page.getByText("This workflow is in the trash")).toBeVisible();
  await page.getByRole("button", { name: "Undo", exact: true }).last().click();
  await expect(page.getByText("This workflow is in the trash")).toBeHidden();
  await expect(card.getByText("Starry")).toBeVisible();
});

test("tabs are moved by keys, and a closed one comes back with its history", async ({ page }) => {
  await openTemplate(page, "Text to image");
  await prompt(page).fill("kept in the closed tab");
  await page.getByRole("button", { name: "New workflow" }).click();
  await expect(page.locator(".tab")).toHaveCount(2);
  await page.locator(".tab").first().getByRole("button").first().focus();
  await page.keyboard.press("Alt+Shift+ArrowRight");
  await expect(page.locator(".tab").last()).toContainText("Text to image");
  await page.locator(".tab").last().getByRole("button", { name: "Close" }).click();
  await expect(page.locator(".tab")).toHaveCount(1);
  await page.locator(".toasts").getByRole("button", { name: "Undo" }).click();
  await expect(prompt(page)).toHaveValue("kept in the closed tab");
  await press(page, "Control+z");
  await expect(prompt(page)).not.toHaveValue("kept in the closed tab");
});

for (const scheme of ["dark", "light"] as const) {
  test(`the panels of documents have no serious fault in the ${scheme} theme`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await openEmpty(page);
    await press(page, "y");
    await expect(library(page)).toBeVisible();
    await dropForeign(page);
    expect(await faults(page)).toEqual([]);
    await page.getByRole("combobox").selectOption("thimble.safetensors");
    await page.getByRole("button", { name: "Use this" }).click();
    await expect(page.getByText("Everything it needs is here.")).toBeVisible();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Share and export" }).click();
    await page.getByRole("button", { name: "Make a link" }).click();
    await expect(page.getByRole("textbox", { name: "Link" })).toBeVisible();
    expect(await faults(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await press(page, "h");
    await expect(history(page).getByText("Revision 1")).toBeVisible();
    expect(await faults(page)).toEqual([]);
    await press(page, "Control+Enter");
    await expect(page.getByRole("dialog", { name: /^Run a workflow/ })).toBeVisible();
    expect(await faults(page)).toEqual([]);
  });
}
