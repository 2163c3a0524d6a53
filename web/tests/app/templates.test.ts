import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { ZH } from "../../src/panels/templates.zh";

test("every template of graphs/ has a name in Chinese, and no other has one", () => {
  const files = readdirSync(new URL("../../../graphs", import.meta.url));
  const ids = files.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5));
  expect(Object.keys(ZH).sort()).toEqual(ids.sort());
});
