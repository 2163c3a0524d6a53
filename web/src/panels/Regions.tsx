/** The rectangles of a graph that lie in one picture, to be laid out together. */

import "./stage.css";
import { useMemo, useState } from "react";
import type { NodeSchema } from "../api/nodes";
import { titleOf } from "../canvas/NodeView";
import { boxIn, frameOf } from "../graph/boxes";
import { asLink, type Graph, linksInto } from "../graph/model";
import { activeGraph, activeTab, endGesture, schemaOfType, scopeNow, useDocs } from "../state/docs";
import { t } from "../state/messages/index";
import { BoxPad, textOf } from "../widgets/BoxPad";
import { useBackdrop } from "../widgets/backdrop";
import { gridOf, unitsOf, writeBox } from "../widgets/Region";
import { closeDialog, Dialog } from "./Dialog";

export function RegionsDialog({ node: first }: { node: string }) {
  const [active, setActive] = useState(first);
  const graph = useDocs(activeGraph);
  const workflow = useDocs((docs) => activeTab(docs).workflow);
  const backdrop = useBackdrop(first);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the scope is that of the workflow
  const ids = useMemo(() => companions(graph, first), [graph, workflow, first]);
  const boxes = ids.flatMap((id) => {
    const node = graph.nodes[id];
    const schema = node && schemaOfType(node.type);
    const rect = node && schema ? boxIn(node, schema) : null;
    return node && schema && rect ? [{ id, schema, rect, label: labelOf(graph, id) }] : [];
  });
  const now = boxes.find(({ id }) => id === active);
  const own = boxes.find(({ id }) => id === first);
  if (!own) return null;
  const { relative } = gridOf(own.schema);
  const { step, least } = gridOf((now ?? own).schema);
  const rects = boxes.map(({ rect }) => rect);
  const schemaIn = (id: string) => boxes.find((box) => box.id === id)?.schema as NodeSchema;
  return (
    <Dialog title={t("region.title")} name="regions">
      {boxes.length > 1 && (
        <div className="mask-tools" role="toolbar" aria-label={t("region.title")}>
          {boxes.map(({ id, label }) => (
            <button
              key={id}
              type="button"
              className={`quiet ${id === active ? "on" : ""}`}
              aria-pressed={id === active}
              onClick={() => setActive(id)}
            >
              {label}
            </button>
          ))}
        </div>
      )}
      <div className="crop-stage">
        <BoxPad
          frame={unitsOf(relative, backdrop, rects)}
          {...(relative && backdrop && { ratio: backdrop.width / backdrop.height })}
          url={backdrop?.url ?? null}
          boxes={boxes}
          active={active}
          onActive={setActive}
          step={step}
          least={least}
          onChange={(id, rect, merge) => writeBox(id, schemaIn(id), rect, merge)}
          onDone={endGesture}
        />
      </div>
      <footer>
        <p>{now ? `${now.label}: ${textOf(now.rect)}` : t("region.hint")}</p>
        <button type="button" className="run" onClick={closeDialog}>
          {t("dialog.close")}
        </button>
      </footer>
    </Dialog>
  );
}

/** A node, and the others whose rectangles are in the same units and in a picture of its size. */
function companions(graph: Graph, first: string): string[] {
  const scope = scopeNow();
  const kind = (id: string) => {
    const node = graph.nodes[id];
    const schema = node && schemaOfType(node.type);
    if (!node || !schema || boxIn(node, schema) === null) return null;
    return `${gridOf(schema).relative} ${JSON.stringify(frameOf(scope, id).size)}`;
  };
  const wanted = kind(first);
  return Object.keys(graph.nodes).filter((id) => id === first || kind(id) === wanted);
}

/** What a rectangle is for: the prompt that acts in it, else the node's name. */
function labelOf(graph: Graph, id: string): string {
  const node = graph.nodes[id];
  if (node === undefined) return id;
  if (node.title) return node.title;
  for (const { from } of linksInto(id, node)) {
    const text = graph.nodes[from.node]?.inputs["text"];
    if (typeof text === "string" && asLink(text) === null && text.trim() !== "") return text;
  }
  return titleOf(node, schemaOfType(node.type));
}
