/** The canvas: React Flow pans, zooms and drags; links and far nodes are painted under it. */

import "./Canvas.css";
import {
  type Node,
  type NodeChange,
  type OnMove,
  ReactFlow,
  type ReactFlowInstance,
  ReactFlowProvider,
} from "@xyflow/react";
import { useCallback, useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { dictOf } from "../api/dict";
import { moveItems } from "../graph/commands/nodes";
import { GRID } from "../graph/geometry";
import type { Point } from "../graph/rect";
import {
  activeGraph,
  activeTab,
  edit,
  endGesture,
  graphName,
  keepView,
  membersOf,
  rectAt,
  select,
  useDocs,
} from "../state/docs";
import { hover } from "../state/hover";
import { t } from "../state/messages/index";
import { openDropped } from "../state/open";
import { setUi, useUi } from "../state/ui";
import {
  attach,
  beforeFar,
  FAR,
  MAX_ZOOM,
  MIN_ZOOM,
  setViewport,
  showFirst,
  toFlow,
  toScreen,
  viewport,
} from "../state/viewport";
import { Announcer } from "./Announcer";
import { GroupView, NoteView, RerouteView } from "./Decor";
import { getToWork, onFocus } from "./focus";
import { HeldLink } from "./HeldLink";
import { LinkLayer } from "./LinkLayer";
import { Minimap } from "./Minimap";
import { NodeView } from "./NodeView";
import {
  farNodeAt,
  onClick,
  onClickFirst,
  onDoubleClick,
  onHover,
  onLeave,
  onPress,
  wireUnder,
} from "./pointer";
import { useFlowNodes } from "./useFlowNodes";

const NODE_TYPES = { node: NodeView, group: GroupView, note: NoteView, reroute: RerouteView };
const NO_NODES: Node[] = [];
const SNAP: [number, number] = [GRID, GRID];
const MULTI = ["Shift", "Meta", "Control"];

export function Canvas() {
  return (
    <ReactFlowProvider>
      <Surface />
    </ReactFlowProvider>
  );
}

function Surface() {
  const host = useRef<HTMLDivElement>(null);
  const nodes = useFlowNodes();
  const [far, setFar] = useState(false);
  const snap = useUi((ui) => ui.snap);
  const minimap = useUi((ui) => ui.minimap);
  const linking = useUi((ui) => ui.pending !== null);
  const chosen = useDocs((docs) => activeTab(docs).selection.size > 0);
  const drag = useRef<Drag>(new Map());

  const onInit = useCallback((instance: ReactFlowInstance) => {
    if (host.current) attach(instance, host.current);
    restoreView();
  }, []);
  useEffect(() => beforeFar(() => flushSync(() => setFar(true))), []);
  useRestoredView();

  const onMove = useCallback<OnMove>((_, view) => {
    setFar(view.zoom < FAR);
    setUi({ zoom: view.zoom });
  }, []);
  const onMoveEnd = useCallback<OnMove>((_, view) => {
    const tab = activeTab();
    keepView(tab.id, graphName(tab), view);
  }, []);

  const onNodesChange = useCallback((changes: NodeChange[]) => {
    applySelection(changes);
    const points = movedTo(changes, drag.current);
    if (Object.keys(points).length > 0) {
      edit("node.move", (draft, at) => moveItems(draft, at, points), "move");
    }
  }, []);
  const onDragStart = useCallback((_: unknown, __: unknown, dragged: Node[]) => {
    drag.current = membersAtStart(dragged.map((node) => node.id));
  }, []);

  return (
    <div
      ref={host}
      className="canvas"
      role="application"
      aria-label={t("shortcuts.graph")}
      aria-description={t("canvas.keys")}
      tabIndex={0}
      onFocus={onFocus}
      onPointerDown={getToWork}
      data-linking={linking || undefined}
      data-chosen={chosen || undefined}
      data-far={far || undefined}
      onPointerDownCapture={onPress}
      onMouseDownCapture={onPress}
      onPointerMove={onHover}
      onPointerLeave={onLeave}
      onClickCapture={onClickFirst}
      onClick={onClick}
      onDoubleClick={onDoubleClick}
      onContextMenu={openMenu}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        void openDropped(event.dataTransfer, toFlow({ x: event.clientX, y: event.clientY }));
      }}
    >
      <LinkLayer />
      <ReactFlow
        nodes={far ? NO_NODES : nodes}
        nodeTypes={NODE_TYPES}
        onInit={onInit}
        onNodesChange={onNodesChange}
        onNodeDragStart={onDragStart}
        onNodeDragStop={endGesture}
        onMove={onMove}
        onMoveEnd={onMoveEnd}
        minZoom={MIN_ZOOM}
        maxZoom={MAX_ZOOM}
        snapToGrid={snap}
        snapGrid={SNAP}
        onlyRenderVisibleElements
        nodesFocusable={false}
        nodesConnectable={false}
        selectNodesOnDrag
        selectionKeyCode={null}
        multiSelectionKeyCode={MULTI}
        deleteKeyCode={null}
        disableKeyboardA11y
        zoomOnDoubleClick={false}
        panOnScroll={false}
        elevateNodesOnSelect
        nodeDragThreshold={2}
        proOptions={{ hideAttribution: true }}
      />
      <HeldLink />
      <Announcer />
      {minimap && <Minimap />}
    </div>
  );
}

