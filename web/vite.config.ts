import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env["WEFT_SERVER"] ?? "http://127.0.0.1:8188";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    // The page's policy allows no inline script and no data: URL for code.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "/v1": { target: server, ws: true } },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
