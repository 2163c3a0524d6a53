// Types from the server's OpenAPI document.
//
// node scripts/types.mjs          write them
// node scripts/types.mjs --check  exit 1 if one is out of date
//
// PYTHON names the interpreter that has weft installed; by default `python`.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const here = new URL(".", import.meta.url);
const at = (path) => new URL(path, here);
const note = "/* Made by `npm run types`; do not edit. */\n\n";

const python = process.env.PYTHON ?? "python";
const server = JSON.parse(
  execFileSync(python, [at("openapi.py").pathname], { maxBuffer: 2 ** 26, encoding: "utf-8" }),
);
const made = {
  // Shapes only; and what has a default may be missing, as the server leaves empty fields out.
  "../src/api/server.gen.ts":
    note + astToString(await openapiTS({ ...server, paths: {} }, { defaultNonNullable: false })),
};

let stale = 0;
for (const [path, text] of Object.entries(made)) {
  const file = at(path);
  let known = "";
  try {
    known = readFileSync(file, "utf-8");
  } catch {
    // not made yet
  }
  if (known === text) continue;
  stale++;
  if (process.argv.includes("--check")) process.stderr.write(`${path} is out of date\n`);
  else writeFileSync(file, text);
}
if (process.argv.includes("--check") && stale > 0) process.exit(1);
