/** A node near enough to be worked with. */

import "./NodeView.css";
import type { NodeProps } from "@xyflow/react";
import { ChevronDown, Pin, TriangleAlert } from "lucide-react";
import { lazy, memo, Suspense } from "react";
import type { NodeSchema } from "../api/nodes";
import { inputOf } from "../graph/catalog";
import { resizeItem, setTitle, toggle } from "../graph/commands/nodes";
import { MIN_WIDTH, type Row } from "../graph/geometry";
import { type GraphNode, isLinked, loopTimes, mappedInputs } from "../graph/model";
import { portName, typeName } from "../graph/names";
import { socketType } from "../graph/types";
import { activeGraph, activeTab, boxAt, edit, enterSubgraph, useDocs } from "../state/docs";
import { t } from "../state/messages/index";
import { setUi, useUi } from "../state/ui";
import { focusCanvas } from "../state/viewport";
import { Widget } from "../widgets/Widget";
import { NodeChanges, useNodeDiff } from "./NodeChanges";
import { NodePicture } from "./NodePicture";
import { NodeProblems, NodeStatus, useNodeRun } from "./NodeStatus";
import { Resizer } from "./Resizer";
import { Socket } from "./Socket";
import { colorOf, nodeColor } from "./sockets";
import { UnknownNode } from "./UnknownNode";

const Region = lazy(() => import("../widgets/Region"));

export const NodeView = memo(function NodeView({ id, selected }: NodeProps) {
  const node = useDocs((docs) => activeGraph(docs).nodes[id]);
  const place = useDocs((docs) => activeGraph(docs).places[id]);
  const schema = useDocs((docs) => {
    const type = activeGraph(docs).nodes[id]?.type;
    return type === undefined ? undefined : docs.catalog.find(activeTab(docs).workflow, type);
  });
  const run = useNodeRun(id);
  const diff = useNodeDiff(id);
  const dimmed = useUi((ui) => ui.pending !== null && !ui.pending.nodes.has(id));
  if (node === undefined) return null;
  const box = boxAt(id);
  if (box === null) return null;
  const classes = [
    "node",
    selected && "selected",
    dimmed && "dimmed",
    place?.mode,
    !schema && "unknown",
  ];
  const tint = nodeColor(place?.color);
  return (
    <article
      className={classes.filter(Boolean).join(" ")}
      style={{
        width: box.width,
        height: box.height,
        ...(tint && {
          ["--head" as string]: tint,
          ["--tint" as string]: nodeColor(place?.color, 0.35),
        }),
      }}
      data-node-id={id}
      data-state={run.state}
      data-diff={diff?.mark}
      data-problem={run.problems > 0 || undefined}
      aria-label={titleOf(node, schema)}
    >
      <Header
        id={id}
        node={node}
        schema={schema}
        collapsed={place?.collapsed === true}
        pinned={place?.pinned === true}
      />
      {place?.collapsed === true ? (
        <CollapsedSockets id={id} node={node} schema={schema} />
      ) : (
        <div className="rows">
          {box.rows.map((row) => (
            <NodeRow
              key={rowKey(row)}
              id={id}
              node={node}
              schema={schema}
              row={row}
              bad={
                row.kind !== "region" &&
                row.input !== undefined &&
                run.badPorts.split(" ").includes(row.input)
              }
            />
          ))}
          {schema === undefined && <UnknownNode id={id} node={node} />}
        </div>
      )}
      {box.picture > 0 && <NodePicture id={id} height={box.picture} />}
      <NodeProblems id={id} />
      <NodeChanges id={id} />
      {selected && place?.collapsed !== true && (
        <Resizer
          width={box.width}
          height={box.height}
          min={MIN_WIDTH}
          onResize={(size) =>
            edit("node.resize", (draft, at) => resizeItem(draft, at, id, size), `resize ${id}`)
          }
        />
      )}
    </article>
  );
});

export function titleOf(node: GraphNode, schema: NodeSchema | undefined): string {
  return node.title || typeName(node.type, schema);
}

interface Part {
  readonly id: string;
  readonly node: GraphNode;
  readonly schema: NodeSchema | undefined;
}

