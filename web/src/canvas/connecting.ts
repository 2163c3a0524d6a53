/** Making a link: hold one end, only what fits lights up, let go over a port, a node or nothing. */

import { inputOf } from "../graph/catalog";
import { connect, disconnect, replaceSource } from "../graph/commands/links";
import { firstFit, inputType, judge, outputType, partners, type Scope } from "../graph/connect";
import type { Draft } from "../graph/edits";
import {
  asLink,
  type Link,
  linksInto,
  linksOf,
  type PortRef,
  splitTarget,
  targetOf,
} from "../graph/model";
import { portName } from "../graph/names";
import { typeText } from "../graph/types";
import { activeGraph, edit, schemaOfType, scopeNow } from "../state/docs";
import { t } from "../state/messages/index";
import { type Pending, say, setUi, useUi } from "../state/ui";
import { panBy, toFlow, viewEdge } from "../state/viewport";

export type PortSide = "input" | "output";

const CLICK = 5;
/** So near to a socket that fits, in pixels, a link snaps to it. */
const MAGNET = 26;

/** The pointer while a link is made, in canvas units; read by what draws it. */
export const pointer = { x: 0, y: 0 };

let repaint = () => {};

export function onPointer(callback: () => void): void {
  repaint = callback;
}

export function pendingFrom(end: PortRef, side: PortSide, carried: readonly Link[] = []): Pending {
  const scope = scopeNow();
  const ports = partners(scope, end, side);
  const type = side === "output" ? outputType(scope, end) : inputType(scope, end);
  return { end, side, type, ports, nodes: nodesOf(ports, [end]), carried, aim: null };
}

/** All links of an output at once; they look for another output that every one of them takes. */
function pendingOfAll(links: readonly [Link, ...Link[]]): Pending {
  const scope = scopeNow();
  const [first] = links;
  const each = links.map(({ to }) => partners(scope, to, "input"));
  const ports = new Set([...(each[0] ?? [])].filter((port) => each.every((one) => one.has(port))));
  const ends = links.map(({ to }) => to);
  return {
    end: first.to,
    side: "input",
    type: inputType(scope, first.to),
    ports,
    nodes: nodesOf(ports, ends),
    carried: links,
    aim: null,
  };
}

function nodesOf(ports: Iterable<string>, ends: readonly PortRef[]): Set<string> {
  const nodes = new Set([...ports].map((port) => splitTarget(port).node));
  for (const { node } of ends) nodes.add(node);
  return nodes;
}

/** Link what is held with a port, as a part of a change. */
export function linkUp(
  draft: Draft,
  at: string,
  scope: Scope,
  pending: Pending,
  port: PortRef,
): void {
  const { end, side, carried } = pending;
  if (side === "input") {
    if (carried.length === 0) connect(draft, scope, port, end);
    for (const link of carried) replaceSource(draft, at, link, port);
    return;
  }
  for (const link of carried) {
    if (link.to.node !== port.node || link.to.port !== port.port) disconnect(draft, at, link);
  }
  connect(draft, scope, end, port);
}

/** Link the held end with a port. */
export function finish(pending: Pending, port: PortRef): void {
  edit("link.new", (draft, at, scope) => linkUp(draft, at, scope, pending, port));
}

/** Begin at a socket, by a press of the pointer. */
export function beginLink(event: React.PointerEvent, end: PortRef, side: PortSide): void {
  if (event.button !== 0) return;
  event.preventDefault();
  event.stopPropagation();
  const held = useUi.getState().pending;
  if (held !== null) {
    // The second click of a link made by two clicks.
    release(held, event.nativeEvent, null);
    return;
  }
  hold(beginning(end, side, event.shiftKey), event.nativeEvent);
}

/** What a press takes up: a new link, or those that are there. Shift takes the other choice. */
function beginning(end: PortRef, side: PortSide, shift: boolean): Pending {
  if (side === "output") {
    const links = linksOf(activeGraph()).filter(
      ({ from }) => from.node === end.node && from.port === end.port,
    );
    const [first, ...rest] = links;
    return shift && first ? pendingOfAll([first, ...rest]) : pendingFrom(end, side);
  }
  const there = lastLink(end);
  if (there === null) return pendingFrom(end, side);
  return pendingFrom(there.from, "output", shift ? [] : [there]);
}

