/** Opening files: weft's and ComfyUI's workflows, and pictures that carry one. */

import { upload } from "../api/client";
import { formatJson, parseJson, type Value } from "../api/json";
import { layered } from "../graph/arrange";
import { fromComfy, isComfy, isComfyEditor, toComfy } from "../graph/comfy";
import { addNode, moveItems, type Point } from "../graph/commands/nodes";
import { setValue } from "../graph/commands/values";
import { compile } from "../graph/compile";
import { Draft } from "../graph/edits";
import { FormatError, readWorkflow } from "../graph/file";
import { type Box, boxOf, HEADER } from "../graph/geometry";
import { type Graph, type GraphNode, graphAt, linksOf, ROOT, type Workflow } from "../graph/model";
import { pngTexts } from "../graph/png";
import {
  activeTab,
  boxAt,
  edit,
  newTab,
  schemaOfType,
  select,
  type Tab,
  tabTitle,
  useDocs,
} from "./docs";
import { t } from "./messages";
import { documentOf } from "./run";
import { say } from "./ui";

/** A workflow of parsed JSON in either format, laid out where it has no layout. */
export async function toWorkflow(data: Value, name: string): Promise<Workflow> {
  if (isComfyEditor(data)) throw new FormatError(t("file.comfyEditor", { name }));
  const { catalog } = useDocs.getState();
  const workflow = isComfy(data) ? fromComfy(data, catalog) : readWorkflow(data);
  return laidOut(workflow);
}

/** Lay out every graph that has nodes without a place. */
export async function laidOut(workflow: Workflow): Promise<Workflow> {
  const { catalog } = useDocs.getState();
  const draft = new Draft(workflow);
  for (const [at, graph] of Object.entries(workflow.graphs)) {
    const ids = Object.keys(graph.nodes);
    const loose = ids.filter((id) => graph.places[id] === undefined);
    if (loose.length === 0) continue;
    const all = loose.length === ids.length;
    const boxes = new Map(
      loose.map((id) => {
        const node = graph.nodes[id] as GraphNode;
        const schema = catalog.find(workflow, node.type);
        // Room for the picture that it will give.
        return [id, boxOf(node, undefined, schema, schema?.root === true)];
      }),
    );
    const places = await arranged(graph, boxes, () => ({ x: 0, y: 0 }));
    const below = all ? 0 : Math.max(0, ...Object.values(graph.places).map((p) => p.y + 400));
    for (const [id, { x, y }] of Object.entries(places)) {
      draft.set(["graphs", at, "places", id], { x, y: y + below });
    }
  }
  return draft.now;
}

export async function openData(data: Value, name: string, saved = true): Promise<void> {
  try {
    const workflow = await toWorkflow(data, name);
    const id = newTab(workflow);
    if (!saved)
      useDocs.setState(({ tabs }) => ({
        tabs: tabs.map((tab) =>
          tab.id === id ? { ...tab, saved: { graphs: {}, requires: {} } } : tab,
        ),
      }));
    reportMissing(workflow);
  } catch (error) {
    say(t("file.unreadable", { name, reason: reasonOf(error) }), "bad");
  }
}

function reportMissing(workflow: Workflow): void {
  const { catalog } = useDocs.getState();
  const unknown = Object.values(workflow.graphs)
    .flatMap((graph) => Object.values(graph.nodes))
    .filter((node) => catalog.find(workflow, node.type) === undefined)
    .map((node) => node.type);
  if (unknown.length === 0) return;
  const types = [...new Set(unknown)].slice(0, 6).join(", ");
  say(t("file.missing", { n: unknown.length, types }), "bad");
}

export async function openText(text: string, name: string): Promise<void> {
  try {
    await openData(parseJson(text), name);
  } catch (error) {
    say(t("file.unreadable", { name, reason: reasonOf(error) }), "bad");
  }
}

/** Open a workflow file or a picture with a workflow in it. */
export async function openFile(file: File): Promise<void> {
  if (file.type === "image/png" || file.name.toLowerCase().endsWith(".png")) {
    const texts = await pngTexts(new Uint8Array(await file.arrayBuffer()));
    const text = texts["weft"] ?? texts["prompt"];
    if (text === undefined) say(t("file.noWorkflow", { name: file.name }), "bad");
    else await openText(text, file.name);
    return;
  }
  await openText(await file.text(), file.name);
}

