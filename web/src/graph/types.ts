/** Socket types, read from the schema's text and compared as engine/declaration/sockets.py compares them. */

import type { Value } from "../api/json";
import { isExact, isNumeric, sameValue } from "../api/json";
import type { PortSchema } from "../api/nodes";

export interface SocketType {
  readonly name: string;
  readonly args: readonly SocketType[];
  readonly choices: readonly Value[];
}

const read = new WeakMap<PortSchema, SocketType>();

/** The type of a port; a type variable is `VAR` with its name as the only choice. */
export function socketType(port: PortSchema): SocketType {
  let type = read.get(port);
  if (type === undefined) {
    type = parseType(port.type, port.choices ?? []);
    read.set(port, type);
  }
  return type;
}

/** Read `IMAGE`, `VAE | NONE`, `LIST[IMAGE]`. */
export function parseType(text: string, choices: readonly Value[] = []): SocketType {
  if (choices.length === 1 && choices[0] === text) return { name: "VAR", args: [], choices };
  const members = splitUnion(text);
  if (members.length > 1) {
    return { name: "UNION", args: members.map((m) => parseType(m, choices)), choices: [] };
  }
  const item = /^LIST\[(.*)\]$/.exec(text)?.[1];
  if (item !== undefined) return { name: "LIST", args: [parseType(item, choices)], choices: [] };
  return { name: text, args: [], choices: text === "COMBO" ? choices : [] };
}

function splitUnion(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "[") depth++;
    else if (text[i] === "]") depth--;
    else if (depth === 0 && text.startsWith(" | ", i)) {
      parts.push(text.slice(from, i));
      from = i + 3;
    }
  }
  return [...parts, text.slice(from)];
}

/** Whether every value of `source` may flow into `target`. */
export function accepts(target: SocketType, source: SocketType): boolean {
  if (target.name === "ANY" || source.name === "ANY") return true;
  if (target.name === "VAR" || source.name === "VAR") return true;
  if (source.name === "UNION") return source.args.every((member) => accepts(target, member));
  if (target.name === "UNION") return target.args.some((member) => accepts(member, source));
  if (target.name === "LIST" && source.name === "LIST") {
    return accepts(item(target), item(source));
  }
  if (source.name === "COMBO") {
    if (target.name === "COMBO") {
      return source.choices.every((c) => target.choices.some((t) => sameValue(t, c)));
    }
    return source.choices.every((choice) => holds(target, choice));
  }
  if (target.name === source.name) return true;
  return (
    (target.name === "FLOAT" && source.name === "INT") ||
    (target.name === "COMBO" && source.name === "STRING")
  );
}

/** Whether an input that collects takes one link of this type as one more item. */
export function collects(target: SocketType, source: SocketType): boolean {
  if (target.name === "UNION") return target.args.some((member) => collects(member, source));
  return target.name === "LIST" && accepts(item(target), source);
}

/** Whether a plain value is of a type; exact: 7.0 is no INT. */
export function holds(type: SocketType, value: Value): boolean {
  switch (type.name) {
    case "ANY":
    case "VAR":
      return true;
    case "UNION":
      return type.args.some((member) => holds(member, value));
    case "LIST":
      return Array.isArray(value) && value.every((v) => holds(item(type), v));
    case "COMBO":
      return type.choices.some((choice) => sameValue(choice, value));
    case "NONE":
      return value === null;
    case "BOOLEAN":
      return typeof value === "boolean";
    case "STRING":
      return typeof value === "string";
    case "FLOAT":
      return isNumeric(value);
    case "INT":
      return isExact(value) ? /^-?\d+$/.test(value.value) : Number.isInteger(value);
    default:
      return false;
  }
}

/** The member that gives a socket its colour and shape: NONE is left out. */
export function mainType(type: SocketType): SocketType {
  if (type.name === "UNION") {
    const members = type.args.filter((member) => member.name !== "NONE");
    return members.length > 0 ? mainType(members[0] as SocketType) : type;
  }
  return type.name === "LIST" ? mainType(item(type)) : type;
}

export function isList(type: SocketType): boolean {
  return type.name === "LIST" || (type.name === "UNION" && type.args.some(isList));
}

export function typeText(type: SocketType): string {
  if (type.name === "UNION") {
    return type.args
      .filter((member) => member.name !== "NONE")
      .map(typeText)
      .join(" | ");
  }
  if (type.name === "LIST") return `LIST[${typeText(item(type))}]`;
  return type.name === "VAR" ? "ANY" : type.name;
}

function item(type: SocketType): SocketType {
  return type.args[0] ?? { name: "ANY", args: [], choices: [] };
}
