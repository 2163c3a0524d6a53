import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { INPUTS, ZH } from "../../src/state/messages/templates.zh";

test("every template of graphs/ has a name in Chinese, and no other has one", () => {
  const files = readdirSync(new URL("../../../graphs", import.meta.url));
  const ids = files.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5));
  expect(Object.keys(ZH).sort()).toEqual(ids.sort());
});

test("every input that a template names for its form is called in Chinese", () => {
  const graphs = new URL("../../../graphs/", import.meta.url);
  const names = readdirSync(graphs).flatMap((file) => {
    const data = JSON.parse(readFileSync(new URL(file, graphs), "utf-8"));
    return Object.keys(data.interface?.inputs ?? {});
  });
  expect(Object.keys(INPUTS).sort()).toEqual([...new Set(names)].sort());
});
