import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contains, overlaps, type Rects } from "../../src/graph/arrange";
import { boxOf, frameAround, rectOf } from "../../src/graph/geometry";
import { type Layout, type LayoutTask, layOut, membersIn, treeOf } from "../../src/graph/layout";
import { graphAt, linksOf, ROOT } from "../../src/graph/model";
import type { Rect } from "../../src/graph/rect";
import { catalog, open, shipped } from "../helpers";

const OUTSIDE = "";

/** What a random scene is made of: each thing lies in one of the groups or in none. */
const sketch = fc.record({
  items: fc.array(
    fc.record({
      kind: fc.constantFrom("node", "node", "node", "reroute", "note"),
      group: fc.nat(5),
      width: fc.integer({ min: 100, max: 330 }),
      height: fc.integer({ min: 32, max: 420 }),
      chosen: fc.boolean(),
      pinned: fc.nat(9),
    }),
    { minLength: 1, maxLength: 14 },
  ),
  /** Where each group lies: in an earlier one, or in none. */
  groups: fc.array(fc.nat(5), { maxLength: 4 }),
  edges: fc.array(fc.tuple(fc.nat(13), fc.nat(13)), { maxLength: 24 }),
});
type Sketch = typeof sketch extends fc.Arbitrary<infer T> ? T : never;

/**
 * A scene drawn untidily but truly: groups side by side, each around what is said to lie in it,
 * with the nodes in it one over the other. Edges lead from earlier nodes to later ones.
 */
function sceneOf({ items, groups, edges }: Sketch, how: { some?: boolean } = {}) {
  const outer = groups.map((n, i) => (i > 0 && n < i ? `g${n}` : OUTSIDE));
  const rects: Record<string, Rect> = {};
  const frames: Record<string, Rect> = {};
  const inside = (group: string): string[] => [
    ...items.flatMap(({ group: n }, i) =>
      (groups[n] === undefined ? OUTSIDE : `g${n}`) === group ? [`n${i}`] : [],
    ),
    ...outer.flatMap((one, i) => (one === group ? [`g${i}`] : [])),
  ];
  const draw = (id: string, x: number, y: number): Rect => {
    const item = items[Number(id.slice(1))];
    if (id.startsWith("n") && item !== undefined) {
      const size = item.kind === "reroute" ? { width: 20, height: 20 } : item;
      rects[id] = { x, y, width: size.width, height: size.height };
      return rects[id];
    }
    const all = drawAll(inside(id), x + 24, y + 56);
    frames[id] = all.length > 0 ? frameAround(all) : { x, y, width: 200, height: 104 };
    return frames[id];
  };
  const drawAll = (ids: string[], x: number, y: number) => {
    let left = x;
    return ids.map((id, i) => {
      const rect = draw(id, left, y + (i % 3) * 16);
      left = rect.x + rect.width + 40;
      return rect;
    });
  };
  drawAll(inside(OUTSIDE), 100, 60);
  const isNode = (i: number) => items[i] !== undefined && items[i].kind !== "note";
  const scene: LayoutTask = {
    rects,
    groups: frames,
    notes: new Set(items.flatMap(({ kind }, i) => (kind === "note" ? [`n${i}`] : []))),
    edges: edges
      .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
      .filter(([a, b]) => a !== b && isNode(a) && isNode(b))
      .map(([a, b]) => ({ from: `n${a}`, to: `n${b}`, fromY: 10, toY: 10 })),
    chosen: new Set(
      how.some
        ? items.flatMap(({ chosen }, i) => (chosen ? [`n${i}`] : []))
        : [...Object.keys(rects), ...Object.keys(frames)],
    ),
    pinned: new Set(
      how.some ? items.flatMap(({ pinned }, i) => (pinned === 0 ? [`n${i}`] : [])) : [],
    ),
  };
  return scene;
}

/** Where everything is afterwards. */
function outcome({ rects, groups }: LayoutTask, { places, frames }: Layout) {
  const now: Record<string, Rect> = {};
  for (const [id, rect] of Object.entries(rects)) now[id] = { ...rect, ...places[id] };
  return { now, frames: { ...groups, ...frames } as Rects };
}

function pairs<T>(all: readonly T[]): [T, T][] {
  return all.flatMap((a, i) => all.slice(i + 1).map((b): [T, T] => [a, b]));
}

function expectGroupsKept(scene: LayoutTask, { now, frames }: ReturnType<typeof outcome>): void {
  const tree = treeOf(scene);
  const inGroup = (group: string): string[] =>
    (tree.get(group) ?? []).flatMap((id) => [id, ...inGroup(id)]);
  for (const [group, frame] of Object.entries(frames)) {
    const members = new Set(inGroup(group));
    for (const [id, rect] of Object.entries({ ...now, ...frames })) {
      if (id === group) continue;
      if (members.has(id)) expect(contains(frame, rect), `${id} in ${group}`).toBe(true);
      else if (!inGroup(id).includes(group)) {
        expect(overlaps(frame, rect), `${id} beside ${group}`).toBe(false);
      }
    }
  }
}