function lastLink(end: PortRef): Link | null {
  const node = activeGraph().nodes[end.node];
  const links = node ? linksInto(end.node, node).filter((link) => link.to.port === end.port) : [];
  return links[links.length - 1] ?? null;
}

function hold(pending: Pending, start: PointerEvent): void {
  let screen = { x: start.clientX, y: start.clientY };
  let frame = 0;
  let clicks = 0;
  Object.assign(pointer, toFlow(screen));
  setUi({ pending });
  const controller = new AbortController();
  const { signal } = controller;
  const end = () => {
    controller.abort();
    cancelAnimationFrame(frame);
    setUi({ pending: null });
  };
  const follow = () => {
    Object.assign(pointer, toFlow(screen));
    aimAt(pending, screen);
    repaint();
  };
  /** Near an edge the view moves on, for as long as the pointer stays there. */
  const pan = () => {
    const edge = viewEdge(screen);
    frame = edge === null ? 0 : requestAnimationFrame(pan);
    if (edge === null) return;
    panBy(edge);
    follow();
  };
  const move = (event: PointerEvent) => {
    screen = { x: event.clientX, y: event.clientY };
    follow();
    if (frame === 0 && viewEdge(screen) !== null) frame = requestAnimationFrame(pan);
  };
  const up = (event: PointerEvent) => {
    const moved = Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY);
    if (moved < CLICK && event.pointerId === start.pointerId) {
      if (clicks++ === 0) return; // held on: the next click ends it
    }
    end();
    release(pending, event, start);
  };
  window.addEventListener("pointermove", move, { signal });
  window.addEventListener("pointerup", up, { signal });
  window.addEventListener("pointercancel", end, { signal });
  window.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      end();
    },
    { signal, capture: true },
  );
}

interface Under {
  /** Where it would be linked. */
  readonly port: PortRef | null;
  readonly socket: (PortRef & { readonly side: PortSide }) | null;
  readonly node: string | null;
  /** The row of that node, by its port. */
  readonly row: string | null;
  readonly element: Element | null;
}

/** What lies under the pointer, and the port that is meant by it. */
function under(pending: Pending, screen: { x: number; y: number }): Under {
  const element = document.elementFromPoint(screen.x, screen.y);
  const node =
    element?.closest<HTMLElement>("[data-node-id]")?.dataset["nodeId"] ??
    element?.closest<HTMLElement>(".socket")?.dataset["node"] ??
    null;
  const found = element?.closest<HTMLElement>(".socket[data-port]") ?? null;
  if (found !== null) {
    const socket = portOf(found);
    const isFit = socket.side !== pending.side && fits(pending, socket.node, socket.port);
    return { port: isFit ? socket : null, socket, node, row: null, element };
  }
  if (node !== null) {
    const row = rowOf(element, pending);
    const name = row !== null && fits(pending, node, row) ? row : portOn(pending, node);
    return { port: name === null ? null : { node, port: name }, socket: null, node, row, element };
  }
  const near = element?.closest(".canvas") ? nearSocket(screen) : null;
  return { port: near, socket: null, node: null, row: null, element };
}

function fits(pending: Pending, node: string, port: string): boolean {
  return pending.ports.has(targetOf({ node, port }));
}

/** The port of the row under the pointer, on the side that is looked for. */
function rowOf(element: Element | null, pending: Pending): string | null {
  const row = element?.closest<HTMLElement>(".row")?.dataset;
  return row?.[pending.side === "output" ? "input" : "output"] ?? null;
}

function portOf({ dataset }: HTMLElement): PortRef & { side: PortSide } {
  const { node = "", port = "", side } = dataset;
  return { node, port, side: side === "output" ? "output" : "input" };
}

function nearSocket({ x, y }: { x: number; y: number }): PortRef | null {
  let best: PortRef | null = null;
  let least = MAGNET;
  for (const element of document.querySelectorAll<HTMLElement>(".canvas .socket.lit")) {
    const rect = element.getBoundingClientRect();
    const away = Math.hypot(rect.x + rect.width / 2 - x, rect.y + rect.height / 2 - y);
    if (away >= least) continue;
    least = away;
    best = portOf(element);
  }
  return best;
}

