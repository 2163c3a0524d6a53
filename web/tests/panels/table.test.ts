import { expect, test, vi } from "vitest";

// The state of the page reads the browser's settings when it is imported.
vi.hoisted(() => {
  const root = { dataset: {}, lang: "" };
  const element = { click: () => {}, style: {} };
  const storage = { getItem: () => null, setItem: () => {} };
  vi.stubGlobal("document", { documentElement: root, createElement: () => element });
  vi.stubGlobal("navigator", { language: "en", userAgent: "" });
  vi.stubGlobal("localStorage", storage);
  vi.stubGlobal("sessionStorage", storage);
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => {} }));
});

import { PANELS } from "../../src/panels/table";
import { en } from "../../src/state/messages/panels";

test("every panel that has a name is in the table once", () => {
  const named = Object.keys(en).filter((key) => key.startsWith("panel."));
  expect(PANELS.map(({ label }) => label).toSorted()).toEqual(named.toSorted());
  expect(PANELS.map(({ id }) => `panel.${id}`)).toEqual(PANELS.map(({ label }) => label));
});

test("no two panels have the same key", () => {
  const keys = PANELS.flatMap(({ key }) => key ?? []);
  expect(new Set(keys).size).toBe(keys.length);
});

test.each(PANELS.map((panel) => [panel.id, panel] as const))(
  "the panel %s is loaded",
  async (_, { load }) => {
    expect((await load()).default).toBeTypeOf("function");
  },
  30_000,
);
