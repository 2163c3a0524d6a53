/** Files that do not fit this server: types it does not know, and versions it has left behind. */

import { readFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { dropFile, faults, node, nodesNow, openEmpty, typeNumber } from "./helpers";
import { Server } from "./server";

const TXT2IMG = readFileSync(new URL("../../graphs/txt2img.json", import.meta.url), "utf-8");

test("a node of unknown type becomes the nearest known one with its links, and that is undone", async ({
  page,
}) => {
  const file = JSON.parse(TXT2IMG);
  file.nodes.sample.type = "KSampler (Efficient)";
  file.nodes.sample.inputs.mood = "calm";
  file.nodes.save.type = "SaveImagePlus";
  file.requires = { packs: { SaveImagePlus: "image-plus" } };
  await openEmpty(page);
  await dropFile(page, "from-elsewhere.json", JSON.stringify(file));
  const report = page.getByRole("dialog", { name: "Requirements of “Text to image”" });
  await expect(report.getByText("Part of image-plus, which is not installed here.")).toBeVisible();
  await expect(report.getByText("Not kept: mood.")).toBeVisible();
  expect(await faults(page)).toEqual([]);

  // In the report, for all nodes of a type.
  const row = report.getByRole("listitem").filter({ hasText: "SaveImagePlus" });
  await row.getByRole("button", { name: "Use this" }).click();
  await expect(row.getByText("Replaced by Save Image. All links and values stay.")).toBeVisible();
  await report.getByRole("button", { name: "Done" }).click();
  // At the node itself.
  await node(page, "sample").getByRole("button", { name: "Use KSampler" }).click();
  await expect(page.getByText("Replaced by KSampler. Not kept: mood.")).toBeVisible();
  const made = JSON.parse(TXT2IMG).nodes;
  await expect.poll(() => nodesNow(page)).toEqual(made);

  await page.keyboard.press("Control+z");
  await page.keyboard.press("Control+z");
  expect(await nodesNow(page)).toEqual(file.nodes);
});

test("a stranger's workflow that cannot run says why before anybody is asked to allow it", async ({
  page,
}) => {
  const file = JSON.parse(TXT2IMG);
  file.nodes.sample.inputs.steps = 0;
  await openEmpty(page);
  await dropFile(page, "from-elsewhere.json", JSON.stringify(file));
  await expect(node(page, "sample")).toBeVisible();
  await page.locator(".canvas").focus();
  await page.keyboard.press("Control+Enter");
  await expect(page.getByText("The workflow cannot run yet. Problems to fix: 1.")).toBeVisible();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await typeNumber(page, "sample", "steps", "2");
  await page.locator(".canvas").focus();
  await page.keyboard.press("Control+Enter");
  const consent = page.getByRole("dialog", { name: "Run a workflow from elsewhere?" });
  await expect(consent.getByText("Write files on this server:")).toBeVisible();
  await consent.getByRole("button", { name: "Cancel" }).click();
});

test("nodes stay in their group, and others out of it, when the graph is laid out", async ({
  page,
}) => {
  const file = JSON.parse(TXT2IMG);
  const ids = Object.keys(file.nodes);
  const inside = ["positive", "negative"];
  file.layout = {
    nodes: Object.fromEntries(ids.map((id, i) => [id, { x: 340 * i, y: 900 }])),
    groups: { prompts: { title: "Prompts", x: 0, y: 0, width: 700, height: 500 } },
  };
  inside.forEach((id, i) => {
    file.layout.nodes[id] = { x: 24 + 330 * i, y: 60 };
  });
  await openEmpty(page);
  await dropFile(page, "grouped.json", JSON.stringify(file));
  await expect(node(page, "sample")).toBeVisible();
  await page.locator(".canvas").focus();
  await page.keyboard.press("Shift+L");
  await page.keyboard.press("f");
  const frame = page.getByRole("region", { name: "Prompts" });
  const place = async (id: string) => (await node(page, id).boundingBox()) ?? NOWHERE;
  const isIn = async (id: string) => {
    const [outer, box] = [(await frame.boundingBox()) ?? NOWHERE, await place(id)];
    const [right, bottom] = [outer.x + outer.width, outer.y + outer.height];
    const across = box.x < right && box.x + box.width > outer.x;
    return across && box.y < bottom && box.y + box.height > outer.y;
  };
  // The checkpoint comes to stand left of the prompts.
  await expect
    .poll(async () => (await place("checkpoint")).x - (await place("positive")).x)
    .toBeLessThan(0);
  for (const id of ids) expect([id, await isIn(id)]).toEqual([id, inside.includes(id)]);
  // Undone, all other nodes stand below the group again.
  await page.keyboard.press("Control+z");
  // Laying out moved the view too; nodes outside of it are not on the page.
  await page.getByRole("button", { name: "Show everything" }).click();
  await expect
    .poll(async () => (await place("checkpoint")).y - (await place("positive")).y)
    .toBeGreaterThan(200);
});

const NOWHERE = { x: 0, y: 0, width: 0, height: 0 };

const FADE = `
from weft.engine.declaration.node import node

def since_two(inputs, version):
    if version == 1:
        inputs["amount"] = inputs.pop("percent") / 100
    return inputs

@node("Fade", category="toy", version=2, migrate=since_two)
def fade(*, amount: float = 0.5) -> float:
    """Give a number.

    Args:
        amount: It.
    """
    return amount
`;

test("a file of an earlier version of a node is brought up to date when it is opened", async ({
  browser,
}) => {
  const server = new Server();
  server.install("fading", FADE);
  try {
    await server.start();
    const context = await browser.newContext({ baseURL: server.url });
    const page = await context.newPage();
    await openEmpty(page);
    const file = {
      weft: 1,
      title: "Old",
      nodes: { fade: { type: "Fade", inputs: { percent: 25 } } },
      requires: { nodes: { Fade: 1 } },
    };
    await dropFile(page, "old.json", JSON.stringify(file));
    const report = page.getByRole("dialog", { name: "Requirements of “Old”" });
    await expect(
      report.getByText(
        "fade was saved for version 1 of Fade; its inputs were migrated to version 2.",
      ),
    ).toBeVisible();
    await report.getByRole("button", { name: "Done" }).click();
    const fade = { type: "Fade", inputs: { amount: 0.25 } };
    expect(await nodesNow(page)).toEqual({ fade });

    // Without the server it opens as it is.
    await context.route("**/v1/share/open", (route) => route.abort());
    await dropFile(page, "old.json", JSON.stringify({ ...file, title: "As it is" }));
    await expect(page.getByText(/it opens as it is/)).toBeVisible();
    await expect(page.locator(".tab.active")).toContainText("As it is");
    expect(await nodesNow(page)).toEqual(file.nodes);
    await context.close();
  } finally {
    await server.remove();
  }
});
