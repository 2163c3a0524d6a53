import { describe, expect, test } from "vitest";
import { connect, disconnect } from "../../src/graph/commands/links";
import { firstFit, inputType, judge, outputType, partners } from "../../src/graph/connect";
import { Draft } from "../../src/graph/edits";
import { graphAt, linksOf, ROOT } from "../../src/graph/model";
import { accepts, collects, holds, parseType } from "../../src/graph/types";
import { open, scope, workflow } from "../helpers";

const type = parseType;
const port = (text: string) => {
  const [node = "", name = ""] = text.split(".");
  return { node, port: name };
};

describe("socket types", () => {
  test.each([
    ["FLOAT", "INT", true],
    ["INT", "FLOAT", false],
    ["VAE | NONE", "VAE", true],
    ["VAE", "VAE | NONE", false],
    ["LIST[IMAGE]", "LIST[IMAGE]", true],
    ["IMAGE", "MASK", false],
    ["ANY", "MASK", true],
    ["COMBO", "STRING", true],
    ["LIST[INT | NONE]", "LIST[INT]", true],
  ])("%s takes %s: %s", (target, source, expected) => {
    expect(accepts(type(target), type(source))).toBe(expected);
  });

  test("a combo takes a combo whose choices it all has", () => {
    const [few, many] = [type("COMBO", ["a"]), type("COMBO", ["a", "b"])];
    expect(accepts(many, few)).toBe(true);
    expect(accepts(few, many)).toBe(false);
    expect(accepts(type("STRING"), many)).toBe(true);
    expect(accepts(type("INT"), many)).toBe(false);
  });

  test("a list collects its items", () => {
    expect(collects(type("LIST[IMAGE]"), type("IMAGE"))).toBe(true);
    expect(collects(type("IMAGE"), type("IMAGE"))).toBe(false);
  });

  test("7.0 is no whole number, true is no number", () => {
    expect(holds(type("INT"), 7)).toBe(true);
    expect(holds(type("FLOAT"), true)).toBe(false);
  });
});

describe("links", () => {
  test("a link of another type is refused", () => {
    const here = scope(open("txt2img.json"));
    expect(judge(here, port("checkpoint.vae"), port("sample.model"))).toBe("type");
    expect(judge(here, port("checkpoint.model"), port("sample.model"))).toBe("link");
    expect(judge(here, port("checkpoint.model"), port("sample.nothing"))).toBe("missing");
  });

  test("a link that closes a cycle is refused", () => {
    const here = scope(open("img2img.json"));
    const cycle = partners(here, port("decode.image"), "output");
    expect([...cycle]).not.toContain("encode.pixels");
  });

  test("partners of an output are the inputs that light up", () => {
    const here = scope(open("txt2img.json"));
    expect([...partners(here, port("checkpoint.clip"), "output")].sort()).toEqual([
      "negative.clip",
      "positive.clip",
    ]);
    expect([...partners(here, port("decode.vae"), "input")]).toEqual(["checkpoint.vae"]);
  });

  test("a type variable is what is linked in, also through reroutes", () => {
    const here = scope(
      workflow({
        vae: { type: "LoadVAE", inputs: { vae_name: "x" } },
        bend: { type: "@reroute", inputs: { in: { link: "vae.vae" } } },
        choose: { type: "Switch", inputs: { yes: { link: "bend.out" } } },
      }),
    );
    expect(outputType(here, port("choose.value")).name).toBe("VAE");
    expect(inputType(here, port("choose.no")).name).toBe("VAE");
    expect(inputType(here, port("choose.yes")).name).toBe("VAR");
  });

  test("a new link takes the place of the old one, and can be taken away", () => {
    const draft = new Draft(open("txt2img.json"));
    connect(draft, scope(draft.now), port("negative.conditioning"), port("sample.positive"));
    const links = linksOf(graphAt(draft.now, ROOT));
    const made = links.find((link) => link.id === "sample.positive");
    expect(made?.from).toEqual(port("negative.conditioning"));
    disconnect(draft, ROOT, made as NonNullable<typeof made>);
    expect(graphAt(draft.now, ROOT).nodes["sample"]?.inputs["positive"]).toBeUndefined();
  });

  test("the port of a new node is the one of exactly this type", () => {
    const here = scope(open("txt2img.json"));
    expect(firstFit(here, "VAEDecode", type("VAE"), "output")).toBe("vae");
    expect(firstFit(here, "LoadCheckpoint", type("CLIP"), "input")).toBe("clip");
    expect(firstFit(here, "EmptyLatentImage", type("MODEL"), "output")).toBeNull();
  });
});
