import { defineConfig } from "@playwright/test";

/** Port of the server that the tests start; see e2e/server.sh. E2E_PORT is for two at a time. */
const PORT = Number(process.env["E2E_PORT"] ?? 8377);

export default defineConfig({
  testDir: "e2e",
  timeout: 120_000,
  expect: { timeout: 20_000 },
  // One worker process of the server runs one workflow at a time.
  workers: 1,
  // Playwright reports what passes only the second time as flaky; look for that line.
  retries: process.env["CI"] ? 1 : 0,
  reporter: "line",
  use: {
    baseURL: `http://127.0.0.1:${PORT}`,
    viewport: { width: 1600, height: 900 },
    colorScheme: "dark",
    permissions: ["clipboard-read", "clipboard-write"],
    launchOptions: {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: ["--no-sandbox"],
    },
  },
  webServer: {
    command: `sh e2e/server.sh ${PORT}`,
    url: `http://127.0.0.1:${PORT}/v1/health`,
    timeout: 60_000,
    reuseExistingServer: false,
    gracefulShutdown: { signal: "SIGTERM", timeout: 5000 },
  },
});
