import { readdirSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatJson } from "../../src/api/json";
import * as clipboard from "../../src/graph/commands/clipboard";
import * as decor from "../../src/graph/commands/decor";
import * as files from "../../src/graph/commands/files";
import * as links from "../../src/graph/commands/links";
import * as nodes from "../../src/graph/commands/nodes";
import * as ports from "../../src/graph/commands/ports";
import * as retypes from "../../src/graph/commands/retype";
import * as subgraphs from "../../src/graph/commands/subgraphs";
import * as values from "../../src/graph/commands/values";
import type { Scope } from "../../src/graph/connect";
import { change, type Draft } from "../../src/graph/edits";
import { commit, type Edited, EMPTY_HISTORY, redo, undo } from "../../src/graph/history";
import { type Graph, graphAt, linksOf, type PortRef, ROOT } from "../../src/graph/model";
import { catalog, open, scope } from "../helpers";

/** One random command: which one, where, and numbers that choose what it is done to. */
const command = fc.record({
  kind: fc.nat(1000),
  at: fc.nat(1000),
  a: fc.nat(1000),
  b: fc.nat(1000),
  c: fc.nat(1000),
  merges: fc.boolean(),
});
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

const TYPES = Object.keys(catalog.schemas);

function pick<T>(items: readonly T[], n: number): T | undefined {
  return items[n % Math.max(1, items.length)];
}

