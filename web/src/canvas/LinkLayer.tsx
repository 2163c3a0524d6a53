/** The canvas under the nodes, painted once a frame when something changed. */

import { useStoreApi } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { rectOf } from "../graph/geometry";
import { type Graph, graphAt } from "../graph/model";
import { activeTab, boxAt, graphName, runKey, type Tab, useDocs } from "../state/docs";
import { hover } from "../state/hover";
import { diffInView } from "../state/library/compare";
import { runOf, stateOf, type TabRun, toldProblems, useRuns } from "../state/runs";
import { useUi } from "../state/ui";
import { FAR } from "../state/viewport";
import { titleOf } from "./NodeView";
import { type FarNode, Painter, type Scene } from "./paint";
import { sameItems, wiresOf } from "./scene";

export function LinkLayer() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const store = useStoreApi();
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const painter = new Painter(element);
    let frame = 0;
    const paint = () => {
      frame = 0;
      const [x, y, zoom] = store.getState().transform;
      painter.draw(sceneNow({ x, y, zoom }));
    };
    const request = () => {
      if (frame === 0) frame = requestAnimationFrame(paint);
    };
    const resize = new ResizeObserver(() => {
      painter.resize(element.clientWidth, element.clientHeight);
      paint();
    });
    resize.observe(element);
    let theme = useUi.getState().theme;
    const stops = [
      // At once, not in the next frame: links must not trail behind the nodes.
      store.subscribe((state, before) => state.transform !== before.transform && paint()),
      useDocs.subscribe(request),
      useRuns.subscribe(request),
      useUi.subscribe((ui) => {
        if (ui.theme !== theme) {
          theme = ui.theme;
          painter.recolor();
        }
        request();
      }),
      hover.subscribe(request),
    ];
    return () => {
      resize.disconnect();
      cancelAnimationFrame(frame);
      for (const stop of stops) stop();
    };
  }, [store]);
  return <canvas className="links" ref={canvas} aria-hidden="true" />;
}

function sceneNow(view: Scene["view"]): Scene {
  const docs = useDocs.getState();
  const ui = useUi.getState();
  const tab = activeTab(docs);
  const graph = graphAt(tab.workflow, graphName(tab));
  const run = runOf(tab.id);
  const { wire, chosen, box, knife, cut } = hover.getState();
  const running = new Set(
    Object.entries(run.states)
      .filter(([, report]) => report.state === "running")
      .map(([key]) => key.slice(key.lastIndexOf("/") + 1)),
  );
  return {
    view,
    wires: wiresOf(run.pictures),
    groups: Object.entries(graph.groups).map(([id, group]) => ({
      ...group,
      selected: tab.selection.has(id),
    })),
    nodes: view.zoom < FAR ? farNodes() : [],
    selection: tab.selection,
    hovered: wire,
    chosen,
    running,
    // Those in the hand are drawn there.
    held: new Set((ui.pending ?? ui.palette?.pending)?.carried.map((link) => link.id)),
    box,
    knife,
    cut,
  };
}

let far: { of: readonly unknown[]; nodes: readonly FarNode[] } | null = null;

/** Nodes, notes and reroutes as rectangles; made anew only when one of them changed. */
export function farNodes(): readonly FarNode[] {
  const docs = useDocs.getState();
  const tab = activeTab(docs);
  const graph = graphAt(tab.workflow, graphName(tab));
  const run = runOf(tab.id);
  const diff = diffInView(tab);
  const made = [tab.workflow, graph, tab.selection, docs.catalog];
  const of = [...made, run.states, run.pictures, run.problems, diff];
  if (far !== null && sameItems(far.of, of)) return far.nodes;
  const nodes = makeFarNodes(docs, tab, graph, run, diff);
  far = { of, nodes };
  return nodes;
}

function makeFarNodes(
  docs: ReturnType<typeof useDocs.getState>,
  tab: Tab,
  graph: Graph,
  run: TabRun,
  diff: ReturnType<typeof diffInView>,
): FarNode[] {
  const nodes: FarNode[] = [];
  for (const [id, node] of Object.entries(graph.nodes)) {
    const box = boxAt(id, docs);
    const place = graph.places[id];
    if (box === null) continue;
    nodes.push({
      ...rectOf(place, box),
      id,
      title:
        box.rows.length + box.picture === 0 && box.width < 40
          ? ""
          : titleOf(node, docs.catalog.find(tab.workflow, node.type)),
      color: place?.color,
      selected: tab.selection.has(id),
      off: place?.mode !== undefined,
      state:
        run.problems.length > 0 && toldProblems(run, runKey(tab, id)).length > 0
          ? "failed"
          : stateOf(run, runKey(tab, id))?.state,
      ...(diff?.nodes[id] && { mark: diff.nodes[id].mark }),
    });
  }
  for (const [id, note] of Object.entries(graph.notes)) {
    const { x, y, width, height, color = 4 } = note;
    const selected = tab.selection.has(id);
    nodes.push({
      id,
      x,
      y,
      width,
      height,
      title: note.text,
      color,
      selected,
      off: false,
      state: undefined,
    });
  }
  return nodes;
}
