/** The rectangle of a node in its picture: small in the node, large in a window. */

import "./pad.css";
import "./Region.css";
import { Maximize2 } from "lucide-react";
import { memo } from "react";
import type { NodeSchema } from "../api/nodes";
import { boxIn, boxInputs, boxValues, isRelative } from "../graph/boxes";
import { setValue } from "../graph/commands/values";
import { boundsOf } from "../graph/ranges";
import type { Rect } from "../graph/rect";
import { activeGraph, edit, endGesture, useDocs } from "../state/docs";
import { t } from "../state/messages/index";
import { setUi } from "../state/ui";
import { type Boxed, BoxPad } from "./BoxPad";
import { type Backdrop, useBackdrop } from "./backdrop";
import { IconButton } from "./IconButton";

export function writeBox(id: string, schema: NodeSchema, rect: Rect, merge: boolean): void {
  const inputs = boxInputs(schema);
  if (inputs === null) return;
  edit(
    "widget.change",
    (draft, at) => {
      for (const [port, value] of boxValues(rect, schema, inputs)) {
        setValue(draft, at, { node: id, port }, value);
      }
    },
    merge ? `box ${id}` : undefined,
  );
}

/** The sides of what a rectangle lies in, in its own units; a box that is larger makes it larger. */
export function unitsOf(relative: boolean, backdrop: Backdrop | null, rects: readonly Rect[]) {
  if (relative || backdrop === null) return { width: 1, height: 1 };
  if (backdrop.known) return { width: backdrop.width, height: backdrop.height };
  const right = Math.max(512, ...rects.map((rect) => rect.x + rect.width));
  const bottom = Math.max(512, ...rects.map((rect) => rect.y + rect.height));
  return { width: right, height: bottom };
}

/** How far an arrow key goes, and how small a side may be. */
export function gridOf(schema: NodeSchema) {
  const inputs = boxInputs(schema);
  const [x, width] = [inputs && schema.inputs[inputs.x], inputs && schema.inputs[inputs.width]];
  const relative = inputs !== null && isRelative(schema, inputs);
  const step = x ? boundsOf(x).step : relative ? 0.01 : 1;
  const least = width ? boundsOf(width).low : 0;
  return { step, least: Math.max(0, least, step), relative };
}

const Region = memo(function Region({ id, schema }: { id: string; schema: NodeSchema }) {
  const node = useDocs((docs) => activeGraph(docs).nodes[id]);
  const backdrop = useBackdrop(id);
  const rect = node ? boxIn(node, schema) : null;
  if (rect === null) return <p className="pad-note">{t("region.linked")}</p>;
  const { step, least, relative } = gridOf(schema);
  const frame = unitsOf(relative, backdrop, [rect]);
  const boxes: Boxed[] = [{ id, label: "", rect }];
  return (
    <div className="region nodrag">
      <BoxPad
        frame={frame}
        {...(relative && backdrop && { ratio: backdrop.width / backdrop.height })}
        url={backdrop?.url ?? null}
        boxes={boxes}
        active={id}
        step={step}
        least={least}
        onChange={(_, next, merge) => writeBox(id, schema, next, merge)}
        onDone={endGesture}
      />
      <IconButton
        label={t("region.open")}
        onClick={() => setUi({ dialog: { kind: "region", node: id } })}
      >
        <Maximize2 size={12} />
      </IconButton>
    </div>
  );
});

export default Region;
