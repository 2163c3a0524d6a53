/** The active graph as React Flow's nodes; what did not change stays the same object. */

import type { Node } from "@xyflow/react";
import { useMemo, useRef } from "react";
import { dictOf } from "../api/dict";
import { REROUTE } from "../graph/catalog";
import type { Rect } from "../graph/rect";
import { activeGraph, activeTab, boxAt, useDocs } from "../state/docs";
import { runOf, useRuns } from "../state/runs";

const NO_DATA: Record<string, never> = dictOf();

const NO_HANDLES: NonNullable<Node["handles"]> = [];

export function useFlowNodes(): Node[] {
  const graph = useDocs(activeGraph);
  const workflow = useDocs((docs) => activeTab(docs).workflow);
  const selection = useDocs((docs) => activeTab(docs).selection);
  const catalog = useDocs((docs) => docs.catalog);
  const tab = useDocs((docs) => activeTab(docs).id);
  const pictures = useRuns((runs) => runOf(tab, runs).pictures);
  const problems = useRuns((runs) => runOf(tab, runs).problems);
  const known = useRef(new Map<string, Node>());
  // biome-ignore lint/correctness/useExhaustiveDependencies: boxes depend on schemas and pictures
  return useMemo(() => {
    const next = new Map<string, Node>();
    const wrong = new Set(problems.map((problem) => problem.node));
    const add = (id: string, type: string, rect: Rect, draggable: boolean, zIndex: number) => {
      const old = known.current.get(id);
      const selected = selection.has(id);
      const same =
        old !== undefined &&
        old.type === type &&
        old.position.x === rect.x &&
        old.position.y === rect.y &&
        old.width === rect.width &&
        old.height === rect.height &&
        old.selected === selected &&
        old.draggable === draggable &&
        old.zIndex === zIndex;
      if (same) {
        next.set(id, old);
        return;
      }
      const { width, height } = rect;
      next.set(id, {
        id,
        type,
        position: { x: rect.x, y: rect.y },
        data: NO_DATA,
        width,
        height,
        // Sizes follow from the data, so nothing needs to be measured before it is shown.
        measured: { width, height },
        // None are React Flow's; without this it would draw every node once to look for them.
        handles: NO_HANDLES,
        selected,
        draggable,
        zIndex,
        ...(type === "group" && { dragHandle: ".group-title" }),
      });
    };
    for (const [id, group] of Object.entries(graph.groups)) add(id, "group", group, true, -1000);
    for (const [id, note] of Object.entries(graph.notes)) add(id, "note", note, true, 0);
    for (const [id, node] of Object.entries(graph.nodes)) {
      const box = boxAt(id);
      if (box === null) continue;
      const place = graph.places[id];
      // What is wrong with a node is told below it, over its neighbours.
      const level = wrong.has(id) ? 500 : 0;
      const rect = { x: place?.x ?? 0, y: place?.y ?? 0, width: box.width, height: box.height };
      add(id, node.type === REROUTE ? "reroute" : "node", rect, place?.pinned !== true, level);
    }
    known.current = next;
    return [...next.values()];
  }, [graph, workflow, selection, catalog, tab, pictures, problems]);
}