function Header({
  id,
  node,
  schema,
  collapsed,
  pinned,
}: Part & { collapsed: boolean; pinned: boolean }) {
  const renaming = useUi((ui) => ui.renaming === id);
  const setRenaming = (on: boolean) => setUi({ renaming: on ? id : null });
  const first = schema && Object.values(schema.outputs)[0];
  const color = first ? colorOf(socketType(first)) : "var(--faint)";
  const title = titleOf(node, schema);
  return (
    <header
      title={schema?.summary}
      onDoubleClick={(event) => {
        event.stopPropagation();
        if (!enterSubgraph(id)) setRenaming(true);
      }}
    >
      <button
        type="button"
        tabIndex={-1}
        className={`fold nodrag ${collapsed ? "closed" : ""}`}
        aria-label={t(collapsed ? "node.expand" : "node.collapse")}
        aria-expanded={!collapsed}
        style={{ color }}
        onClick={() => edit("node.collapse", (draft, at) => toggle(draft, at, [id], "collapsed"))}
      >
        <ChevronDown size={13} strokeWidth={2.5} />
      </button>
      {renaming ? (
        <input
          className="rename nodrag"
          defaultValue={title}
          aria-label={t("node.rename")}
          // biome-ignore lint/a11y/noAutofocus: the person has just asked to rename
          autoFocus
          onFocus={(event) => event.target.select()}
          onKeyDown={(event) => {
            event.stopPropagation();
            if (event.key === "Escape") event.currentTarget.value = title;
            if (event.key === "Enter" || event.key === "Escape") {
              event.currentTarget.blur();
              focusCanvas();
            }
          }}
          onBlur={(event) => {
            const text = event.target.value.trim();
            setRenaming(false);
            if (text === title) return;
            edit("node.rename", (draft, at) => setTitle(draft, at, id, text));
          }}
        />
      ) : (
        // The graph is the page: what it holds comes right below it.
        <h3 aria-level={2}>{title}</h3>
      )}
      <Repeats node={node} />
      {pinned && <Pin className="mark" size={12} aria-label={t("node.pin")} />}
      {schema === undefined && <TriangleAlert className="mark bad" size={13} />}
      <NodeStatus id={id} />
    </header>
  );
}

/** A subgraph that is made for each item of a list, or several times in a row. */
function Repeats({ node }: { node: GraphNode }) {
  const over = mappedInputs(node);
  const times = loopTimes(node);
  if (over.length > 0) {
    return <span className="mark number">{t("node.each", { what: over.join(", ") })}</span>;
  }
  return times > 1 ? <span className="mark number">×{times}</span> : null;
}

/** A mapped value is a list or a text that says one. */
const MAPPED = { type: "STRING", socket: false, required: true } as const;

function NodeRow({ id, node, schema, row, bad }: Part & { row: Row; bad: boolean }) {
  if (row.kind === "region") {
    return (
      <div className="row region-row" style={{ height: row.height }}>
        {schema && (
          <Suspense fallback={null}>
            <Region id={id} schema={schema} />
          </Suspense>
        )}
      </div>
    );
  }
  if (row.kind === "widget") {
    const declared = schema && inputOf(schema, row.input);
    if (declared === undefined) return null;
    const mapped = mappedInputs(node).includes(row.input);
    const input = mapped ? { ...MAPPED, description: declared.description } : declared;
    const linked = isLinked(node.inputs[row.input]);
    return (
      <div
        className={`row widget-row ${bad ? "bad" : ""}`}
        style={{ height: row.height }}
        data-input={row.input}
      >
        <Socket
          node={id}
          port={row.input}
          side="input"
          schema={input}
          linked={linked}
          quiet
          optional
        />
        <Widget node={id} port={row.input} schema={input} given={node.inputs[row.input]} />
      </div>
    );
  }
  const input =
    row.input === undefined ? undefined : ((schema && inputOf(schema, row.input)) ?? ANY);
  const output = row.output === undefined ? undefined : schema?.outputs[row.output];
  return (
    <div
      className={`row port-row ${bad ? "bad" : ""}`}
      data-input={row.input}
      data-output={row.output}
    >
      {input !== undefined && row.input !== undefined && (
        <>
          <Socket
            node={id}
            port={row.input}
            side="input"
            schema={input}
            linked={isLinked(node.inputs[row.input])}
            optional={"required" in input && !input.required}
          />
          <span className="port-name" data-port={row.input} data-side="input">
            {portName(row.input, input)}
          </span>
        </>
      )}
      {output !== undefined && row.output !== undefined && (
        <>
          <span className="port-name out" data-port={row.output} data-side="output">
            {portName(row.output, output)}
          </span>
          <OutputSocket id={id} port={row.output} schema={output} />
        </>
      )}
    </div>
  );
}

const ANY = { type: "ANY" };

function OutputSocket({
  id,
  port,
  schema,
}: {
  id: string;
  port: string;
  schema: { type: string };
}) {
  return <Socket node={id} port={port} side="output" schema={schema} linked />;
}

/** All sockets of a folded node lie on one point at each side. */
function CollapsedSockets({ id, node, schema }: Part) {
  if (schema === undefined) return null;
  const linked = Object.entries(schema.inputs).filter(
    ([name, input]) => input.socket || isLinked(node.inputs[name]),
  );
  return (
    <div className="folded">
      {linked.slice(0, 1).map(([name, input]) => (
        <Socket
          key={name}
          node={id}
          port={name}
          side="input"
          schema={input}
          linked={isLinked(node.inputs[name])}
        />
      ))}
      {Object.entries(schema.outputs)
        .slice(0, 1)
        .map(([name, output]) => (
          <OutputSocket key={name} id={id} port={name} schema={output} />
        ))}
    </div>
  );
}

function rowKey(row: Row): string {
  if (row.kind === "region") return "region";
  return row.kind === "widget" ? `w ${row.input}` : `p ${row.input ?? ""} ${row.output ?? ""}`;
}