describe("layout of everything", () => {
  test("nothing overlaps, groups hold what they held and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(sketch, async (drawn) => {
        const scene = sceneOf(drawn);
        const made = outcome(scene, await layOut(scene));
        for (const [[a, one], [b, other]] of pairs(Object.entries(made.now))) {
          expect(overlaps(one, other), `${a} over ${b}`).toBe(false);
        }
        expectGroupsKept(scene, made);
        for (const { x, y } of Object.values(made.now)) expect([x % 8, y % 8]).toEqual([0, 0]);
      }),
      { numRuns: 100 },
    );
  });

  test("links within a group, and among what lies in none, go from left to right", async () => {
    await fc.assert(
      fc.asyncProperty(sketch, async (drawn) => {
        const scene = sceneOf(drawn);
        const { now } = outcome(scene, await layOut(scene));
        const tree = treeOf(scene);
        const groupOf = (id: string) => [...tree].find(([, ids]) => ids.includes(id))?.[0];
        // Links through groups may lead in a circle though those of nodes do not.
        for (const ids of tree.values()) {
          if (ids.some((id) => tree.has(id))) continue;
          for (const { from, to } of scene.edges) {
            if (!ids.includes(from) || groupOf(from) !== groupOf(to)) continue;
            const [left, right] = [now[from] as Rect, now[to] as Rect];
            expect(left.x + left.width).toBeLessThan(right.x);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test("links between groups without a circle go from left to right", async () => {
    const node = (x: number, y: number): Rect => ({ x, y, width: 200, height: 80 });
    const rects = {
      a: node(900, 0),
      b: node(900, 200),
      c: node(0, 0),
      d: node(0, 300),
      e: node(500, 900),
    };
    const groups = {
      left: frameAround([rects.a, rects.b]),
      right: frameAround([rects.c, rects.d]),
    };
    const edges = [
      { from: "a", to: "c" },
      { from: "b", to: "d" },
      { from: "a", to: "b" },
      { from: "d", to: "e" },
    ];
    const all = new Set([...Object.keys(rects), ...Object.keys(groups)]);
    const scene = {
      rects,
      groups,
      edges,
      notes: new Set<string>(),
      chosen: all,
      pinned: new Set<string>(),
    };
    const { now, frames } = outcome(scene, await layOut(scene));
    const right = (rect: Rect | undefined) => (rect?.x ?? 0) + (rect?.width ?? 0);
    expect(right(frames["left"])).toBeLessThan(frames["right"]?.x ?? 0);
    expect(right(frames["right"])).toBeLessThan(now["e"]?.x ?? 0);
    expect(right(now["a"])).toBeLessThan(now["b"]?.x ?? 0);
  });

  test("the same scene is laid out the same, and once more changes nothing", async () => {
    await fc.assert(
      fc.asyncProperty(sketch, async (drawn) => {
        const scene = sceneOf(drawn);
        const first = await layOut(scene);
        expect(await layOut(scene)).toEqual(first);
        const { now, frames } = outcome(scene, first);
        expect(await layOut({ ...scene, rects: now, groups: frames })).toEqual(first);
      }),
      { numRuns: 100 },
    );
  });

  test("a note stays with the node that it stood by, a lone one stands at the left", async () => {
    const rects = {
      load: { x: 0, y: 0, width: 248, height: 96 },
      sample: { x: 400, y: 0, width: 248, height: 300 },
      above: { x: 410, y: -140, width: 240, height: 128 },
      lone: { x: 3000, y: 0, width: 240, height: 128 },
    };
    const scene: LayoutTask = {
      rects,
      groups: {},
      notes: new Set(["above", "lone"]),
      edges: [{ from: "load", to: "sample" }],
      chosen: new Set(Object.keys(rects)),
      pinned: new Set(),
    };
    const { now } = outcome(scene, await layOut(scene));
    const [load, sample, above, lone] = ["load", "sample", "above", "lone"].map(
      (id) => now[id] as Rect,
    ) as [Rect, Rect, Rect, Rect];
    expect(above.x).toBe(sample.x);
    expect(sample.y - above.y - above.height).toBe(16);
    expect(lone.x + lone.width).toBeLessThan(load.x);
  });
});

describe("layout of some, with pinned nodes", () => {
  test("what is pinned stays, and what moves goes around it and keeps to its group", async () => {
    await fc.assert(
      fc.asyncProperty(sketch, async (drawn) => {
        const scene = sceneOf(drawn, { some: true });
        const layout = await layOut(scene);
        const made = outcome(scene, layout);
        for (const id of scene.pinned) expect(made.now[id]).toEqual(scene.rects[id]);
        for (const [[a, one], [b, other]] of pairs(Object.entries(made.now))) {
          expect(overlaps(one, other), `${a} over ${b}`).toBe(false);
        }
        expectGroupsKept(scene, made);
        // Outside of groups only what was chosen moves.
        const tree = treeOf(scene);
        for (const id of tree.get(OUTSIDE) ?? []) {
          const chosen = membersIn(tree, id).some((one) => scene.chosen.has(one));
          if (!chosen && scene.rects[id]) expect(made.now[id]).toEqual(scene.rects[id]);
        }
      }),
      { numRuns: 150 },
    );
  });
});

test.each(shipped)("%s is laid out from left to right, without overlap", async (name) => {
  const graph = graphAt(open(name), ROOT);
  const rects = Object.fromEntries(
    Object.entries(graph.nodes).map(([id, node]) => [
      id,
      rectOf(graph.places[id], boxOf(node, graph.places[id], catalog.byName(node.type))),
    ]),
  );
  const scene: LayoutTask = {
    rects,
    groups: {},
    notes: new Set(),
    edges: linksOf(graph).map(({ from, to }) => ({ from: from.node, to: to.node })),
    chosen: new Set(Object.keys(rects)),
    pinned: new Set(),
  };
  const { now } = outcome(scene, await layOut(scene));
  for (const { from, to } of scene.edges) {
    const [left, right] = [now[from] as Rect, now[to] as Rect];
    expect(left.x + left.width).toBeLessThan(right.x);
  }
  for (const [[, one], [, other]] of pairs(Object.entries(now))) {
    expect(overlaps(one, other)).toBe(false);
  }
});
