/** Opening files: weft's and ComfyUI's workflows, and pictures that carry one. */

import { jobWorkflow, upload } from "../api/client";
import { dictOf, joined } from "../api/dict";
import { formatJson, parseJson, type Value } from "../api/json";
import { asComfy, isPlainPicture, type Opened, openShared, packWorkflow } from "../api/share";
import { fromComfy, isComfy, isComfyEditor } from "../graph/comfy";
import { setFrames } from "../graph/commands/decor";
import { addNode, moveItems } from "../graph/commands/nodes";
import { setValue } from "../graph/commands/values";
import { Draft } from "../graph/edits";
import { readWorkflow } from "../graph/file";
import { type Box, boxOf, HEADER, rectOf } from "../graph/geometry";
import type { LayerEdge } from "../graph/layers";
import { layOut } from "../graph/layout";
import {
  type Graph,
  type GraphNode,
  graphAt,
  isLinked,
  linksOf,
  type PortRef,
  ROOT,
  type Workflow,
} from "../graph/model";
import { pngTexts } from "../graph/png";
import type { Point, Rect } from "../graph/rect";
import { outdated } from "../graph/versions";
import { addNodeAt, freePlace } from "./adding";
import {
  activeGraph,
  activeTab,
  allRects,
  boxAt,
  edit,
  graphName,
  membersOf,
  newTab,
  schemaOfType,
  select,
  type Tab,
  tabTitle,
  useDocs,
} from "./docs";
import { documentOf } from "./documentOf";
import { checkTab, markForeign, setReport, useReports } from "./library/foreign";
import { t } from "./messages/index";
import { type Picture, runOf, useRuns } from "./runs";
import { say, setUi } from "./ui";
import { fitView, viewSize } from "./viewport";

/** A workflow of parsed JSON in either format, laid out and called as its file where it must be. */
async function toWorkflow(data: Value, name: string): Promise<Workflow> {
  const { catalog } = useDocs.getState();
  const workflow = isComfy(data) ? fromComfy(data, catalog) : readWorkflow(data);
  const draft = new Draft(await laidOut(workflow));
  const title = name.replace(/^.*[/\\]|(\.weft)?\.\w+$/g, "");
  if (!graphAt(workflow, ROOT).title && title) draft.set(["graphs", ROOT, "title"], title);
  return draft.now;
}

/** Lay out every graph that has nodes without a place. */
export async function laidOut(workflow: Workflow): Promise<Workflow> {
  const { catalog } = useDocs.getState();
  const draft = new Draft(workflow);
  for (const [at, graph] of Object.entries(workflow.graphs)) {
    const ids = Object.keys(graph.nodes);
    const loose = ids.filter((id) => graph.places[id] === undefined);
    if (loose.length === 0) continue;
    const boxes = new Map(
      ids.map((id) => {
        const node = graph.nodes[id] as GraphNode;
        const schema = catalog.find(workflow, node.type);
        // Room for the picture that it will give.
        return [id, boxOf(node, graph.places[id], schema, schema?.root === true)];
      }),
    );
    const rects = [...boxes].map(([id, box]) => [id, rectOf(graph.places[id], box)] as const);
    const { places } = await layOut({
      // Nobody put them into a group, so groups are gone around like all that has a place.
      rects: joined<Rect>(dictOf(rects), graph.groups, graph.notes),
      notes: new Set(),
      groups: {},
      edges: edgesOf(graph, boxes),
      chosen: new Set(loose),
      pinned: new Set(),
    });
    for (const [id, place] of Object.entries(places)) {
      draft.set(["graphs", at, "places", id], place);
    }
  }
  return draft.now;
}

/** Open parsed JSON in a tab of its own; its id, or null if it is no workflow. */
export async function openData(data: Value, name: string): Promise<string | null> {
  try {
    return newTab(await toWorkflow(data, name));
  } catch (error) {
    say(t("file.unreadable", { name, reason: reasonOf(error) }), "bad");
    return null;
  }
}

/** Open what came from elsewhere: it is looked through, and asked about before it runs. */
async function openForeign(data: Value, name: string): Promise<void> {
  const tab = await openData(data, name);
  if (tab === null) return;
  markForeign(tab);
  try {
    await checkTab(tab);
    showReport(tab);
  } catch {
    // Without the server's word the problems under the nodes must do.
  }
}

/** Say what is missing and what was changed in reading it, if anything is. */
function showReport(tab: string): void {
  const report = useReports.getState().byTab[tab];
  const told =
    (useReports.getState().remarks[tab] ?? []).length > 0 ||
    report?.files.some(({ ready }) => !ready) ||
    report?.nodes.some(({ state }) => state === "missing");
  if (told) setUi({ dialog: { kind: "report", tab } });
}

