/** What types of nodes there are: the server's, the workflow's subgraphs, and the reroute. */

import { dictOf } from "../api/dict";
import type { InputSchema, NodeSchema, NodeSchemas, PortSchema } from "../api/nodes";
import type { Graph, Workflow } from "./model";
import { ROOT, splitTarget } from "./model";

/** A bend in a link. It exists in the editor only; a saved file links past it. */
export const REROUTE = "@reroute";

const ANY_PORT: PortSchema = { type: "T", choices: ["T"] };

export const REROUTE_SCHEMA: NodeSchema = {
  type: REROUTE,
  category: "",
  version: 1,
  aliases: [],
  summary: "",
  description: "",
  inputs: dictOf([["in", { ...ANY_PORT, socket: true, required: false, description: "" }]]),
  outputs: dictOf([["out", ANY_PORT]]),
  returns: "",
  source: "",
  effects: [],
  root: false,
  pure: true,
};

/** The schema of a subgraph, and the graphs that it was made from. */
interface Derived {
  readonly schema: NodeSchema;
  readonly parts: readonly (readonly [string, Graph])[];
}

export class Catalog {
  readonly schemas: NodeSchemas;
  readonly #aliases = new Map<string, NodeSchema>();
  readonly #derived = new Map<string, Derived>();

  constructor(schemas: NodeSchemas) {
    this.schemas = schemas;
    for (const schema of Object.values(schemas)) {
      for (const alias of schema.aliases) this.#aliases.set(alias, schema);
    }
  }

  /** The schema of a type, by its id, an alias, or the name of a subgraph. */
  find(workflow: Workflow, type: string): NodeSchema | undefined {
    if (type === REROUTE) return REROUTE_SCHEMA;
    const known = this.byName(type);
    if (type !== ROOT && Object.hasOwn(workflow.graphs, type)) {
      return this.#subgraph(workflow, type);
    }
    return known;
  }

  byName(type: string): NodeSchema | undefined {
    return Object.hasOwn(this.schemas, type) ? this.schemas[type] : this.#aliases.get(type);
  }

  #subgraph(workflow: Workflow, name: string): NodeSchema {
    const known = this.#derived.get(name);
    const fresh = known?.parts.every(([part, graph]) => workflow.graphs[part] === graph);
    if (known !== undefined && fresh === true) return known.schema;
    const parts: [string, Graph][] = [];
    const schema = this.#derive(workflow, name, workflow.graphs[name] as Graph, parts);
    this.#derived.set(name, { schema, parts });
    return schema;
  }

  #derive(
    workflow: Workflow,
    name: string,
    graph: Graph,
    parts: [string, Graph][],
    outer: readonly string[] = [],
  ): NodeSchema {
    // A subgraph that contains itself has no ports through that instance.
    if (outer.includes(name)) {
      return { ...REROUTE_SCHEMA, type: name, inputs: dictOf(), outputs: dictOf() };
    }
    parts.push([name, graph]);
    const schemaOf = (type: string) => {
      const inner = type === ROOT ? undefined : workflow.graphs[type];
      return inner === undefined
        ? this.find(workflow, type)
        : this.#derive(workflow, type, inner, parts, [...outer, name]);
    };
    const inputs: Record<string, InputSchema> = dictOf();
    for (const [port, target] of Object.entries(graph.interface.inputs)) {
      const inner = splitTarget(target);
      const node = graph.nodes[inner.node];
      const schema = node && schemaOf(node.type);
      const input = schema && inputOf(schema, inner.port);
      if (input === undefined) continue;
      const given = node?.inputs[inner.port];
      // What a person called it stays its name.
      const { label, ...unnamed } = input;
      const shown = port === inner.port ? input : unnamed;
      inputs[port] = given === undefined ? shown : { ...shown, required: false, default: given };
    }
    const outputs: Record<string, PortSchema> = dictOf();
    for (const [port, target] of Object.entries(graph.interface.outputs)) {
      const inner = splitTarget(target);
      const node = graph.nodes[inner.node];
      const schema = node && schemaOf(node.type);
      const output = schema?.outputs[inner.port];
      if (output === undefined) continue;
      const { label, ...unnamed } = output;
      outputs[port] = port === inner.port ? output : unnamed;
    }
    return {
      ...REROUTE_SCHEMA,
      type: name,
      category: "subgraphs",
      summary: graph.title ?? name,
      description: graph.description ?? "",
      inputs,
      outputs,
    };
  }
}

/** An input by its name or an alias of it. */
export function inputOf(schema: NodeSchema, name: string): InputSchema | undefined {
  if (Object.hasOwn(schema.inputs, name)) return schema.inputs[name];
  return Object.values(schema.inputs).find((input) => input.aliases?.includes(name));
}

/** An input's own name, when it is called by an alias. */
export function inputName(schema: NodeSchema, name: string): string | undefined {
  if (Object.hasOwn(schema.inputs, name)) return name;
  return Object.entries(schema.inputs).find(([, input]) => input.aliases?.includes(name))?.[0];
}
