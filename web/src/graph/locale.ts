/** Node types in another language: the schema stays, what is shown of it changes. */

import { dictOf } from "../api/dict";
import type {
  InputSchema,
  Locale,
  NodeSchema,
  NodeSchemas,
  NodeTexts,
  PortSchema,
  PortTexts,
} from "../api/nodes";

/** The node types with the texts of a language; what has none stays English. */
export function inLanguage(schemas: NodeSchemas, locale: Locale): NodeSchemas {
  return mapped(schemas, (schema, type) => {
    const texts = own(locale, type);
    return texts === undefined ? schema : translated(schema, texts);
  });
}

function translated(schema: NodeSchema, texts: NodeTexts): NodeSchema {
  const { title, category, summary, description, inputs, outputs } = texts;
  return {
    ...schema,
    ...(title && { title }),
    ...(category && { categoryTitle: category }),
    ...(summary && { summary, original: schema.summary }),
    ...(description && { description }),
    inputs: mapped(schema.inputs, (input, name): InputSchema => {
      const said = own(inputs, name);
      const text = said?.description;
      return { ...port(input, said), ...(text && { description: text }) };
    }),
    outputs: mapped(schema.outputs, (output, name) => port(output, own(outputs, name))),
  };
}

function port<T extends PortSchema>(schema: T, texts: PortTexts | undefined): T {
  const { label, choices } = texts ?? {};
  return { ...schema, ...(label && { label }), ...(choices && { labels: choices }) };
}

function own<T>(from: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return from && Object.hasOwn(from, key) ? from[key] : undefined;
}

function mapped<T>(from: Readonly<Record<string, T>>, change: (value: T, key: string) => T) {
  return dictOf(Object.entries(from).map(([key, one]) => [key, change(one, key)]));
}
