/** Documents whose names are those that every JavaScript object inherits. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dictOf, joined, own, withKey, withoutKey } from "../../src/api/dict";
import { formatJson, parseJson, type Value } from "../../src/api/json";
import { addGroup, addNote } from "../../src/graph/commands/decor";
import { connect } from "../../src/graph/commands/links";
import { addNode, moveItems, removeItems } from "../../src/graph/commands/nodes";
import { makeSubgraph, unpackSubgraph } from "../../src/graph/commands/subgraphs";
import { setSeedMode, setValue } from "../../src/graph/commands/values";
import { partners } from "../../src/graph/connect";
import { difference } from "../../src/graph/diff";
import { applyChange, change, invert } from "../../src/graph/edits";
import { readWorkflow, writeWorkflow } from "../../src/graph/file";
import { boxOf, rectOf } from "../../src/graph/geometry";
import { layOut } from "../../src/graph/layout";
import { EMPTY_WORKFLOW, graphAt, ROOT, type Workflow } from "../../src/graph/model";
import { catalog } from "../helpers";

const PROTO = "__proto__";
const NAMES = [PROTO, "constructor", "toString", "hasOwnProperty", "valueOf", "a"];
const name = fc.constantFrom(...NAMES);
const names = fc.uniqueArray(name, { minLength: 1 });

/** A document with one node of each name, and with all that a layout may hold of them. */
const documents = fc
  .record({
    ids: names,
    placed: names,
    ports: names,
    groups: names,
    notes: names,
    subgraphs: names,
  })
  .map(({ ids, placed, ports, groups, notes, subgraphs }) => {
    const object = (keys: readonly string[], of: (key: string) => Value) =>
      dictOf(keys.map((key) => [key, of(key)] as const));
    const inputs = object(ports, () => 1);
    const nodes = object(ids, () => ({ type: "Integer", inputs: { ...inputs, value: 3 } }));
    const frame = { x: 8, y: 8, width: 100, height: 80 };
    const targets = object(ids, (id) => `${id}.value`);
    return formatJson({
      weft: 1,
      nodes,
      interface: { inputs: targets, outputs: targets },
      subgraphs: object(subgraphs, () => ({
        nodes,
        interface: { inputs: targets, outputs: targets },
      })),
      layout: {
        nodes: object(placed, () => ({ x: 1, y: 2 })),
        groups: object(groups, () => ({ ...frame, title: "g" })),
        notes: object(notes, () => ({ ...frame, text: "n" })),
      },
    });
  });

/** Dictionaries of a workflow that inherit something, by their paths. */
function inheriting({ graphs }: Workflow): string[] {
  const bad = (path: string, one: object) =>
    NAMES.some((key) => key in one && !Object.hasOwn(one, key)) ? [path] : [];
  return [
    ...bad("graphs", graphs),
    ...Object.entries(graphs).flatMap(([at, graph]) => [
      ...(["nodes", "places", "groups", "notes"] as const).flatMap((part) =>
        bad(`${at}/${part}`, graph[part]),
      ),
      ...bad(`${at}/inputs`, graph.interface.inputs),
      ...bad(`${at}/outputs`, graph.interface.outputs),
      ...Object.entries(graph.nodes).flatMap(([id, node]) => bad(`${at}/${id}`, node.inputs)),
    ]),
  ];
}

describe("documents with the names that objects inherit", () => {
  test("are read and written without a loss", () => {
    fc.assert(
      fc.property(documents, (text) => {
        const workflow = readWorkflow(parseJson(text));
        expect(inheriting(workflow)).toEqual([]);
        const again = readWorkflow(parseJson(formatJson(writeWorkflow(workflow, catalog))));
        expect(difference(workflow, again).counts).toEqual(difference(workflow, workflow).counts);
        expect(Object.keys(graphAt(again, ROOT).nodes)).toEqual(
          Object.keys(graphAt(workflow, ROOT).nodes),
        );
      }),
    );
  });

  test("are changed and changed back", () => {
    fc.assert(
      fc.property(documents, name, name, (text, id, port) => {
        const before = readWorkflow(parseJson(text));
        const made = change(before, "all", (draft) => {
          const scope = () => ({ workflow: draft.now, at: ROOT, catalog });
          const added = addNode(draft, ROOT, "Integer", { x: 0, y: 0 }, catalog.byName("Integer"));
          addGroup(draft, ROOT, [{ x: 0, y: 0, width: 9, height: 9 }], "g");
          addNote(draft, ROOT, { x: 0, y: 0 });
          const { nodes } = graphAt(draft.now, ROOT);
          if (nodes[id] !== undefined) {
            setValue(draft, ROOT, { node: id, port }, 5);
            setSeedMode(draft, ROOT, { node: id, port }, "random");
            moveItems(draft, ROOT, dictOf([[id, { x: 50, y: 60 }]]));
            connect(draft, scope(), { node: added, port: "value" }, { node: id, port: "value" });
            const instance = makeSubgraph(draft, scope(), [id], "constructor");
            unpackSubgraph(draft, scope(), instance);
          }
          removeItems(draft, ROOT, [id]);
        });
        const after = applyChange(before, made);
        expect(inheriting(after)).toEqual([]);
        expect(graphAt(after, ROOT).nodes[id]).toBeUndefined();
        const back = applyChange(after, invert(made));
        expect(inheriting(back)).toEqual([]);
        expect(formatJson(back)).toBe(formatJson(before));
      }),
    );
  });

  test("are laid out, and their links found", async () => {
    await fc.assert(
      fc.asyncProperty(documents, async (text) => {
        const workflow = readWorkflow(parseJson(text));
        const graph = graphAt(workflow, ROOT);
        const scope = { workflow, at: ROOT, catalog };
        const rects = dictOf(
          Object.entries(graph.nodes).map(([id, node]) => [
            id,
            rectOf(
              graph.places[id],
              boxOf(node, graph.places[id], catalog.find(workflow, node.type)),
            ),
          ]),
        );
        const { places } = await layOut({
          rects,
          notes: new Set(),
          groups: dictOf(),
          edges: Object.keys(rects)
            .slice(1)
            .map((to) => ({ from: Object.keys(rects)[0] as string, to, fromY: 9, toY: 9 })),
          chosen: new Set(Object.keys(rects)),
          pinned: new Set(),
        });
        expect(Object.keys(places).sort()).toEqual(Object.keys(rects).sort());
        for (const { x, y } of Object.values(places)) expect(x + y).not.toBeNaN();
        const [first = ""] = Object.keys(graph.nodes);
        const found = partners(scope, { node: first, port: "value" }, "output");
        for (const id of Object.keys(graph.nodes)) {
          expect(found.has(`${id}.value`)).toBe(id !== first);
        }
      }),
    );
  });

  test("find nothing that is not there", () => {
    expect(EMPTY_WORKFLOW.graphs["constructor"]).toBeUndefined();
    expect(graphAt(EMPTY_WORKFLOW, "toString").nodes[PROTO]).toBeUndefined();
    const parsed = parseJson('{"a": {"__proto__": 1}}') as Record<string, Record<string, Value>>;
    expect(parsed["constructor"]).toBeUndefined();
    expect(parsed["a"]?.[PROTO]).toBe(1);
    expect(own({}, "constructor")).toBeUndefined();
    const one = withKey(dictOf<number>(), PROTO, 1);
    expect(Object.entries(joined(one, one))).toEqual([[PROTO, 1]]);
    expect(Object.keys(withoutKey(one, PROTO))).toEqual([]);
  });
});
