/** ComfyUI's API format. Reading it, class names and inputs are found as aliases of ours. */

import { dictOf } from "../api/dict";
import type { JsonObject, Value } from "../api/json";
import { isObject } from "../api/json";
import type { Catalog } from "./catalog";
import { inputName } from "./catalog";
import type { GraphNode, Workflow } from "./model";
import { EMPTY_GRAPH, ROOT } from "./model";

// Written by ComfyUI's editor beside an upload button; they say nothing about the picture.
const EDITOR_ONLY = new Set(["upload", "choose file to upload"]);

export function isComfy(data: Value): data is JsonObject {
  return (
    isObject(data) &&
    data["nodes"] === undefined &&
    Object.keys(data).length > 0 &&
    Object.values(data).every((node) => isObject(node) && typeof node["class_type"] === "string")
  );
}

export function isComfyEditor(data: Value): boolean {
  return isObject(data) && Array.isArray(data["nodes"]) && data["links"] !== undefined;
}

export function fromComfy(data: JsonObject, catalog: Catalog): Workflow {
  const nodes: Record<string, GraphNode> = dictOf();
  for (const [id, raw] of Object.entries(data)) {
    const node = raw as JsonObject;
    const schema = catalog.byName(node["class_type"] as string);
    const inputs: Record<string, Value> = dictOf();
    const given = isObject(node["inputs"]) ? node["inputs"] : {};
    for (const [name, value] of Object.entries(given)) {
      const own = schema && inputName(schema, name);
      if (own === undefined && EDITOR_ONLY.has(name)) continue;
      const input = own === undefined ? undefined : schema?.inputs[own];
      let converted = convert(value, data, catalog);
      if (typeof converted === "string" && (input?.file || input?.model)) {
        converted = converted.replaceAll("\\", "/"); // names saved on Windows
      }
      inputs[own ?? name] = converted;
    }
    const meta = node["_meta"];
    const title = isObject(meta) && typeof meta["title"] === "string" ? meta["title"] : undefined;
    nodes[id] = {
      type: schema?.type ?? (node["class_type"] as string),
      ...(title !== undefined && title !== node["class_type"] && { title }),
      inputs,
    };
  }
  return { graphs: dictOf([[ROOT, { ...EMPTY_GRAPH, nodes }]]), requires: {} };
}

function convert(value: Value, data: JsonObject, catalog: Catalog): Value {
  if (Array.isArray(value) && value.length === 2 && typeof value[1] === "number") {
    const [first, slot] = value as [Value, number];
    const id = String(first);
    // A pair of numbers is no link: links name nodes as text.
    if (typeof first === "string" || Object.hasOwn(data, id)) {
      const source = data[id];
      const schema = isObject(source) ? catalog.byName(String(source["class_type"])) : undefined;
      const name = Object.keys(schema?.outputs ?? {})[slot] ?? `slot_${slot}`;
      return { link: `${id}.${name}` };
    }
  }
  if (isObject(value) && Object.keys(value).length === 1 && value["__value__"] !== undefined) {
    return value["__value__"] as Value;
  }
  return value;
}
