/** The open workflows: tabs, their documents, what is selected, and every change made to them. */

import { create } from "zustand";
import type { NodeSchema } from "../api/nodes";
import { Catalog } from "../graph/catalog";
import type { Scope } from "../graph/connect";
import type { Change, Draft } from "../graph/edits";
import { change } from "../graph/edits";
import { type Box, boxOf, type Rect, rectOf } from "../graph/geometry";
import { commit, EMPTY_HISTORY, type History, redo, seal, undo } from "../graph/history";
import type { Graph } from "../graph/model";
import { EMPTY_WORKFLOW, graphAt, ROOT, type Workflow } from "../graph/model";

export interface View {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** A subgraph that was entered through one of its instances. */
export interface Step {
  readonly node: string;
  readonly graph: string;
}

export interface Tab {
  readonly id: string;
  readonly workflow: Workflow;
  readonly history: History;
  /** The workflow when it was last written to a file. */
  readonly saved: Workflow;
  /** Subgraphs entered, from the root on; empty at the root. */
  readonly path: readonly Step[];
  readonly selection: ReadonlySet<string>;
  /** Where one looks in each graph. */
  readonly views: Readonly<Record<string, View>>;
}

interface Docs {
  readonly catalog: Catalog;
  /** False until the server's node types are known. */
  readonly ready: boolean;
  readonly tabs: readonly Tab[];
  readonly active: string;
}

const EMPTY: ReadonlySet<string> = new Set();

function freshTab(workflow: Workflow = EMPTY_WORKFLOW): Tab {
  return {
    id: crypto.randomUUID(),
    workflow,
    history: EMPTY_HISTORY,
    saved: workflow,
    path: [],
    selection: EMPTY,
    views: {},
  };
}

const first = freshTab();

export const useDocs = create<Docs>(() => ({
  catalog: new Catalog({}),
  ready: false,
  tabs: [first],
  active: first.id,
}));

const get = () => useDocs.getState();

export function activeTab(state: Docs = get()): Tab {
  return state.tabs.find((tab) => tab.id === state.active) ?? (state.tabs[0] as Tab);
}

/** Name of the graph one looks at. */
export function graphName(tab: Tab): string {
  return tab.path[tab.path.length - 1]?.graph ?? ROOT;
}

export function activeGraph(state: Docs = get()): Graph {
  const tab = activeTab(state);
  return graphAt(tab.workflow, graphName(tab));
}

export function scopeNow(state: Docs = get()): Scope {
  const tab = activeTab(state);
  return { workflow: tab.workflow, at: graphName(tab), catalog: state.catalog };
}

export function schemaOfType(type: string, state: Docs = get()): NodeSchema | undefined {
  return state.catalog.find(activeTab(state).workflow, type);
}

// Nodes of which the editor shows a picture; they are taller. Set by the runs.
let hasPicture: (tab: string, node: string) => boolean = () => false;

export function pictureSource(source: typeof hasPicture): void {
  hasPicture = source;
}

export function boxAt(id: string, state: Docs = get()): Box | null {
  const tab = activeTab(state);
  const graph = graphAt(tab.workflow, graphName(tab));
  const node = graph.nodes[id];
  if (node === undefined) return null;
  const schema = state.catalog.find(tab.workflow, node.type);
  return boxOf(node, graph.places[id], schema, hasPicture(tab.id, runKey(tab, id)));
}

/** Rectangle of a node, group or note. */
export function rectAt(id: string, state: Docs = get()): Rect | null {
  const graph = activeGraph(state);
  const box = boxAt(id, state);
  return box !== null
    ? rectOf(graph.places[id], box)
    : (graph.groups[id] ?? graph.notes[id] ?? null);
}

/** Rectangles of all nodes and notes, and of groups if asked for. */
export function allRects(groups = false, state: Docs = get()): Record<string, Rect> {
  const graph = activeGraph(state);
  const ids = [...Object.keys(graph.nodes), ...Object.keys(graph.notes)];
  if (groups) ids.push(...Object.keys(graph.groups));
  return Object.fromEntries(ids.map((id) => [id, rectAt(id, state) as Rect]));
}

function updateTab(id: string, update: (tab: Tab) => Tab): void {
  useDocs.setState(({ tabs }) => ({
    tabs: tabs.map((tab) => (tab.id === id ? update(tab) : tab)),
  }));
}

function updateActive(update: (tab: Tab) => Tab): void {
  updateTab(activeTab().id, update);
}

/**
 * Change the active workflow.
 *
 * @param label Message key of what is done, for the history.
 * @param merge Changes with the same name that follow each other are undone together.
 */
export function edit<T>(
  label: string,
  steps: (draft: Draft, at: string, scope: Scope) => T,
  merge?: string,
): T {
  const scope = scopeNow();
  let result: T | undefined;
  const made = change(
    scope.workflow,
    label,
    (draft) => {
      result = steps(draft, scope.at, scope);
    },
    merge,
  );
  commitChange(activeTab().id, made);
  return result as T;
}

/** Change a workflow that need not be the one in front. */
export function editTab(id: string, label: string, steps: (draft: Draft) => void): void {
  const tab = get().tabs.find((one) => one.id === id);
  if (tab !== undefined) commitChange(id, change(tab.workflow, label, steps));
}

function commitChange(id: string, made: Change): void {
  if (made.edits.length === 0) return;
  updateTab(id, (tab) => normalized({ ...tab, ...commit(tab, made) }));
}

/** End a gesture, so that what follows is undone by itself. */
export function endGesture(): void {
  if (activeTab().history.open) updateActive((tab) => ({ ...tab, history: seal(tab.history) }));
}

export function undoOnce(): void {
  updateActive((tab) => normalized({ ...tab, ...undo(tab) }));
}

export function redoOnce(): void {
  updateActive((tab) => normalized({ ...tab, ...redo(tab) }));
}

/** Leave graphs that are gone and forget selected things that are gone. */
function normalized(tab: Tab): Tab {
  const gone = tab.path.findIndex(({ graph }) => !Object.hasOwn(tab.workflow.graphs, graph));
  const path = gone < 0 ? tab.path : tab.path.slice(0, gone);
  const graph = graphAt(tab.workflow, path[path.length - 1]?.graph ?? ROOT);
  const exists = (id: string) =>
    Object.hasOwn(graph.nodes, id) ||
    Object.hasOwn(graph.groups, id) ||
    Object.hasOwn(graph.notes, id);
  const kept = [...tab.selection].filter(exists);
  const selection = kept.length === tab.selection.size ? tab.selection : new Set(kept);
  return { ...tab, path, selection };
}

export function select(ids: Iterable<string>): void {
  const next = new Set(ids);
  const now = activeTab().selection;
  if (next.size === now.size && [...next].every((id) => now.has(id))) return;
  updateActive((tab) => ({ ...tab, selection: next }));
}

export function toggleSelected(id: string): void {
  const next = new Set(activeTab().selection);
  if (!next.delete(id)) next.add(id);
  select(next);
}

/** Open the subgraph that a node is an instance of; false if it is none. */
export function enterSubgraph(node: string): boolean {
  const graph = activeGraph().nodes[node]?.type ?? ROOT;
  if (graph === ROOT || !Object.hasOwn(activeTab().workflow.graphs, graph)) return false;
  updateActive((tab) => ({ ...tab, path: [...tab.path, { node, graph }], selection: EMPTY }));
  return true;
}

/** The id by which runs know a node: those in subgraphs have their instances' before it. */
export function runKey(tab: Tab, node: string): string {
  return tab.path.length === 0 ? node : `${tab.path.map((step) => step.node).join("/")}/${node}`;
}

/** Go up to the graph at a depth; 0 is the root. */
export function leaveTo(depth: number): void {
  updateActive((tab) => ({ ...tab, path: tab.path.slice(0, depth), selection: EMPTY }));
}

export function keepView(tab: string, at: string, view: View): void {
  updateTab(tab, (one) => ({ ...one, views: { ...one.views, [at]: view } }));
}

export function newTab(workflow: Workflow = EMPTY_WORKFLOW): string {
  const { tabs } = get();
  const now = activeTab();
  const tab = freshTab(workflow);
  const untouched = now.workflow === EMPTY_WORKFLOW && now.history.past.length === 0;
  useDocs.setState({
    tabs: untouched ? tabs.map((one) => (one.id === now.id ? tab : one)) : [...tabs, tab],
    active: tab.id,
  });
  return tab.id;
}

export function closeTab(id: string): void {
  const { tabs, active } = get();
  const at = tabs.findIndex((tab) => tab.id === id);
  const rest = tabs.filter((tab) => tab.id !== id);
  const left = rest.length > 0 ? rest : [freshTab()];
  const next = left[Math.min(Math.max(0, at - 1), left.length - 1)] as Tab;
  useDocs.setState({ tabs: left, active: active === id ? next.id : active });
}

export function activate(id: string): void {
  useDocs.setState({ active: id });
}

export function markSaved(id: string): void {
  updateTab(id, (tab) => ({ ...tab, saved: tab.workflow }));
}

export function isDirty(tab: Tab): boolean {
  return tab.workflow !== tab.saved;
}

export function tabTitle(tab: Tab): string {
  return graphAt(tab.workflow, ROOT).title ?? "";
}
