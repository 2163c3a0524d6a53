import fc from "fast-check";
import { expect, test } from "vitest";
import { formatJson } from "../../src/api/json";
import { fragment, paste } from "../../src/graph/commands/clipboard";
import { addGroup, addNote, setNote } from "../../src/graph/commands/decor";
import { addReroute, connect, disconnect, dissolve } from "../../src/graph/commands/links";
import {
  addNode,
  moveItems,
  removeItems,
  setColor,
  setTitle,
  toggle,
} from "../../src/graph/commands/nodes";
import { makeSubgraph, unpackSubgraph } from "../../src/graph/commands/subgraphs";
import {
  renameExposed,
  setSeedMode,
  setValue,
  toggleExposed,
} from "../../src/graph/commands/values";
import { change, type Draft } from "../../src/graph/edits";
import { commit, type Edited, EMPTY_HISTORY, redo, undo } from "../../src/graph/history";
import { graphAt, linksOf, ROOT } from "../../src/graph/model";
import { catalog, open, scope } from "../helpers";

/** One random command: which one, and three numbers that choose what it is done to. */
const command = fc.record({
  kind: fc.nat(15),
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

function perform(draft: Draft, { kind, a, b, c }: Command): void {
  const graph = graphAt(draft.now, ROOT);
  const ids = Object.keys(graph.nodes);
  const all = [...ids, ...Object.keys(graph.groups), ...Object.keys(graph.notes)];
  const id = pick(ids, a) ?? "none";
  const some = all.filter((_, i) => (a >> (i % 8)) & 1);
  const link = pick(linksOf(graph), a);
  const here = scope(draft.now);
  const inputs = Object.keys(catalog.find(draft.now, graph.nodes[id]?.type ?? "")?.inputs ?? {});
  const input = { node: id, port: pick(inputs, b) ?? "none" };
  switch (kind) {
    case 0:
      addNode(draft, ROOT, pick(TYPES, a) as string, { x: b, y: c });
      return;
    case 1:
      removeItems(draft, ROOT, some);
      return;
    case 2: {
      const from = pick(ids, b) ?? "none";
      const outputs = catalog.find(draft.now, graph.nodes[from]?.type ?? "")?.outputs ?? {};
      connect(draft, here, { node: from, port: pick(Object.keys(outputs), c) ?? "none" }, input);
      return;
    }
    case 3:
      if (link) disconnect(draft, ROOT, link);
      return;
    case 4:
      if (link) addReroute(draft, ROOT, link, { x: b, y: c });
      return;
    case 5:
      if (graph.nodes[id]) setValue(draft, ROOT, input, b % 3 === 0 ? undefined : c);
      return;
    case 6:
      moveItems(draft, ROOT, { [pick(all, a) ?? "none"]: { x: b, y: c } });
      return;
    case 7:
      setTitle(draft, ROOT, id, graph.nodes[id] ? `title ${b % 4}` : "");
      return;
    case 8:
      toggle(
        draft,
        ROOT,
        some,
        (["collapsed", "pinned", "mute", "bypass"] as const)[b % 4] ?? "mute",
      );
      return;
    case 9:
      addGroup(draft, ROOT, [{ x: a, y: b, width: c, height: 10 }], "group");
      return;
    case 10:
      setNote(draft, ROOT, addNote(draft, ROOT, { x: a, y: b }), `note ${c}`);
      return;
    case 11:
      paste(draft, ROOT, fragment(draft.now, ROOT, some), { x: 10, y: 10 }, b % 2 === 0);
      return;
    case 12:
      if (graph.nodes[id]) toggleExposed(draft, ROOT, "inputs", input);
      renameExposed(draft, ROOT, "inputs", Object.keys(graph.interface.inputs)[0] ?? "", `n${b}`);
      return;
    case 13: {
      const chosen = some.filter((one) => graph.nodes[one]);
      if (chosen.length > 0) makeSubgraph(draft, here, chosen, `part ${b % 3}`);
      return;
    }
    case 14:
      unpackSubgraph(draft, here, id);
      dissolve(draft, ROOT, id);
      return;
    default:
      if (graph.nodes[id]) setSeedMode(draft, ROOT, input, b % 2 ? "random" : undefined);
      setColor(draft, ROOT, some, b % 8);
  }
}

test("undo all gives the start, redo all gives the end, byte for byte", () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 1, maxLength: 40 }), (commands) => {
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
    { numRuns: 150 },
  );
});

test("changes of one gesture are undone together, sealed ones apart", () => {
  let at: Edited = { workflow: open("txt2img.json"), history: EMPTY_HISTORY };
  const start = at.workflow;
  for (const steps of [21, 22, 23]) {
    const set = (draft: Draft) => setValue(draft, ROOT, { node: "sample", port: "steps" }, steps);
    at = commit(at, change(at.workflow, "value", set, "slider"));
  }
  expect(at.history.past).toHaveLength(1);
  expect(at.history.past[0]?.edits).toHaveLength(1);
  expect(undo(at).workflow).toEqual(start);
});
