/** Cut a part out of the picture that a node loads; the part is uploaded as a file of its own. */

import "./Crop.css";
import "./stage.css";
import { useEffect, useMemo, useState } from "react";
import { fileUrl, upload } from "../api/client";
import { setValue } from "../graph/commands/values";
import type { Rect } from "../graph/rect";
import { activeGraph, edit } from "../state/docs";
import { t } from "../state/messages/index";
import { say } from "../state/ui";
import { BoxPad, resized } from "../widgets/BoxPad";
import { closeDialog, Dialog, DialogFooter } from "./Dialog";
import { cut, encodePng, nameWith, type Pixels, readPixels } from "./pixels";

const SHAPES = ["free", "same", "1:1", "4:3", "3:2", "16:9", "3:4", "2:3", "9:16"] as const;
type Shape = (typeof SHAPES)[number];

export function CropDialog({ node, port }: { node: string; port: string }) {
  const value = activeGraph().nodes[node]?.inputs[port];
  const name = typeof value === "string" ? value : "";
  const url = fileUrl("input", name);
  const [pixels, setPixels] = useState<Pixels | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [shape, setShape] = useState<Shape>("free");
  const [rect, setRect] = useState<Rect | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    readPixels(url).then(
      (read) => {
        setPixels(read);
        setRect({ x: 0, y: 0, width: read.width, height: read.height });
      },
      (error: unknown) => setFailure(error instanceof Error ? error.message : String(error)),
    );
  }, [url]);
  const keeps = useMemo(() => ratioOf(shape, pixels), [shape, pixels]);
  const take = (next: Rect) => pixels && setRect(whole(next, pixels));
  const reshape = (next: Shape) => {
    setShape(next);
    const ratio = ratioOf(next, pixels);
    if (pixels === null || rect === null || ratio === null) return;
    const to = { x: rect.x + rect.width, y: rect.y + rect.height };
    take(resized(rect, { dx: 1, dy: 1 }, to, pixels, 1, ratio));
  };
  const save = async () => {
    if (pixels === null || rect === null) return;
    setBusy(true);
    try {
      const part = cut(pixels, rect.x, rect.y, rect.width, rect.height);
      const file = new File([await encodePng(part)], nameWith(name, "crop"), { type: "image/png" });
      const entry = await upload(file);
      edit("crop.title", (draft, at) => setValue(draft, at, { node, port }, entry.name));
      closeDialog();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      say(t("widget.uploadFailed", { name, reason }), "bad");
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("crop.title")} name="crop">
      <div className="mask-tools" role="toolbar" aria-label={t("crop.title")}>
        <select
          aria-label={t("crop.shape")}
          value={shape}
          onChange={(event) => reshape(event.target.value as Shape)}
        >
          {SHAPES.map((one) => (
            <option key={one} value={one}>
              {one === "free" || one === "same" ? t(`crop.${one}`) : one}
            </option>
          ))}
        </select>
        {rect &&
          pixels &&
          (["width", "height", "x", "y"] as const).map((side) => (
            <label key={side} className="number-entry">
              {t(`crop.${side}`)}
              <input
                type="number"
                min={side === "x" || side === "y" ? 0 : 1}
                max={side === "x" || side === "width" ? pixels.width : pixels.height}
                value={rect[side]}
                onChange={(event) => {
                  const typed = Math.round(Number(event.target.value));
                  if (Number.isFinite(typed)) take(withSide(rect, side, typed, keeps));
                }}
              />
            </label>
          ))}
      </div>
      {failure !== null && (
        <p className="nothing bad">{t("file.unreadable", { name, reason: failure })}</p>
      )}
      {failure === null && pixels === null && <p className="nothing">{t("mask.loading")}</p>}
      {pixels && rect && (
        <div className="crop-stage">
          <BoxPad
            frame={pixels}
            url={url}
            boxes={[{ id: "crop", label: t("crop.title"), rect }]}
            active="crop"
            step={1}
            least={1}
            keeps={keeps}
            onChange={(_, next) => take(next)}
            onDone={() => undefined}
          />
        </div>
      )}
      <DialogFooter
        hint={t("crop.hint")}
        action={t("crop.save")}
        disabled={busy || rect === null}
        onAct={() => void save()}
      />
    </Dialog>
  );
}

function ratioOf(shape: Shape, pixels: Pixels | null): number | null {
  if (shape === "free") return null;
  if (shape === "same") return pixels && pixels.width / pixels.height;
  const [width, height] = shape.split(":").map(Number) as [number, number];
  return width / height;
}

/** Whole pixels, inside the picture. */
function whole(rect: Rect, { width, height }: Pixels): Rect {
  const wide = Math.min(width, Math.max(1, Math.round(rect.width)));
  const high = Math.min(height, Math.max(1, Math.round(rect.height)));
  return {
    x: Math.min(width - wide, Math.max(0, Math.round(rect.x))),
    y: Math.min(height - high, Math.max(0, Math.round(rect.y))),
    width: wide,
    height: high,
  };
}

function withSide(rect: Rect, side: keyof Rect, value: number, keeps: number | null): Rect {
  const next = { ...rect, [side]: value };
  if (keeps !== null && side === "width") next.height = value / keeps;
  if (keeps !== null && side === "height") next.width = value * keeps;
  return next;
}
