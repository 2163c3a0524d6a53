/* Made by `npm run types`; do not edit. */

export type Weft = number;
export type Title = string | null;
export type Description = string | null;
export type Type = string;
export type Title1 = string | null;
/**
 * @minItems 1
 */
export type Over = [string, ...string[]];
export type OnError = "stop" | "continue";
export type Times = number;
export type Index = string | null;
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
 * Attributes:
 *     map: For an instance of a subgraph, that it is made once for each item of a list.
 *     loop: For an instance of a subgraph, that it is made several times in a row.
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
  map?: Map | null;
  loop?: Loop | null;
}
export interface Inputs {
  [k: string]: unknown;
}
/**
 * Makes an instance of a subgraph one instance for each item; its outputs become lists.
 *
 * Attributes:
 *     over: Inputs that have a list where the subgraph takes one value: a list, or a text that
 *         says one (`photos/*.jpg` where a file is named, `1..500` or `3,5,7` elsewhere). Several
 *         go side by side and have one length.
 *     on_error: What happens when an item fails. "stop": no further item is begun, and what
 *         needs the lists fails. "continue": the item is left out of the lists, and the run
 *         counts as done.
 */
export interface Map {
  over: Over;
  on_error?: OnError;
}
/**
 * Makes an instance of a subgraph a row of instances, each fed with what the last one gave.
 *
 * An output that has the name of an input is carried: the first time the input has the value that
 * the node gives it, from then on the output of the time before. Other inputs stay the same.
 *
 * Attributes:
 *     times: How often, at least once.
 *     index: Name of an input that is told which time it is: 0, 1, 2, ...; None for none.
 */
export interface Loop {
  times: Times;
  index?: Index;
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
