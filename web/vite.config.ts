import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const server = process.env["WEFT_SERVER"] ?? "http://127.0.0.1:8188";

/** Leave compressed copies beside the files; the server sends them as they are. */
function compressed(): Plugin {
  return {
    name: "weft-compressed",
    apply: "build",
    writeBundle({ dir = "dist" }) {
      const folder = join(dir, "assets");
      for (const name of readdirSync(folder).filter((n) => /\.(js|css)$/.test(n))) {
        const path = join(folder, name);
        const content = readFileSync(path);
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
        writeFileSync(`${path}.br`, brotliCompressSync(content));
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), compressed()],
  build: {
    target: "es2022",
    // The page's policy allows no inline script and no data: URL for code.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // It is loaded once and kept; what matters is its compressed size.
    chunkSizeWarningLimit: 800,
  },
  server: {
    proxy: { "/v1": { target: server, ws: true } },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