/** Where the things that move with a dragged group were: id -> group and both places. */
type Drag = Map<string, { group: string; from: Point; start: Point }>;

function membersAtStart(dragged: readonly string[]): Drag {
  const found: Drag = new Map();
  for (const group of dragged) {
    const from = activeGraph().groups[group];
    if (from === undefined) continue;
    for (const id of membersOf(group)) {
      const start = rectAt(id);
      if (start !== null && !dragged.includes(id)) found.set(id, { group, from, start });
    }
  }
  return found;
}

function movedTo(changes: readonly NodeChange[], drag: Drag): Record<string, Point> {
  const points: Record<string, Point> = dictOf();
  for (const change of changes) {
    if (change.type !== "position" || change.position === undefined) continue;
    const { x, y } = change.position;
    points[change.id] = { x: Math.round(x), y: Math.round(y) };
    for (const [id, { group, from, start }] of drag) {
      if (group !== change.id) continue;
      points[id] = { x: Math.round(start.x + x - from.x), y: Math.round(start.y + y - from.y) };
    }
  }
  return points;
}

function applySelection(changes: readonly NodeChange[]): void {
  const marks = changes.filter((change) => change.type === "select");
  if (marks.length === 0) return;
  hover.setState({ chosen: null });
  const next = new Set(activeTab().selection);
  for (const { id, selected } of marks) {
    if (selected) next.add(id);
    else next.delete(id);
  }
  select(next);
}

function openMenu(event: React.MouseEvent): void {
  const target = event.target as Element;
  if (target.closest("input, textarea")) return;
  event.preventDefault();
  const byKey = target.classList.contains("canvas") ? chosenCorner() : null;
  const { x, y } = byKey ?? { x: event.clientX, y: event.clientY };
  const wire = target.classList.contains("react-flow__pane") ? wireUnder(event) : null;
  if (wire !== null) hover.setState({ chosen: wire.link.id });
  const id =
    byKey?.id ??
    target.closest<HTMLElement>(".react-flow__node")?.dataset["id"] ??
    farNodeAt(toFlow({ x, y }));
  const named = target.closest<HTMLElement>("[data-side]")?.dataset;
  const port =
    target.closest<HTMLElement>("[data-widget]")?.dataset["widget"] ?? named?.["port"] ?? null;
  const side = named?.["side"] === "output" ? "output" : "input";
  if (id !== null && !activeTab().selection.has(id)) select([id]);
  setUi({
    menu: { x, y, node: id, port, side, link: wire?.link.id ?? null, flow: toFlow({ x, y }) },
  });
}

/** The keyboard's menu key has no place of its own: the selected node is meant. */
function chosenCorner(): { id: string; x: number; y: number } | null {
  const [id] = activeTab().selection;
  const rect = id === undefined ? null : rectAt(id);
  return id === undefined || rect === null
    ? null
    : { id, ...toScreen({ x: rect.x + 24, y: rect.y + 24 }) };
}

function restoreView(): void {
  const tab = activeTab();
  const known = tab.views[graphName(tab)];
  if (known) setViewport(known);
  else showFirst();
}

/** Every graph of every tab is seen where it was left. */
function useRestoredView(): void {
  const key = useDocs((docs) => {
    const tab = activeTab(docs);
    return `${tab.id}/${tab.path.map((step) => step.node).join("/")}`;
  });
  const shown = useRef(key);
  useEffect(() => {
    if (shown.current === key) return;
    shown.current = key;
    // After React is done: a far view is switched to before the canvas moves there.
    queueMicrotask(() => {
      restoreView();
      setUi({ zoom: viewport().zoom });
    });
  }, [key]);
}
