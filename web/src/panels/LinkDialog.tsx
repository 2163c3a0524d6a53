/** Make links without a pointer: choose a port of the node, then what it is linked to. */

import { useMemo, useState } from "react";
import type { PortSchema } from "../api/nodes";
import { finish, type PortSide, pendingFrom } from "../canvas/connecting";
import { titleOf } from "../canvas/NodeView";
import { inputOf } from "../graph/catalog";
import { disconnect } from "../graph/commands/links";
import { firstFit } from "../graph/connect";
import { asLink, linksOf, splitTarget, targetOf } from "../graph/model";
import { mainType, socketType, typeText } from "../graph/types";
import { activeGraph, edit, rectAt, schemaOfType, scopeNow, useDocs } from "../state/docs";
import { t } from "../state/messages/index";
import { setUi } from "../state/ui";
import { focusCanvas } from "../state/viewport";
import { Choices } from "../widgets/Choices";
import { place, useEntries } from "./Search";

export function LinkDialog({ node: id }: { node: string }) {
  const node = useDocs((docs) => activeGraph(docs).nodes[id]);
  const [end, setEnd] = useState<{ port: string; side: PortSide } | null>(null);
  const close = () => {
    setUi({ dialog: null });
    focusCanvas();
  };
  if (node === undefined) return null;
  const schema = schemaOfType(node.type);
  const title = titleOf(node, schema);
  const nameOf = ({ port, side }: { port: string; side: PortSide }) =>
    (side === "input" ? schema && inputOf(schema, port) : schema?.outputs[port])?.label ?? port;
  return (
    <>
      <button
        type="button"
        className="veil"
        tabIndex={-1}
        aria-label={t("dialog.close")}
        onClick={close}
      />
      <div className="palette centered" role="dialog" aria-label={t("link.title", { name: title })}>
        <h2>{t("link.title", { name: end ? `${title} · ${nameOf(end)}` : title })}</h2>
        {end === null ? (
          <Choices
            label={t("link.search")}
            value=""
            options={portsOf(id)}
            onClose={close}
            onPick={(text) => {
              const [side, port] = text.split(" ") as [string, string];
              setEnd({ port, side: side === "→" ? "output" : "input" });
            }}
          />
        ) : (
          <Partners node={id} port={end.port} side={end.side} onClose={close} />
        )}
      </div>
    </>
  );
}

/** Inputs that want a link, then outputs, then inputs that have one or are values. */
function portsOf(id: string) {
  const node = activeGraph().nodes[id];
  const schema = node && schemaOfType(node.type);
  if (!node || !schema) return [];
  const inputs = Object.entries(schema.inputs).map(([name, input]) => {
    const from = asLink(node.inputs[name]);
    const open = input.socket && from === null && input.required;
    const note = from ? `← ${targetOf(from)}` : typeText(socketType(input));
    return { ...shown("←", name, input), note, rank: open ? 0 : input.socket ? 2 : 3 };
  });
  const outputs = Object.entries(schema.outputs).map(([name, output]) => {
    return { ...shown("→", name, output), note: typeText(socketType(output)), rank: 1 };
  });
  return [...inputs, ...outputs].sort((a, b) => a.rank - b.rank);
}

function shown(arrow: "←" | "→", port: string, { label }: PortSchema) {
  return { value: `${arrow} ${port}`, ...(label && { label: `${arrow} ${label}` }) };
}

interface PartnersProps {
  readonly node: string;
  readonly port: string;
  readonly side: PortSide;
  readonly onClose: () => void;
}

const GONE = "× ";

/** The links that a port has. */
function linksThere(node: string, port: string, side: PortSide) {
  return linksOf(activeGraph()).filter((link) => {
    const own = side === "input" ? link.to : link.from;
    return own.node === node && own.port === port;
  });
}

/** Ports of the graph that fit, and new nodes that have one. */
function Partners({ node, port, side, onClose }: PartnersProps) {
  const entries = useEntries();
  const pending = useMemo(() => pendingFrom({ node, port }, side), [node, port, side]);
  const options = useMemo(() => {
    const graph = activeGraph();
    const there = [...pending.ports].map((target) => {
      const ref = splitTarget(target);
      const schema = schemaOfType(graph.nodes[ref.node]?.type ?? "");
      const declared = side === "output" ? schema?.inputs[ref.port] : schema?.outputs[ref.port];
      const exact = declared && mainType(socketType(declared)).name === mainType(pending.type).name;
      const value = side === "output" && schema?.inputs[ref.port]?.socket === false;
      const partner = graph.nodes[ref.node];
      const title = partner ? titleOf(partner, schema) : ref.node;
      const label = declared?.label && `${ref.node} · ${declared.label}`;
      return {
        value: target,
        ...(label && { label }),
        note: title,
        rank: value ? 3 : exact ? 0 : 2,
      };
    });
    const scope = scopeNow();
    const fresh = entries.flatMap(({ schema }) => {
      const fit = firstFit(scope, schema.type, pending.type, side);
      const label = schema.title && `+ ${schema.title}`;
      const value = `+ ${schema.type}`;
      return fit ? [{ value, ...(label && { label }), note: t("link.new"), rank: 1 }] : [];
    });
    // Last: nobody deletes by pressing Enter too early.
    const gone = linksThere(node, port, side).map((link) => {
      const other = side === "input" ? link.from : link.to;
      return { value: `${GONE}${targetOf(other)}`, note: t("link.delete"), rank: 4 };
    });
    return [...there, ...fresh, ...gone].sort((a, b) => a.rank - b.rank);
  }, [pending, entries, node, port, side]);
  return (
    <Choices
      label={t("link.search")}
      value=""
      options={options}
      empty={t("link.none")}
      onClose={onClose}
      onPick={(text) => {
        if (text.startsWith(GONE)) {
          const other = text.slice(GONE.length);
          const link = linksThere(node, port, side).find(
            ({ from, to }) => targetOf(side === "input" ? from : to) === other,
          );
          if (link) edit("link.delete", (draft, at) => disconnect(draft, at, link));
        } else if (text.startsWith("+ ")) {
          const schema = schemaOfType(text.slice(2));
          const rect = rectAt(node);
          if (schema && rect) {
            const x = side === "output" ? rect.x + rect.width + 72 : rect.x - 72;
            const screen = { x: 0, y: 0 };
            place(schema, { screen, flow: { x, y: rect.y + 48 }, pending, byKey: true });
          }
        } else {
          finish(pending, splitTarget(text));
        }
        onClose();
      }}
    />
  );
}
