/** Making a link: hold one end, only what fits lights up, let go over a port, a node or nothing. */

import { activeGraph, edit, schemaOfType, scopeNow } from "../app/docs";
import { t } from "../app/messages";
import { type Pending, say, setUi, useUi } from "../app/ui";
import { connect, disconnect } from "../graph/commands/links";
import { firstFit, inputType, outputType, partners } from "../graph/connect";
import { asLink, type Link, linksInto, type PortRef } from "../graph/model";
import { typeText } from "../graph/types";
import { toFlow } from "./viewport";

export type Side = "input" | "output";

const CLICK = 5;

/** The pointer while a link is made, in canvas units; read by the painter. */
export const pointer = { x: 0, y: 0 };

let repaint = () => {};

export function onPointer(callback: () => void): void {
  repaint = callback;
}

export function pendingFrom(end: PortRef, side: Side): Pending {
  const scope = scopeNow();
  const ports = partners(scope, end, side);
  const type = side === "output" ? outputType(scope, end) : inputType(scope, end);
  const nodes = new Set([...ports].map((port) => port.slice(0, port.lastIndexOf("."))));
  nodes.add(end.node);
  return { end, side, type, ports, nodes };
}

/** Link the held end with a port. */
export function finish(pending: Pending, port: PortRef, picked: Link | null = null): void {
  const [from, to] = pending.side === "output" ? [pending.end, port] : [port, pending.end];
  edit("link.new", (draft, at, scope) => {
    const moved = picked !== null && (picked.to.node !== to.node || picked.to.port !== to.port);
    if (moved) disconnect(draft, at, picked);
    connect(draft, scope, from, to);
  });
}

/** Begin at a socket, by a press of the pointer. */
export function beginLink(event: React.PointerEvent, end: PortRef, side: Side): void {
  if (event.button !== 0) return;
  event.preventDefault();
  event.stopPropagation();
  const held = useUi.getState().pending;
  if (held !== null) {
    // The second click of a link made by two clicks.
    release(held, null, event.nativeEvent, null);
    return;
  }
  const picked = side === "input" ? lastLink(end) : null;
  const pending = picked ? pendingFrom(picked.from, "output") : pendingFrom(end, side);
  hold(pending, picked, event.nativeEvent);
}

function lastLink(end: PortRef): Link | null {
  const node = activeGraph().nodes[end.node];
  const links = node ? linksInto(end.node, node).filter((link) => link.to.port === end.port) : [];
  return links[links.length - 1] ?? null;
}

function hold(pending: Pending, picked: Link | null, start: PointerEvent): void {
  Object.assign(pointer, toFlow({ x: start.clientX, y: start.clientY }));
  setUi({ pending });
  const controller = new AbortController();
  const { signal } = controller;
  const end = () => {
    controller.abort();
    setUi({ pending: null });
  };
  const move = (event: PointerEvent) => {
    Object.assign(pointer, toFlow({ x: event.clientX, y: event.clientY }));
    repaint();
  };
  const up = (event: PointerEvent) => {
    const moved = Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY);
    if (moved < CLICK && event.pointerId === start.pointerId) {
      if (clicks++ === 0) return; // held on: the next click ends it
    }
    end();
    release(pending, picked, event, start);
  };
  let clicks = 0;
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

function release(
  pending: Pending,
  picked: Link | null,
  event: PointerEvent,
  start: PointerEvent | null,
): void {
  setUi({ pending: null });
  const screen = { x: event.clientX, y: event.clientY };
  const under = document.elementFromPoint(screen.x, screen.y);
  const socket = under?.closest<HTMLElement>("[data-port]");
  const node = under?.closest<HTMLElement>("[data-node-id]")?.dataset["nodeId"];
  if (socket) {
    const { node: id = "", port = "", side } = socket.dataset;
    const fits = pending.ports.has(`${id}.${port}`) && side !== pending.side;
    if (fits) finish(pending, { node: id, port }, picked);
    else if (start !== null && under !== start.target) explainRefusal(pending, { node: id, port });
    return;
  }
  if (node !== undefined) {
    const port = portOn(pending, node);
    if (port !== null) finish(pending, { node, port }, picked);
    return;
  }
  if (!under?.closest(".canvas")) return;
  if (picked !== null) {
    edit("link.delete", (draft, at) => disconnect(draft, at, picked));
    return;
  }
  setUi({ palette: { screen, flow: toFlow(screen), pending } });
}

/** The port of a node that a link dropped on its body is meant for: a free one if there is. */
function portOn(pending: Pending, id: string): string | null {
  const node = activeGraph().nodes[id];
  if (node === undefined) return null;
  const fitting = [...pending.ports]
    .filter((port) => port.slice(0, port.lastIndexOf(".")) === id)
    .map((port) => port.slice(port.lastIndexOf(".") + 1));
  const exact = firstFit(scopeNow(), node.type, pending.type, pending.side);
  const ordered = exact !== null && fitting.includes(exact) ? [exact, ...fitting] : fitting;
  const sockets = schemaOfType(node.type)?.inputs;
  const named = ordered.filter((port) => pending.side === "input" || sockets?.[port]?.socket);
  const free = named.find((port) => asLink(node.inputs[port]) === null);
  return free ?? named[0] ?? null;
}

function explainRefusal(pending: Pending, port: PortRef): void {
  const scope = scopeNow();
  const [from, to] =
    pending.side === "output"
      ? [pending.type, inputType(scope, port)]
      : [outputType(scope, port), pending.type];
  say(t("link.type", { source: typeText(from), target: typeText(to) }), "bad");
}
