/* Made by `npm run types`; do not edit. */

export type Weft = number;
export type Title = string | null;
export type Description = string | null;
export type Type = string;
export type Title1 = string | null;
export type Title2 = string | null;
export type Description1 = string | null;

/**
 * A whole workflow file.
 */
export interface Document {
  weft?: Weft;
  title?: Title;
  description?: Description;
  nodes?: Nodes;
  interface?: Interface;
  subgraphs?: Subgraphs;
  requires?: Requires;
  layout?: Layout;
}
export interface Nodes {
  [k: string]: Node;
}
/**
 * One node: its type, and a literal or a link for each input that is given.
 *
 * This interface was referenced by `Nodes`'s JSON-Schema definition
 * via the `patternProperty` "^[\w:-]{1,128}$".
 *
 * This interface was referenced by `Nodes1`'s JSON-Schema definition
 * via the `patternProperty` "^[\w:-]{1,128}$".
 */
export interface Node {
  type: Type;
  title?: Title1;
  inputs?: Inputs;
}
export interface Inputs {
  [k: string]: unknown;
}
/**
 * The few values that a person or a script sets or wants.
 *
 * Attributes:
 *     inputs: Public name -> `node.parameter`.
 *     outputs: Public name -> `node.output`.
 */
export interface Interface {
  inputs?: Inputs1;
  outputs?: Outputs;
}
export interface Inputs1 {
  [k: string]: string;
}
export interface Outputs {
  [k: string]: string;
}
export interface Subgraphs {
  [k: string]: Subgraph;
}
/**
 * A workflow used like a node; its interface is what an instance takes and gives.
 */
export interface Subgraph {
  title?: Title2;
  description?: Description1;
  nodes?: Nodes1;
  interface?: Interface1;
}
export interface Nodes1 {
  [k: string]: Node;
}
/**
 * The few values that a person or a script sets or wants.
 *
 * Attributes:
 *     inputs: Public name -> `node.parameter`.
 *     outputs: Public name -> `node.output`.
 */
export interface Interface1 {
  inputs?: Inputs1;
  outputs?: Outputs;
}
export interface Requires {
  [k: string]: unknown;
}
export interface Layout {
  [k: string]: unknown;
}