/** What a command may be done to, chosen by its numbers. */
interface Choice {
  readonly at: string;
  readonly graph: Graph;
  readonly here: Scope;
  readonly id: string;
  readonly some: readonly string[];
  readonly input: PortRef;
  readonly output: PortRef;
  readonly side: ports.Face;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

function choose(draft: Draft, { at: where, a, b, c }: Command): Choice {
  const at = pick(Object.keys(draft.now.graphs), where) ?? ROOT;
  const graph = graphAt(draft.now, at);
  const ids = Object.keys(graph.nodes);
  const all = [...ids, ...Object.keys(graph.groups), ...Object.keys(graph.notes)];
  const portOf = (id: string, side: "inputs" | "outputs", n: number): PortRef => {
    const schema = catalog.find(draft.now, graph.nodes[id]?.type ?? "");
    return { node: id, port: pick(Object.keys(schema?.[side] ?? {}), n) ?? "none" };
  };
  return {
    at,
    graph,
    here: scope(draft.now, at),
    id: pick(ids, a) ?? "none",
    some: all.filter((_, i) => (a >> (i % 8)) & 1),
    input: portOf(pick(ids, a) ?? "none", "inputs", b),
    output: portOf(pick(ids, b) ?? "none", "outputs", c),
    side: a % 2 === 0 ? "inputs" : "outputs",
    a,
    b,
    c,
  };
}

/** Every command of the editor by its name, done with random choices. */
const COMMANDS: Readonly<Record<string, (draft: Draft, on: Choice) => void>> = {
  addNode: (d, { at, a, b, c }) => nodes.addNode(d, at, pick(TYPES, a) as string, { x: b, y: c }),
  removeItems: (d, { at, some }) => nodes.removeItems(d, at, some),
  moveItems: (d, { at, some, b, c }) =>
    nodes.moveItems(d, at, Object.fromEntries(some.map((id, i) => [id, { x: b + i, y: c }]))),
  resizeItem: (d, { at, some, b, c }) =>
    nodes.resizeItem(d, at, some[0] ?? "none", { width: 100 + b, height: 50 + c }),
  setTitle: (d, { at, id, graph, b }) =>
    nodes.setTitle(d, at, id, graph.nodes[id] ? (["", "one", "two"][b % 3] as string) : ""),
  setColor: (d, { at, some, b }) => nodes.setColor(d, at, some, b % 9 === 8 ? undefined : b % 9),
  toggle: (d, { at, some, b }) =>
    nodes.toggle(
      d,
      at,
      some,
      (["collapsed", "pinned", "mute", "bypass"] as const)[b % 4] ?? "mute",
    ),
  ensurePlace: (d, { at, id }) => nodes.ensurePlace(d, at, id),
  connect: (d, { here, output, input }) => void links.connect(d, here, output, input),
  disconnect: (d, { at, graph, a }) => {
    const link = pick(linksOf(graph), a);
    if (link) links.disconnect(d, at, link);
  },
  addReroute: (d, { at, graph, a, b, c }) => {
    const link = pick(linksOf(graph), a);
    if (link) links.addReroute(d, at, link, { x: b, y: c });
  },
  replaceSource: (d, { at, graph, output, a }) => {
    const link = pick(linksOf(graph), a);
    if (link && output.port !== "none") links.replaceSource(d, at, link, output);
  },
  insertInto: (d, { here, graph, id, a }) => {
    const link = pick(linksOf(graph), a);
    if (link) links.insertInto(d, here, link, id);
  },
  spliceOut: (d, { here, id }) => links.spliceOut(d, here, id),
  dissolve: (d, { at, id }) => links.dissolve(d, at, id),
  setValue: (d, { at, graph, id, input, b, c }) => {
    if (graph.nodes[id]) values.setValue(d, at, input, b % 3 === 0 ? undefined : c);
  },
  setSeedMode: (d, { at, graph, id, input, b }) => {
    if (graph.nodes[id]) values.setSeedMode(d, at, input, b % 2 ? "random" : undefined);
  },
  toggleExposed: (d, { at, graph, id, side, input, output }) => {
    if (graph.nodes[id]) ports.toggleExposed(d, at, side, side === "inputs" ? input : output);
  },
  renameExposed: (d, { at, graph, side, b, c }) =>
    ports.renameExposed(
      d,
      at,
      side,
      pick(Object.keys(graph.interface[side]), b) ?? "",
      `n${c % 5}`,
    ),
  moveExposed: (d, { at, graph, side, b, c }) =>
    ports.moveExposed(
      d,
      at,
      side,
      pick(Object.keys(graph.interface[side]), b) ?? "",
      c % 2 === 0 ? 1 : -1,
    ),
  hide: (d, { at, graph, side, b }) => {
    const name = pick(Object.keys(graph.interface[side]), b);
    if (name !== undefined) ports.hide(d, at, side, name);
  },
  addGroup: (d, { at, a, b, c }) =>
    decor.addGroup(d, at, [{ x: a, y: b, width: c, height: 10 }], "group"),
  fitGroup: (d, { at, graph, a, b, c }) => {
    const id = pick(Object.keys(graph.groups), a);
    if (id !== undefined) decor.fitGroup(d, at, id, [{ x: a, y: b, width: c, height: 10 }]);
  },
  setFrames: (d, { at, graph, a, b, c }) => {
    const id = pick(Object.keys(graph.groups), a) ?? "none";
    decor.setFrames(d, at, { [id]: { x: a, y: b, width: c, height: 10 } });
  },
  addNote: (d, { at, a, b }) => decor.addNote(d, at, { x: a, y: b }),
  setNote: (d, { at, graph, a, c }) => {
    const id = pick(Object.keys(graph.notes), a);
    if (id !== undefined) decor.setNote(d, at, id, `note ${c}`);
  },
  paste: (d, { at, some, b }) =>
    clipboard.paste(d, at, clipboard.fragment(d.now, at, some), { x: 10, y: 10 }, b % 2 === 0),
  retype: (d, { here, id, a }) => {
    const schema = catalog.byName(pick(TYPES, a) as string);
    if (schema) retypes.retype(d, here, id, schema);
  },
  replaceFile: (d, { b }) =>
    void files.replaceFile(
      d,
      catalog,
      { folder: "checkpoints", name: ["thimble.safetensors", "a", "b"][b % 3] as string },
      b % 2 === 0 ? "a" : "b",
    ),
  makeSubgraph: (d, { here, graph, some, b }) => {
    const chosen = some.filter((one) => graph.nodes[one]);
    if (chosen.length > 0) subgraphs.makeSubgraph(d, here, chosen, `part ${b % 3}`);
  },
  unpackSubgraph: (d, { here, graph, id }) => {
    const instance = Object.keys(graph.nodes).find((one) =>
      Object.hasOwn(d.now.graphs, graph.nodes[one]?.type || "none"),
    );
    subgraphs.unpackSubgraph(d, here, instance ?? id);
  },
};

/** Exports beside them that change nothing. */
const NO_COMMANDS = new Set([
  "fragment",
  "baseName",
  "freshId",
  "freshName",
  "isInstance",
  "usesOf",
]);

test("every command there is takes part in the test of undo", async () => {
  const folder = new URL("../../src/graph/commands/", import.meta.url);
  const modules = readdirSync(folder).map((name) => import(`${folder.href}${name}`));
  const names = (await Promise.all(modules)).flatMap((module) => Object.keys(module));
  expect(names.filter((name) => !NO_COMMANDS.has(name)).sort()).toEqual(
    Object.keys(COMMANDS).sort(),
  );
});

const KINDS = Object.values(COMMANDS);

function perform(draft: Draft, one: Command): void {
  KINDS[one.kind % KINDS.length]?.(draft, choose(draft, one));
}

test("undo all gives the start, redo all gives the end, byte for byte", () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 1, maxLength: 60 }), (commands) => {
      let at: Edited = { workflow: open("canny-controlnet.json"), history: EMPTY_HISTORY };
      const start = formatJson(at.workflow);
      for (const one of commands) {
        const merge = one.merges ? `gesture ${one.kind}` : undefined;
        at = commit(
          at,
          change(at.workflow, "test", (draft) => perform(draft, one), merge),
        );
      }
      const end = formatJson(at.workflow);
      while (at.history.past.length > 0) at = undo(at);
      expect(formatJson(at.workflow)).toBe(start);
      while (at.history.future.length > 0) at = redo(at);
      expect(formatJson(at.workflow)).toBe(end);
    }),
    { numRuns: 300 },
  );
});

test("changes of one gesture are undone together, sealed ones apart", () => {
  let at: Edited = { workflow: open("txt2img.json"), history: EMPTY_HISTORY };
  const start = at.workflow;
  for (const steps of [21, 22, 23]) {
    const set = (draft: Draft) =>
      values.setValue(draft, ROOT, { node: "sample", port: "steps" }, steps);
    at = commit(at, change(at.workflow, "value", set, "slider"));
  }
  expect(at.history.past).toHaveLength(1);
  expect(at.history.past[0]?.edits).toHaveLength(1);
  expect(undo(at).workflow).toEqual(start);
});