export async function openText(text: string, name: string): Promise<void> {
  try {
    const data = parseJson(text);
    const { catalog } = useDocs.getState();
    if (isComfyEditor(data)) await openByServer(new File([text], name), name);
    else if (outdated(data, catalog).length === 0) await openForeign(data, name);
    else await openOld(data, text, name);
  } catch (error) {
    say(t("file.unreadable", { name, reason: reasonOf(error) }), "bad");
  }
}

/** Let the server bring a file of earlier versions up to date; as it is where that cannot be. */
async function openOld(data: Value, text: string, name: string): Promise<void> {
  try {
    await openByServer(new File([text], name), name);
  } catch (error) {
    const reason = error instanceof TypeError ? t("run.offline") : reasonOf(error);
    say(t("file.notUpdated", { reason }), "bad");
    await openForeign(data, name);
  }
}

/** Let the server read a picture or a bundle; false for a picture without a workflow. */
async function openByServer(file: Blob, name: string): Promise<boolean> {
  let opened: Opened;
  try {
    opened = await openShared(file);
  } catch (error) {
    if (isPlainPicture(error)) return false;
    throw error;
  }
  const tab = await openData(opened.document, name);
  if (tab === null) return true;
  markForeign(tab);
  setReport(tab, opened.report, opened.remarks);
  showReport(tab);
  return true;
}

const BINARY = /\.(png|webp|jpe?g|zip)$/i;

/** Open a workflow file, a bundle, or a picture with a workflow in it; false if it has none. */
export async function openFile(file: File): Promise<boolean> {
  const { name } = file;
  if (!BINARY.test(name) && !file.type.startsWith("image/")) {
    await openText(await file.text(), name);
    return true;
  }
  try {
    return await openByServer(file, name);
  } catch (error) {
    if (!(error instanceof TypeError)) {
      say(t("file.unreadable", { name, reason: reasonOf(error) }), "bad");
      return true;
    }
    // The server is away; what a PNG says can be read here.
    const texts = await pngTexts(new Uint8Array(await file.arrayBuffer()));
    const text = texts["weft"] ?? texts["prompt"];
    if (text !== undefined) await openText(text, name);
    return text !== undefined;
  }
}

/** Open files that were chosen; says so of a picture that carries no workflow. */
export async function openFiles(files: Iterable<File>): Promise<void> {
  for (const file of files) {
    if (!(await openFile(file)) && !(await tellParameters(file))) {
      say(t("file.noWorkflow", { name: file.name }), "bad");
    }
  }
}

/** Something was dropped on the canvas. A picture without a workflow becomes a node. */
export async function openDropped(data: DataTransfer, at: Point): Promise<void> {
  const type = data.getData("application/x-weft-node");
  if (type !== "") {
    addNodeAt(type, at);
    return;
  }
  // A picture of the gallery brings a file too, but it is known whose it is.
  const picture = galleryPicture(data.getData("text/uri-list"));
  if (picture !== null) {
    await restorePicture(picture);
    return;
  }
  for (const file of [...data.files]) {
    if (await openFile(file)) continue;
    await addPicture(file, at);
    await tellParameters(file);
  }
}

/**
 * Say of a picture without a workflow that it has the parameters of a web UI in words, which this
 * server does not make a workflow of; false if it has none.
 */
async function tellParameters(file: File): Promise<boolean> {
  const texts = await pngTexts(new Uint8Array(await file.arrayBuffer())).catch(() => null);
  const parameters = texts?.["parameters"];
  if (parameters === undefined) return false;
  const copy = () => void navigator.clipboard.writeText(parameters);
  const action = { label: t("file.copyParameters"), perform: copy };
  say(t("file.parameters", { name: file.name }), "bad", action);
  return true;
}

/** The picture of this session that an address shows. */
function galleryPicture(address: string): Picture | null {
  if (address === "") return null;
  const path = (url: string) => new URL(url, location.href).pathname;
  const wanted = path(address.split("\n")[0] ?? "");
  return useRuns.getState().gallery.find(({ url }) => path(url) === wanted) ?? null;
}

/** Open the workflow that made a picture, with the seeds that were drawn. */
async function restorePicture({ job, artifact }: Picture): Promise<void> {
  const name = artifact?.file ?? job;
  try {
    await openData(await jobWorkflow(job), name);
  } catch (error) {
    say(t("file.unreadable", { name, reason: reasonOf(error) }), "bad");
  }
}

/** The file input of the one node that is selected, where it has one that no link feeds. */
export function selectedFileInput(): PortRef | null {
  const { selection } = activeTab();
  const [id] = selection;
  const node = id === undefined || selection.size > 1 ? undefined : activeGraph().nodes[id];
  const inputs = Object.entries((node && schemaOfType(node.type)?.inputs) ?? {});
  const port = inputs.find(([name, { file }]) => file === true && !isLinked(node?.inputs[name]));
  return id === undefined || port === undefined ? null : { node: id, port: port[0] };
}

