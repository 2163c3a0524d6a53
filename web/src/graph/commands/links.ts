/** Commands on links. */

import type { Value } from "../../api/json";
import { REROUTE } from "../catalog";
import { passes } from "../compile";
import type { Scope } from "../connect";
import { firstFit, inputType, isAllowed, judge } from "../connect";
import type { Draft } from "../edits";
import { ABSENT } from "../edits";
import type { Link, PortRef } from "../model";
import { asLink, graphAt, linksOf, linkValue } from "../model";
import type { Point } from "../rect";
import { addNode } from "./nodes";

/** Link an output to an input; what was linked there before makes room. */
export function connect(draft: Draft, scope: Scope, from: PortRef, to: PortRef): boolean {
  const verdict = judge({ ...scope, workflow: draft.now }, from, to);
  if (!isAllowed(verdict)) return false;
  const path = ["graphs", scope.at, "nodes", to.node, "inputs", to.port];
  if (verdict === "collect") {
    const present = draft.get(path);
    const items = Array.isArray(present) ? present : present === ABSENT ? [] : [present as Value];
    const links = items.filter((item) => asLink(item) !== null);
    const same = (item: Value) =>
      asLink(item)?.node === from.node && asLink(item)?.port === from.port;
    if (!links.some(same)) draft.set(path, [...links, linkValue(from)]);
  } else {
    const present = draft.get(path);
    const known = present === ABSENT ? null : asLink(present as Value);
    if (known?.node !== from.node || known.port !== from.port) draft.set(path, linkValue(from));
  }
  return true;
}

/** Take a link away; the input has its default again. */
export function disconnect(draft: Draft, at: string, link: Link): void {
  const path = ["graphs", at, "nodes", link.to.node, "inputs", link.to.port];
  const value = draft.get(path);
  if (Array.isArray(value) && link.index !== null) {
    const rest = value.filter((_, i) => i !== link.index);
    draft.set(path, rest.length > 0 ? rest : undefined);
  } else {
    draft.remove(path);
  }
}

/** Put a reroute into a link. */
export function addReroute(draft: Draft, at: string, link: Link, point: Point): string {
  const id = addNode(draft, at, REROUTE, point);
  draft.set(["graphs", at, "nodes", id, "inputs"], { in: linkValue(link.from) });
  replaceSource(draft, at, link, { node: id, port: "out" });
  return id;
}

/** Remove a reroute, linking its readers to what it reads. */
export function dissolve(draft: Draft, at: string, id: string): void {
  const graph = graphAt(draft.now, at);
  const from = asLink(graph.nodes[id]?.inputs["in"]);
  if (from === null) return;
  for (const link of linksOf(graph)) {
    if (link.from.node === id) replaceSource(draft, at, link, from);
  }
}

/** Link a node's readers to what it would give them if it were bypassed. */
export function spliceOut(draft: Draft, scope: Scope, id: string): void {
  for (const link of linksOf(graphAt(draft.now, scope.at))) {
    if (link.from.node !== id) continue;
    const from = passes({ ...scope, workflow: draft.now }, link.from);
    if (from !== null) replaceSource(draft, scope.at, link, from);
  }
}

/** Let a link come from a node that reads what it came from; true if that node has such an output. */
export function insertInto(draft: Draft, scope: Scope, link: Link, id: string): boolean {
  const here = { ...scope, workflow: draft.now };
  const type = graphAt(draft.now, scope.at).nodes[id]?.type ?? "";
  const port = firstFit(here, type, inputType(here, link.to), "input");
  if (port === null) return false;
  replaceSource(draft, scope.at, link, { node: id, port });
  return true;
}

/** Let a link come from another output. */
export function replaceSource(draft: Draft, at: string, link: Link, from: PortRef): void {
  const path = ["graphs", at, "nodes", link.to.node, "inputs", link.to.port];
  const value = draft.get(path);
  if (Array.isArray(value)) {
    draft.set(
      path,
      value.map((item, i) => (i === link.index ? linkValue(from) : item)),
    );
  } else {
    draft.set(path, linkValue(from));
  }
}
