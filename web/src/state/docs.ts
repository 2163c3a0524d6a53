/** The open workflows: tabs, their documents, what is selected, and every change made to them. */

import { create } from "zustand";
import { dictOf, withKey } from "../api/dict";
import type { NodeSchema } from "../api/nodes";
import { contains } from "../graph/arrange";
import { Catalog } from "../graph/catalog";
import type { Scope } from "../graph/connect";
import type { Change, Draft } from "../graph/edits";
import { change } from "../graph/edits";
import { type Box, boxOf, rectOf } from "../graph/geometry";
import { commit, EMPTY_HISTORY, type History, pass, redo, seal, undo } from "../graph/history";
import type { Graph } from "../graph/model";
import { EMPTY_WORKFLOW, graphAt, ROOT, type Workflow } from "../graph/model";
import type { Rect } from "../graph/rect";

export interface View {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** A subgraph that was entered through one of its instances. */
export interface PathStep {
  readonly node: string;
  readonly graph: string;
}

export interface Tab {
  readonly id: string;
  readonly workflow: Workflow;
  readonly history: History;
  /** The workflow as the library or a file last had it. */
  readonly saved: Workflow;
  /** Subgraphs entered, from the root on; empty at the root. */
  readonly path: readonly PathStep[];
  readonly selection: ReadonlySet<string>;
  /** Where one looks in each graph. */
  readonly views: Readonly<Record<string, View>>;
  /** Somebody else's, or a comparison: it can be looked at and forked. */
  readonly readOnly?: boolean;
  /** Not kept anywhere: a comparison. */
  readonly transient?: boolean;
}

/** A tab that was closed, and where it stood. */
interface Closed {
  readonly tab: Tab;
  readonly at: number;
}

interface Docs {
  readonly catalog: Catalog;
  /** False until the server's node types are known. */
  readonly ready: boolean;
  readonly tabs: readonly Tab[];
  readonly active: string;
  /** The last ones closed, the latest first; they can be opened again. */
  readonly closed: readonly Closed[];
}

const MOST_CLOSED = 10;
const EMPTY: ReadonlySet<string> = new Set();

/** A tab with nothing done in it yet. */
export function freshTab(workflow: Workflow = EMPTY_WORKFLOW): Tab {
  return {
    id: newId(),
    workflow,
    history: EMPTY_HISTORY,
    saved: workflow,
    path: [],
    selection: EMPTY,
    views: dictOf(),
  };
}

/** Random and unique; `randomUUID` is there on secure pages only, and a server may be plain HTTP. */
function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

const first = freshTab();

export const useDocs = create<Docs>(() => ({
  catalog: new Catalog({}),
  ready: false,
  tabs: [first],
  active: first.id,
  closed: [],
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
  return dictOf(ids.map((id) => [id, rectAt(id, state) as Rect]));
}

/** A tab that is open, or was closed lately. */
export function tabById(id: string, state: Docs = get()): Tab | undefined {
  return (
    state.tabs.find((tab) => tab.id === id) ?? state.closed.find(({ tab }) => tab.id === id)?.tab
  );
}

function updateTab(id: string, update: (tab: Tab) => Tab): void {
  useDocs.setState(({ tabs, closed }) => ({
    tabs: tabs.map((tab) => (tab.id === id ? update(tab) : tab)),
    closed: closed.some(({ tab }) => tab.id === id)
      ? closed.map((one) => (one.tab.id === id ? { ...one, tab: update(one.tab) } : one))
      : closed,
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
  if (activeTab().readOnly !== true) commitChange(activeTab().id, made);
  else if (made.edits.length > 0) onReadOnly();
  return result as T;
}

/** Change a workflow that need not be the one in front. */
export function editTab(id: string, label: string, steps: (draft: Draft) => void): void {
  const tab = tabById(id);
  if (tab !== undefined && !tab.readOnly) commitChange(id, change(tab.workflow, label, steps));
}

/** Change a workflow for what the page does by itself: undo takes back the person's own last change. */
export function editUnasked(id: string, steps: (draft: Draft) => void): void {
  const tab = tabById(id);
  if (tab === undefined || tab.readOnly) return;
  const made = change(tab.workflow, "", steps);
  if (made.edits.length > 0) updateTab(id, (now) => normalized({ ...now, ...pass(now, made) }));
}

/**
 * Put another version in a tab's place, as a change that can be undone.
 *
 * @param merge Versions with the same name that follow each other are undone together.
 */
export function replaceWorkflow(
  id: string,
  label: string,
  workflow: Workflow,
  merge?: string,
): void {
  const tab = tabById(id);
  if (tab === undefined) return;
  const made = change(
    tab.workflow,
    label,
    (draft) => {
      draft.set(["graphs"], workflow.graphs);
      draft.set(["requires"], workflow.requires);
    },
    merge,
  );
  commitChange(id, made);
}

let onReadOnly = () => {};

/** What to do when somebody tries to change what is only to be looked at. */
export function whenReadOnly(callback: () => void): void {
  onReadOnly = callback;
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
  updateTab(tab, (one) => ({ ...one, views: withKey(one.views, at, view) }));
}

export function newTab(
  workflow: Workflow = EMPTY_WORKFLOW,
  more: Pick<Partial<Tab>, "readOnly" | "transient"> = {},
): string {
  const { tabs } = get();
  const now = activeTab();
  const tab = { ...freshTab(workflow), ...more };
  const untouched = now.workflow === EMPTY_WORKFLOW && now.history.past.length === 0;
  useDocs.setState({
    tabs: untouched ? tabs.map((one) => (one.id === now.id ? tab : one)) : [...tabs, tab],
    active: tab.id,
  });
  return tab.id;
}

export function closeTab(id: string): void {
  const { tabs, active, closed } = get();
  const at = tabs.findIndex((tab) => tab.id === id);
  const gone = tabs[at];
  if (gone === undefined) return;
  const rest = tabs.filter((tab) => tab.id !== id);
  const left = rest.length > 0 ? rest : [freshTab()];
  const next = left[Math.min(Math.max(0, at - 1), left.length - 1)] as Tab;
  const empty = gone.workflow === EMPTY_WORKFLOW && gone.history.past.length === 0;
  useDocs.setState({
    tabs: left,
    active: active === id ? next.id : active,
    closed: empty || gone.transient ? closed : [{ tab: gone, at }, ...closed].slice(0, MOST_CLOSED),
  });
}

/** Open a closed tab again where it stood, with its history; the last one unless it is named. */
export function reopenTab(id?: string): void {
  const { tabs, closed } = get();
  const found = id === undefined ? closed[0] : closed.find(({ tab }) => tab.id === id);
  if (found === undefined) return;
  const { tab, at } = found;
  const only = tabs.length === 1 ? tabs[0] : undefined;
  const blank = only?.workflow === EMPTY_WORKFLOW && only.history.past.length === 0;
  const rest = blank ? [] : tabs;
  useDocs.setState({
    tabs: [...rest.slice(0, at), tab, ...rest.slice(at)],
    active: tab.id,
    closed: closed.filter((one) => one !== found),
  });
}

/** Put a tab at another place of the bar; places beyond the ends are the ends. */
export function moveTab(id: string, to: number): void {
  const { tabs } = get();
  const tab = tabs.find((one) => one.id === id);
  if (tab === undefined) return;
  const rest = tabs.filter((one) => one !== tab);
  const at = Math.min(Math.max(0, to), rest.length);
  useDocs.setState({ tabs: [...rest.slice(0, at), tab, ...rest.slice(at)] });
}

export function activate(id: string): void {
  useDocs.setState({ active: id });
}

/** A version of a tab is safe: the one it has now, unless another is named. */
export function markSaved(id: string, workflow?: Workflow): void {
  updateTab(id, (tab) => ({ ...tab, saved: workflow ?? tab.workflow }));
}

export function isDirty(tab: Tab): boolean {
  return tab.workflow !== tab.saved;
}

export function tabTitle(tab: Tab): string {
  return graphAt(tab.workflow, ROOT).title ?? "";
}

/** What lies in a group and is moved with it. */
export function membersOf(group: string): string[] {
  const outer = activeGraph().groups[group];
  if (outer === undefined) return [];
  return Object.entries(allRects(true))
    .filter(([id, rect]) => id !== group && contains(outer, rect))
    .map(([id]) => id);
}