/** Upload a picture and put it into a node, or into a new one that loads it, near a place. */
export async function addPicture(
  file: File,
  at: Point,
  into: PortRef | null = null,
): Promise<void> {
  try {
    const { name } = await upload(file);
    if (into !== null && activeGraph().nodes[into.node] !== undefined) {
      edit("widget.change", (draft, graph) => setValue(draft, graph, into, name));
      return;
    }
    const schemas = Object.values(useDocs.getState().catalog.schemas);
    const loader = schemas.find(
      ({ inputs, outputs }) =>
        outputs["image"]?.type === "IMAGE" && Object.values(inputs).some((input) => input.file),
    );
    const port = Object.entries(loader?.inputs ?? {}).find(([, input]) => input.file)?.[0];
    if (loader === undefined || port === undefined) return;
    const place = freePlace(loader.type, at);
    const id = edit("undo.add", (draft, graph) => {
      const node = addNode(draft, graph, loader.type, place, loader);
      setValue(draft, graph, { node, port }, name);
      return node;
    });
    select([id]);
  } catch (error) {
    say(t("widget.uploadFailed", { name: file.name, reason: reasonOf(error) }), "bad");
  }
}

export function chooseFile(): void {
  chooser.value = ""; // so that the same file can be chosen again
  chooser.click();
}

/** Kept, or the browser might collect it while its window is open, and the choice with it. */
const chooser = document.createElement("input");
chooser.type = "file";
chooser.accept = ".json,.zip,image/png,image/webp,image/jpeg,application/json";
chooser.multiple = true;
chooser.onchange = () => void openFiles([...(chooser.files ?? [])]);

/** Save the active workflow as a file of the person's machine. */
export function saveFile(): void {
  const tab = activeTab();
  download(`${fileName(tab)}.json`, formatJson(documentOf(tab)));
}

/** The same in ComfyUI's API format, with what ComfyUI lacks of it said. */
export async function saveApiFile(): Promise<void> {
  const tab = activeTab();
  try {
    const { prompt, obstacles } = await asComfy(documentOf(tab));
    download(`${fileName(tab)}-api.json`, formatJson(prompt));
    if (obstacles.length > 0) say(t("share.apiLacks", { what: obstacles.join(" ") }), "bad");
  } catch (error) {
    say(reasonOf(error), "bad");
  }
}

function fileName(tab: Tab): string {
  const name = (tabTitle(tab) || "workflow").replace(/[^\p{L}\p{N} _-]+/gu, "").trim();
  return (name || "workflow").toLowerCase().replace(/\s+/g, "-");
}

/** A bundle with all that the workflow needs; as a picture, of the last finished run. */
export async function saveBundle(format: "png" | "zip"): Promise<void> {
  const tab = activeTab();
  const name = fileName(tab);
  const { job } = runOf(tab.id);
  try {
    const what = format === "png" ? { job: job ?? "" } : { document: documentOf(tab) };
    downloadBlob(`${name}.weft.${format}`, await packWorkflow({ ...what, format, name }));
  } catch (error) {
    say(reasonOf(error), "bad");
  }
}

export function download(name: string, text: string): void {
  downloadBlob(name, new Blob([text], { type: "application/json" }));
}

function downloadBlob(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** The links among some nodes, with the heights of their sockets. */
function edgesOf(graph: Graph, boxes: ReadonlyMap<string, Box>): LayerEdge[] {
  return linksOf(graph).map((link) => ({
    from: link.from.node,
    to: link.to.node,
    fromY: boxes.get(link.from.node)?.outputs[link.from.port] ?? HEADER / 2,
    toY: boxes.get(link.to.node)?.inputs[link.to.port] ?? HEADER / 2,
  }));
}

/** Lay out what is selected, with all that lies in selected groups, or everything. */
export async function autoLayout(): Promise<void> {
  const tab = activeTab();
  const at = graphName(tab);
  const graph = graphAt(tab.workflow, at);
  const every = Object.keys(allRects(true));
  const selected = new Set([...tab.selection].flatMap((id) => [id, ...membersOf(id)]));
  const all = selected.size <= 1;
  const { width, height } = viewSize();
  const layout = await layOut({
    rects: allRects(),
    notes: new Set(Object.keys(graph.notes)),
    groups: graph.groups,
    edges: edgesOf(graph, new Map(Object.keys(graph.nodes).map((id) => [id, boxAt(id) as Box]))),
    chosen: all ? new Set(every) : selected,
    pinned: new Set(every.filter((id) => graph.places[id]?.pinned === true)),
    aspect: width / Math.max(1, height),
  });
  // While the layout was loaded, another graph may have come to the front, which stays as it is.
  const now = activeTab();
  if (now.id !== tab.id || graphName(now) !== at) return;
  // Of a graph that was changed meanwhile this is the layout no more.
  if (now.workflow !== tab.workflow) {
    await autoLayout();
    return;
  }
  edit("arrange.layout", (draft) => {
    moveItems(draft, at, layout.places);
    setFrames(draft, at, layout.frames);
  });
  // What one looked at is elsewhere now.
  if (all) fitView("all");
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
