/** Nodes found by what stands in them, in a graph and in its subgraphs. */

import { isExact } from "../api/json";
import { REROUTE } from "./catalog";
import { type GraphNode, graphAt, ROOT, type Workflow } from "./model";

/** What a node is called where it is shown. */
export type Titles = (node: GraphNode) => string;

export interface FoundNode {
  /** `instance/node`; a node of the graph itself has no `/`. */
  readonly path: string;
  readonly node: GraphNode;
}

/** Nodes with all of the words in their id, title, type, inputs or values. */
export function nodesWith(workflow: Workflow, at: string, text: string, titles: Titles) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return Object.entries(graphAt(workflow, at).nodes).filter(([id, node]) => {
    if (node.type === REROUTE) return false;
    const hay = `${id} ${titles(node)} ${node.type} ${literals(node)}`.toLowerCase();
    return words.every((word) => hay.includes(word));
  });
}

/** The same in the graph's subgraphs, at any depth. */
export function nodesInside(
  workflow: Workflow,
  at: string,
  text: string,
  titles: Titles,
  before = "",
): FoundNode[] {
  return Object.entries(graphAt(workflow, at).nodes).flatMap(([id, { type }]) => {
    if (type === ROOT || !Object.hasOwn(workflow.graphs, type)) return [];
    const path = `${before}${id}/`;
    const here = nodesWith(workflow, type, text, titles);
    return [
      ...here.map(([inner, node]) => ({ path: path + inner, node })),
      ...nodesInside(workflow, type, text, titles, path),
    ];
  });
}

function literals(node: GraphNode): string {
  return Object.entries(node.inputs)
    .map(([port, value]) =>
      typeof value !== "object" || isExact(value) ? `${port} ${String(value)}` : port,
    )
    .join(" ");
}
