/** Several jobs of one tab: which is shown, which Stop ends, what is said when one fails. */

import { expect, type Locator, type Page, test } from "@playwright/test";
import { node, openTemplate, picture, typeNumber } from "./helpers";

test.afterEach(async ({ request }) => {
  await request.post("/v1/queue/resume", { data: {} });
  const { running, queued } = (await (await request.get("/v1/queue")).json()) as {
    running: { id: string }[];
    queued: { id: string }[];
  };
  for (const { id } of [...queued, ...running]) {
    await request.post(`/v1/jobs/${id}/cancel`, { data: {} });
  }
});

/** More steps than anybody waits for: it runs until it is stopped. */
const LONG = "9000";

async function run(page: Page): Promise<void> {
  const queued = page.waitForResponse((response) => response.url().endsWith("/v1/jobs"));
  await page.locator(".run-tools .run").click();
  await queued;
}

/** One that runs long, and two behind it that are quick. */
async function runThree(page: Page): Promise<Locator> {
  await openTemplate(page, "Text to image");
  await typeNumber(page, "sample", "steps", LONG);
  await run(page);
  await typeNumber(page, "sample", "steps", "2");
  await run(page);
  await typeNumber(page, "sample", "steps", "3");
  await run(page);
  await page.getByRole("button", { name: "Queue" }).click();
  const jobs = page.getByRole("complementary", { name: "Queue" });
  await expect(jobs.locator('li[data-state="running"]')).toHaveCount(1);
  await expect(jobs.locator('li[data-state="queued"]')).toHaveCount(2);
  return jobs;
}

const idOf = (row: Locator) => row.getAttribute("data-job");

test("the job that runs is shown while others wait behind it", async ({ page }) => {
  const jobs = await runThree(page);
  const sampler = node(page, "sample");
  await expect(sampler.locator(".mark.number")).toContainText(`/${LONG}`, { timeout: 90_000 });
  await expect(sampler.getByRole("progressbar", { name: "Running" })).toBeVisible();
  await expect(picture(page, "save").or(page.locator(".node-picture img")).first()).toBeVisible();
  const row = jobs.locator('li[data-state="running"]');
  await expect(row.getByRole("progressbar")).toBeVisible();
  await expect(row).toContainText(`of ${LONG}`);
  // It is so after the page was loaded anew, too.
  await page.reload();
  await expect(sampler.locator(".mark.number")).toContainText(`/${LONG}`, { timeout: 90_000 });
  await expect(jobs.locator('li[data-state="running"]').getByRole("progressbar")).toBeVisible();
});

test("Stop ends the job that runs, then the next in line, and says which", async ({
  page,
  request,
}) => {
  const jobs = await runThree(page);
  const first = await idOf(jobs.locator('li[data-state="running"]'));
  const stop = page.locator(".run-tools").getByRole("button", { name: "Cancel" });
  await request.post("/v1/queue/pause", { data: {} });
  await stop.hover();
  await expect(stop).toHaveAttribute("title", /Text to image · Running/);
  await stop.click();
  const told = page.locator(".toasts");
  await expect(told).toContainText(
    "Stopped: “Text to image”, which was running. Jobs still waiting: 2.",
  );
  await expect(jobs.locator(`li[data-job="${first}"]`)).toHaveAttribute("data-state", "cancelled");
  await expect(jobs.locator('li[data-state="queued"]')).toHaveCount(2);

  const next = await idOf(jobs.locator('li[data-state="queued"]').first());
  await page.locator(".canvas").focus();
  await page.keyboard.press("Control+Shift+Enter");
  await expect(told).toContainText(
    "Cancelled: “Text to image”, the next job in the queue. Jobs still waiting: 1.",
  );
  await expect(jobs.locator(`li[data-job="${next}"]`)).toHaveAttribute("data-state", "cancelled");
  await expect(jobs.locator('li[data-state="queued"]')).toHaveCount(1);

  // What is left runs to its end, and the tab shows it.
  await request.post("/v1/queue/resume", { data: {} });
  await page.getByRole("button", { name: "Show everything" }).click();
  await expect(picture(page, "save")).toHaveAttribute("src", /files\/output/, { timeout: 90_000 });

  await expect(page.locator(".run-tools .count")).toHaveCount(0);
});

test("undo after runs with random seeds takes back the last change of the person", async ({
  page,
}) => {
  await openTemplate(page, "Text to image");
  const sampler = node(page, "sample");
  const cfg = sampler.getByRole("slider", { name: "cfg" });
  await sampler.getByRole("button", { name: "Fixed" }).click();
  const before = await cfg.getAttribute("aria-valuenow");
  await typeNumber(page, "sample", "steps", "2");
  await typeNumber(page, "sample", "cfg", "6");
  const seed = sampler.locator('[data-widget="seed"]');
  const first = await seed.textContent();
  await run(page);
  await expect(seed).not.toHaveText(first ?? "");
  const second = await seed.textContent();
  await run(page);
  await expect(seed).not.toHaveText(second ?? "");
  const third = await seed.textContent();
  await page.locator(".canvas").focus();
  await page.keyboard.press("Control+z");
  await expect(cfg).toHaveAttribute("aria-valuenow", before ?? "");
  await expect(seed).toHaveText(third ?? "");
  await page.keyboard.press("Control+Shift+z");
  await expect(cfg).toHaveAttribute("aria-valuenow", "6");
});

test("the form panel shows how far a run is, and its picture", async ({ page }) => {
  await openTemplate(page, "Text to image");
  await page.getByRole("button", { name: "Form", exact: true }).click();
  const panel = page.getByRole("complementary", { name: "Form" });
  await expect(panel.getByText("Nothing yet. Press Run.")).toBeVisible();
  await typeNumber(page, "sample", "steps", LONG);
  await run(page);
  await expect(panel.getByRole("progressbar", { name: "Running" })).toBeVisible();
  await expect(panel).toContainText(`of ${LONG}`);
  await page.keyboard.press("Control+Shift+Enter");
  await expect(page.locator(".run-tools .count")).toHaveCount(0);
  await typeNumber(page, "sample", "steps", "2");
  await run(page);
  const result = panel.locator(".form-outputs > img");
  await expect(result).toHaveAttribute("src", /files\/output/, { timeout: 90_000 });
  await expect(result).toBeInViewport();
});

test.describe("on a telephone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test("the form panel shows the run and its picture above the fields", async ({ page }) => {
    await openTemplate(page, "Text to image");
    await page.getByRole("button", { name: "Form", exact: true }).tap();
    const panel = page.getByRole("complementary", { name: "Form" });
    const steps = panel.getByRole("slider", { name: "steps" });
    if ((await steps.count()) > 0) {
      await steps.tap();
      await page.keyboard.type("4");
      await page.keyboard.press("Enter");
    }
    await page.locator(".run-tools .run").tap();
    const result = panel.locator(".form-outputs > img");
    await expect(result).toHaveAttribute("src", /files\/output/, { timeout: 90_000 });
    await expect(result).toBeInViewport();
    if (process.env["SHOTS"])
      await page.screenshot({ path: `${process.env["SHOTS"]}/phone-form.png` });
  });
});
