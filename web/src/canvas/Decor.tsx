/** Groups, notes and reroutes. */

import "./Decor.css";
import type { NodeProps } from "@xyflow/react";
import { memo } from "react";
import { setNote } from "../graph/commands/decor";
import { resizeItem, setTitle } from "../graph/commands/nodes";
import { outputType } from "../graph/connect";
import { isLinked } from "../graph/model";
import { typeText } from "../graph/types";
import { activeGraph, edit, endGesture, scopeNow, useDocs } from "../state/docs";
import { t } from "../state/messages/index";
import { setUi, useUi } from "../state/ui";
import { focusCanvas } from "../state/viewport";
import { Resizer } from "./Resizer";
import { Socket } from "./Socket";
import { nodeColor } from "./sockets";

export const GroupView = memo(function GroupView({ id, selected }: NodeProps) {
  const group = useDocs((docs) => activeGraph(docs).groups[id]);
  const renaming = useUi((ui) => ui.renaming === id);
  const setRenaming = (on: boolean) => setUi({ renaming: on ? id : null });
  if (group === undefined) return null;
  return (
    <section
      className={`group ${selected ? "selected" : ""}`}
      style={{ width: group.width, height: group.height }}
      aria-label={group.title}
    >
      <header className="group-title" onDoubleClick={() => setRenaming(true)}>
        {renaming ? (
          <input
            className="rename nodrag"
            defaultValue={group.title}
            aria-label={t("node.rename")}
            // biome-ignore lint/a11y/noAutofocus: the person has just asked to rename
            autoFocus
            onFocus={(event) => event.target.select()}
            onKeyDown={(event) => {
              event.stopPropagation();
              if (event.key === "Escape") event.currentTarget.value = group.title;
              if (event.key === "Enter" || event.key === "Escape") {
                event.currentTarget.blur();
                focusCanvas();
              }
            }}
            onBlur={(event) => {
              setRenaming(false);
              const title = event.target.value.trim();
              if (title === group.title) return;
              edit("node.rename", (draft, at) => setTitle(draft, at, id, title));
            }}
          />
        ) : (
          group.title
        )}
      </header>
      {selected && (
        <Resizer
          width={group.width}
          height={group.height}
          min={120}
          onResize={(size) =>
            edit("node.resize", (draft, at) => resizeItem(draft, at, id, size), `resize ${id}`)
          }
        />
      )}
    </section>
  );
});

export const NoteView = memo(function NoteView({ id, selected }: NodeProps) {
  const note = useDocs((docs) => activeGraph(docs).notes[id]);
  if (note === undefined) return null;
  return (
    <section
      className={`note ${selected ? "selected" : ""}`}
      style={{
        width: note.width,
        height: note.height,
        background: nodeColor(note.color ?? 4),
      }}
    >
      {note.title !== undefined && <h3>{note.title}</h3>}
      <textarea
        className="nodrag nowheel"
        value={note.text}
        placeholder={t("note.placeholder")}
        aria-label={t("note.placeholder")}
        onChange={(event) => {
          const text = event.target.value;
          edit("node.note", (draft, at) => setNote(draft, at, id, text), `note ${id}`);
        }}
        onBlur={endGesture}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.stopPropagation();
          focusCanvas();
        }}
      />
      {selected && (
        <Resizer
          width={note.width}
          height={note.height}
          min={96}
          onResize={(size) =>
            edit("node.resize", (draft, at) => resizeItem(draft, at, id, size), `resize ${id}`)
          }
        />
      )}
    </section>
  );
});

export const RerouteView = memo(function RerouteView({ id, selected }: NodeProps) {
  const node = useDocs((docs) => activeGraph(docs).nodes[id]);
  const type = useDocs(() => typeText(outputType(scopeNow(), { node: id, port: "out" })));
  const dimmed = useUi((ui) => ui.pending !== null && !ui.pending.nodes.has(id));
  if (node === undefined) return null;
  const schema = { type };
  return (
    <div
      className={`reroute ${selected ? "selected" : ""} ${dimmed ? "dimmed" : ""}`}
      data-node-id={id}
    >
      <Socket
        node={id}
        port="in"
        side="input"
        schema={schema}
        linked={isLinked(node.inputs["in"])}
      />
      <Socket node={id} port="out" side="output" schema={schema} linked />
    </div>
  );
});
