/** Where things find room: a new node beside others, parts of a graph beside each other. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { boundsOf, freeSpot, overlaps } from "../../src/graph/arrange";
import { layOut } from "../../src/graph/layout";
import { wordsOf } from "../../src/graph/names";
import { componentsOf, inRows } from "../../src/graph/pack";
import type { Rect } from "../../src/graph/rect";

const rect = fc.record({
  x: fc.integer({ min: -500, max: 500 }),
  y: fc.integer({ min: -500, max: 500 }),
  width: fc.integer({ min: 20, max: 300 }),
  height: fc.integer({ min: 20, max: 300 }),
});

test("a new rectangle lies on no other, and stays where it was wanted if it may", () => {
  fc.assert(
    fc.property(rect, fc.array(rect, { maxLength: 90 }), (wanted, taken) => {
      const spot = { ...wanted, ...freeSpot(wanted, taken) };
      expect(taken.filter((one) => overlaps(spot, one))).toEqual([]);
      const far = taken.every((one) => one.x > wanted.x + wanted.width + 24);
      if (far) expect(spot).toEqual(wanted);
    }),
  );
});

test("parts in rows overlap nowhere and have about the shape that is asked for", () => {
  fc.assert(
    fc.property(
      fc.array(rect, { minLength: 1, maxLength: 60 }),
      fc.double({ min: 0.5, max: 3, noNaN: true }),
      (sizes, aspect) => {
        const corners = inRows(sizes, 72, aspect);
        const put = sizes.map((size, i) => ({ ...size, ...corners[i] }) as Rect);
        put.forEach((one, i) => {
          expect(put.slice(i + 1).filter((other) => overlaps(one, other))).toEqual([]);
        });
        const all = boundsOf(put) as Rect;
        const widest = Math.max(...sizes.map(({ width }) => width));
        expect(all.width).toBeLessThanOrEqual(
          Math.max(widest, Math.sqrt(all.height * aspect * all.width) * 3 + 400),
        );
      },
    ),
  );
});

test("components are what links join, at any distance", () => {
  const edges = [
    { from: "a", to: "b" },
    { from: "c", to: "b" },
    { from: "e", to: "elsewhere" },
  ];
  expect(componentsOf(["a", "b", "c", "d", "e"], edges)).toEqual([["a", "b", "c"], ["d"], ["e"]]);
});

test("150 unlinked pairs of nodes are laid out in the shape of the window", async () => {
  const ids = Array.from({ length: 150 }, (_, i) => [`a${i}`, `b${i}`] as const);
  const size = { x: 0, y: 0, width: 248, height: 160 };
  const rects = Object.fromEntries(ids.flat().map((id) => [id, size]));
  const { places } = await layOut({
    rects,
    notes: new Set(),
    groups: {},
    edges: ids.map(([from, to]) => ({ from, to, fromY: 40, toY: 40 })),
    chosen: new Set(Object.keys(rects)),
    pinned: new Set(),
    aspect: 1.6,
  });
  const put = Object.values(places).map(({ x, y }) => ({ ...size, x, y }));
  const all = boundsOf(put) as Rect;
  expect(all.width / all.height).toBeGreaterThan(1);
  expect(all.width / all.height).toBeLessThan(2.5);
});

test("types are named in the words of the field", () => {
  const names = {
    VAEDecode: "VAE Decode",
    KSampler: "KSampler",
    LoadUnCLIPCheckpoint: "Load unCLIP Checkpoint",
    ControlNetInpaintingAliMamaApply: "ControlNet Inpainting AliMama Apply",
    CombineHooks2: "Combine Hooks 2",
    InstructPix2PixConditioning: "Instruct Pix2Pix Conditioning",
    SamplerDPMPP_2M_SDE: "Sampler DPMPP 2M SDE",
    EmptySD3LatentImage: "Empty SD3 Latent Image",
    CreateHookModelAsLora: "Create Hook Model As LoRA",
    LoadLoRAModelOnly: "Load LoRA Model Only",
    SkipLayerGuidanceDiTSimple: "Skip Layer Guidance DiT Simple",
  };
  for (const [type, name] of Object.entries(names)) expect(wordsOf(type)).toBe(name);
});