/** Something was dropped on the canvas. A picture without a workflow becomes a node. */
export async function openDropped(data: DataTransfer, at: Point): Promise<void> {
  const type = data.getData("application/x-weft-node");
  if (type !== "") {
    addNodeAt(type, at);
    return;
  }
  const files = [...data.files];
  for (const file of files) {
    if (file.type.startsWith("image/") && !(await hasWorkflow(file))) await addPicture(file, at);
    else await openFile(file);
  }
}

export function addNodeAt(type: string, at: Point): string {
  const id = edit("undo.add", (draft, graph) =>
    addNode(draft, graph, type, at, schemaOfType(type)),
  );
  select([id]);
  return id;
}

async function hasWorkflow(file: File): Promise<boolean> {
  const texts = await pngTexts(new Uint8Array(await file.arrayBuffer()));
  return texts["weft"] !== undefined || texts["prompt"] !== undefined;
}

/** Upload a picture and add a node that loads it. */
export async function addPicture(file: File, at: Point): Promise<void> {
  try {
    const { name } = await upload(file);
    const schemas = Object.values(useDocs.getState().catalog.schemas);
    const loader = schemas.find(
      ({ inputs, outputs }) =>
        outputs["image"]?.type === "IMAGE" && Object.values(inputs).some((input) => input.file),
    );
    const port = Object.entries(loader?.inputs ?? {}).find(([, input]) => input.file)?.[0];
    if (loader === undefined || port === undefined) return;
    const id = edit("undo.add", (draft, graph) => {
      const node = addNode(draft, graph, loader.type, at, loader);
      setValue(draft, graph, { node, port }, name);
      return node;
    });
    select([id]);
  } catch (error) {
    say(t("widget.uploadFailed", { name: file.name, reason: reasonOf(error) }), "bad");
  }
}

export function chooseFile(): void {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = ".json,.png,application/json,image/png";
  input.multiple = true;
  input.onchange = async () => {
    for (const file of input.files ?? []) await openFile(file);
  };
  input.click();
}

/** Save the active workflow as a file of the person's machine. */
export function saveFile(): void {
  const tab = activeTab();
  download(`${fileName(tab)}.json`, formatJson(documentOf(tab)));
}

/** The same in ComfyUI's API format; says so where that format has no words for it. */
export function saveApiFile(): void {
  const tab = activeTab();
  const { catalog } = useDocs.getState();
  const scope = { workflow: tab.workflow, at: ROOT, catalog };
  const prompt = toComfy(compile(scope).nodes, (type) => catalog.find(tab.workflow, type));
  if (prompt === null) say(t("share.apiNot"), "bad");
  else download(`${fileName(tab)}-api.json`, formatJson(prompt));
}

function fileName(tab: Tab): string {
  const name = (tabTitle(tab) || "workflow").replace(/[^\p{L}\p{N} _-]+/gu, "").trim();
  return (name || "workflow").toLowerCase().replace(/\s+/g, "-");
}

export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** Places of some nodes in layers; `from` says where they stand now. */
function arranged(graph: Graph, boxes: ReadonlyMap<string, Box>, from: (id: string) => Point) {
  const rects = Object.fromEntries(
    [...boxes].map(([id, { width, height }]) => [id, { ...from(id), width, height }]),
  );
  const edges = linksOf(graph).map((link) => ({
    from: link.from.node,
    to: link.to.node,
    fromY: boxes.get(link.from.node)?.outputs[link.from.port] ?? HEADER / 2,
    toY: boxes.get(link.to.node)?.inputs[link.to.port] ?? HEADER / 2,
  }));
  return layered(rects, edges);
}

/** Lay out the selection, or everything. */
export async function autoLayout(): Promise<void> {
  const tab = activeTab();
  const at = tab.path[tab.path.length - 1]?.graph ?? ROOT;
  const graph = graphAt(tab.workflow, at);
  const chosen = [...tab.selection].filter((id) => graph.nodes[id]);
  const ids = (chosen.length > 1 ? chosen : Object.keys(graph.nodes)).filter(
    (id) => graph.places[id]?.pinned !== true,
  );
  if (ids.length === 0) return;
  const boxes = new Map(ids.map((id) => [id, boxAt(id) as Box]));
  const places = await arranged(graph, boxes, (id) => graph.places[id] ?? { x: 0, y: 0 });
  edit("arrange.layout", (draft, graphName) => moveItems(draft, graphName, places));
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