/** Show which port would be linked. */
function aimAt(pending: Pending, screen: { x: number; y: number }): void {
  const { port } = under(pending, screen);
  const aim = port && { node: port.node, port: port.port };
  const known = useUi.getState().pending?.aim ?? null;
  if (known?.node === aim?.node && known?.port === aim?.port) return;
  setUi({ pending: { ...pending, aim } });
}

function release(pending: Pending, event: PointerEvent, start: PointerEvent | null): void {
  setUi({ pending: null });
  const screen = { x: event.clientX, y: event.clientY };
  const { port, socket, node, row, element } = under(pending, screen);
  if (port !== null) {
    finish(pending, { node: port.node, port: port.port });
    return;
  }
  if (socket !== null) {
    if (start === null || element?.closest(".socket") !== socketOf(start)) {
      say(refusal(pending, socket), "bad");
    }
    return;
  }
  if (node !== null) {
    const own = pending.end.node === node || pending.carried.some((link) => link.to.node === node);
    if (!own) say(refusedBy(pending, node, row), "bad");
    return;
  }
  if (!element?.closest(".canvas")) return;
  const [picked] = pending.carried;
  if (picked !== undefined && pending.side === "output") {
    edit("link.delete", (draft, at) => disconnect(draft, at, picked));
    return;
  }
  setUi({ palette: { screen, flow: toFlow(screen), pending } });
}

function socketOf(event: PointerEvent): Element | null {
  return event.target instanceof Element ? event.target.closest(".socket") : null;
}

/**
 * The port of a node that a link dropped on its body is meant for: a free one if there is. Of its
 * values one is meant only where nothing else can be; which of several is for its row to say.
 */
function portOn(pending: Pending, id: string): string | null {
  const node = activeGraph().nodes[id];
  if (node === undefined) return null;
  const fitting = portsOn(pending, id);
  const exact = firstFit(scopeNow(), node.type, pending.type, pending.side);
  const ordered = exact !== null && fitting.includes(exact) ? [exact, ...fitting] : fitting;
  const schema = schemaOfType(node.type);
  const isSocket = (port: string) => schema && inputOf(schema, port)?.socket === true;
  const named = pending.side === "input" ? ordered : ordered.filter(isSocket);
  const isFree = (port: string) =>
    asLink(node.inputs[port]) === null ||
    pending.carried.some(({ to }) => to.node === id && to.port === port);
  const [only, ...others] = fitting;
  return named.find(isFree) ?? named[0] ?? (others.length === 0 ? (only ?? null) : null);
}

function portsOn(pending: Pending, id: string): string[] {
  return [...pending.ports]
    .map(splitTarget)
    .filter(({ node }) => node === id)
    .map(({ port }) => port);
}

/** Why a link was not made where it was let go on a node. */
function refusedBy(pending: Pending, id: string, row: string | null): string {
  const node = activeGraph().nodes[id];
  const schema = node && schemaOfType(node.type);
  const names = portsOn(pending, id).map((port) => portName(port, schema && inputOf(schema, port)));
  if (names.length > 0) return t("link.which", { rows: names.join(", ") });
  const ports = Object.keys((pending.side === "output" ? schema?.inputs : schema?.outputs) ?? {});
  const port = { node: id, port: row ?? ports[0] ?? "" };
  const [from, to] = pending.side === "output" ? [pending.end, port] : [port, pending.end];
  if (judge(scopeNow(), from, to) === "cycle") return t("link.cycle");
  return t("link.noPort", { type: typeText(pending.type) });
}

function refusal(pending: Pending, port: PortRef & { side: PortSide }): string {
  if (port.side === pending.side) return t(`link.only.${port.side}`);
  const scope = scopeNow();
  const [from, to] = pending.side === "output" ? [pending.end, port] : [port, pending.end];
  if (judge(scope, from, to) === "cycle") return t("link.cycle");
  const [source, target] = [outputType(scope, from), inputType(scope, to)];
  return t("link.type", { source: typeText(source), target: typeText(target) });
}
