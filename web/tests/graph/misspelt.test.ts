import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { forgiven, misspelt, slips, spellingsOf } from "../../src/graph/misspelt";
import { entriesOf, search } from "../../src/graph/search";
import { catalog } from "../helpers";

describe("slips", () => {
  test.each([
    ["ksampler", "ksampler", 0],
    ["ksmapler", "ksampler", 1], // two letters swapped
    ["kssampler", "ksampler", 1], // doubled
    ["ksampl", "ksampler", 2], // left out
    ["kxamplex", "ksampler", 2], // wrong
    ["ca", "abc", Number.POSITIVE_INFINITY], // more than were allowed
  ])("%s is %s with %d", (one, other, count) => {
    expect(slips(one, other, 2)).toBe(count);
  });

  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 7 });
  test("one swap is one slip at most, there and back, and equal words have none", () => {
    fc.assert(
      fc.property(word, fc.nat(5), (text, at) => {
        const i = Math.min(at, Math.max(0, text.length - 2));
        const swapped =
          text.slice(0, i) + (text[i + 1] ?? "") + (text[i] ?? "") + text.slice(i + 2);
        expect(slips(text, swapped, 2)).toBe(text === swapped ? 0 : 1);
        expect(slips(swapped, text, 2)).toBe(slips(text, swapped, 2));
      }),
    );
  });

  test("the limit changes no count below it", () => {
    fc.assert(
      fc.property(word, word, (one, other) => {
        const all = slips(one, other, 20);
        expect(slips(one, other, 2)).toBe(all <= 2 ? all : Number.POSITIVE_INFINITY);
      }),
    );
  });
});

test("in short words nothing is forgiven", () => {
  expect([2, 3, 4, 7, 8].map(forgiven)).toEqual([0, 0, 1, 1, 2]);
});

describe("search", () => {
  const entries = entriesOf(Object.values(catalog.schemas));
  const first = (text: string) => search(entries, text)[0]?.schema.type;
  test.each([
    ["ksmapler", "KSampler"],
    ["ksampelr", "KSampler"],
    ["ksampller", "KSampler"],
    ["kssampler", "KSampler"],
    ["ksmap", "KSampler"],
    ["laod image", "LoadImage"],
    ["laodimage", "LoadImage"],
    ["vae deocde", "VAEDecode"],
    ["vaedeocde", "VAEDecode"],
    ["cnany", "Canny"],
    ["checkpiont", "LoadCheckpoint"],
    ["checkpointloadersmiple", "LoadCheckpoint"],
  ])("%s finds %s first in spite of the slip", (text, type) => {
    expect(first(text)).toBe(type);
  });

  test("letters scattered over other words find nothing", () => {
    const labels = (text: string) => search(entries, text).map(({ label }) => label);
    expect(labels("depth")).not.toContain("CLIP Text Encode PixArt Alpha");
    expect(labels("note")).not.toContain("Align Your Steps Scheduler");
    expect(labels("canny")).toEqual(["Canny"]);
  });

  test("what only a choice or a port's description names is found by it", () => {
    expect(search(entries, "openpose").map(({ schema }) => schema.type)).toEqual([
      "SetUnionControlNetType",
    ]);
    expect(search(entries, "depth").map(({ schema }) => schema.type)).toContain("ApplyControlNet");
  });

  test("letters that were left out are still found", () => {
    expect(first("ksamler")).toBe("KSampler");
    expect(first("ksadv")).toBe("KSamplerAdvanced");
    expect(first("vdec")).toBe("VAEDecode");
  });
});

test("names of files are found in spite of slips", () => {
  const names = ["thimble.safetensors", "dreamlike-photoreal.safetensors", "vae.pt"];
  const near = (typed: string) =>
    misspelt(
      typed,
      names,
      (name) => spellingsOf([name]),
      (name) => name,
    );
  expect(near("thimbel")).toEqual(["thimble.safetensors"]);
  expect(near("dremalike photo")).toEqual(["dreamlike-photoreal.safetensors"]);
  expect(near("qqqqq")).toEqual([]);
});
