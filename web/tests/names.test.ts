import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const SOURCES = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((path) => /\.tsx?$/.test(path) && !path.endsWith(".gen.ts"))
  .map((path) => join("src", path));

/** Classes, types, components and constants: what begins with a capital letter. */
const EXPORTED = /^export (?:abstract )?(?:class|interface|type|enum|function|const) ([A-Z]\w*)/gm;

test("no class, type or component is exported under the same name by two files", () => {
  const files = new Map<string, Set<string>>();
  for (const path of SOURCES) {
    for (const [, name = ""] of readFileSync(path, "utf8").matchAll(EXPORTED)) {
      files.set(name, (files.get(name) ?? new Set()).add(path));
    }
  }
  expect(files.size).toBeGreaterThan(100);
  const shared = [...files].filter(([, paths]) => paths.size > 1);
  expect(shared.map(([name, paths]) => [name, ...paths])).toEqual([]);
});
