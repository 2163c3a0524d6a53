import { Brush, Eraser, FlipHorizontal2, Trash2, Undo2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { fileUrl, upload } from "../api/client";
import { activeGraph, edit } from "../app/docs";
import { t } from "../app/messages";
import { say } from "../app/ui";
import { setValue } from "../graph/commands/values";
import { closeDialog, Dialog } from "./Dialog";

interface Stroke {
  readonly points: readonly (readonly [number, number])[];
  readonly size: number;
  readonly erases: boolean;
}

/**
 * Paint a mask over a picture.
 *
 * The result is the picture with the mask as its transparency, which is where LoadImage reads its
 * mask from: transparent is 1, what will be painted again.
 */
export function MaskDialog({ node, port }: { node: string; port: string }) {
  const value = activeGraph().nodes[node]?.inputs[port];
  const name = typeof value === "string" ? value : "";
  const picture = useRef<HTMLImageElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [strokes, setStrokes] = useState<readonly Stroke[]>([]);
  const [erases, setErases] = useState(false);
  const [size, setSize] = useState(40);
  const [feather, setFeather] = useState(4);
  const [inverted, setInverted] = useState(false);
  const [ready, setReady] = useState(false);
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    const element = canvas.current;
    const image = picture.current;
    if (!ready || !element || !image) return;
    element.width = image.naturalWidth;
    element.height = image.naturalHeight;
    paintMask(element, strokes, inverted, feather);
  }, [ready, strokes, inverted, feather]);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
      event.preventDefault();
      setStrokes((now) => now.slice(0, -1));
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  }, []);

  const pointOf = (event: React.PointerEvent<HTMLCanvasElement>): readonly [number, number] => {
    const rect = event.currentTarget.getBoundingClientRect();
    const scale = event.currentTarget.width / rect.width;
    return [(event.clientX - rect.left) * scale, (event.clientY - rect.top) * scale];
  };
  const save = async () => {
    const [image, mask] = [picture.current, canvas.current];
    if (!image || !mask) return;
    setBusy(true);
    try {
      const file = await withMask(image, mask, name);
      const entry = await upload(file);
      edit("mask.title", (draft, at) => setValue(draft, at, { node, port }, entry.name));
      closeDialog();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      say(t("widget.uploadFailed", { name, reason }), "bad");
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("mask.title")} name="mask">
      <div className="mask-tools" role="toolbar" aria-label={t("mask.title")}>
        <button
          type="button"
          className={`quiet ${erases ? "" : "on"}`}
          aria-pressed={!erases}
          onClick={() => setErases(false)}
        >
          <Brush size={13} /> {t("mask.brush")}
        </button>
        <button
          type="button"
          className={`quiet ${erases ? "on" : ""}`}
          aria-pressed={erases}
          onClick={() => setErases(true)}
        >
          <Eraser size={13} /> {t("mask.eraser")}
        </button>
        <Slider label={t("mask.size")} value={size} max={200} onChange={setSize} />
        <Slider label={t("mask.feather")} value={feather} max={60} onChange={setFeather} />
        <button
          type="button"
          className={`quiet ${inverted ? "on" : ""}`}
          aria-pressed={inverted}
          onClick={() => setInverted(!inverted)}
        >
          <FlipHorizontal2 size={13} /> {t("mask.invert")}
        </button>
        <button
          type="button"
          className="icon"
          title={t("view.undo")}
          aria-label={t("view.undo")}
          disabled={strokes.length === 0}
          onClick={() => setStrokes(strokes.slice(0, -1))}
        >
          <Undo2 size={14} />
        </button>
        <button
          type="button"
          className="icon"
          title={t("mask.clear")}
          aria-label={t("mask.clear")}
          onClick={() => setStrokes([])}
        >
          <Trash2 size={14} />
        </button>
      </div>
      <div className="mask-stage">
        <img
          ref={picture}
          src={fileUrl("input", name)}
          alt={name}
          onLoad={() => setReady(true)}
          draggable={false}
        />
        <canvas
          ref={canvas}
          aria-label={t("mask.hint")}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            setStrokes([...strokes, { points: [pointOf(event)], size, erases }]);
          }}
          onPointerMove={(event) => {
            if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
            const point = pointOf(event);
            setStrokes((now) => {
              const last = now[now.length - 1];
              if (!last) return now;
              return [...now.slice(0, -1), { ...last, points: [...last.points, point] }];
            });
          }}
        />
      </div>
      <footer>
        <p>{t("mask.hint")}</p>
        <button type="button" className="quiet" onClick={closeDialog}>
          {t("dialog.cancel")}
        </button>
        <button type="button" className="run" disabled={busy || !ready} onClick={() => void save()}>
          {t("mask.save")}
        </button>
      </footer>
    </Dialog>
  );
}

interface SliderProps {
  readonly label: string;
  readonly value: number;
  readonly max: number;
  readonly onChange: (value: number) => void;
}

function Slider({ label, value, max, onChange }: SliderProps) {
  return (
    <label className="slider">
      {label}
      <input
        type="range"
        min={1}
        max={max}
        value={value}
        onChange={(e) => onChange(Number(e.target.value))}
      />
      <output>{value}</output>
    </label>
  );
}

/** White with the mask as its opacity. */
function paintMask(
  canvas: HTMLCanvasElement,
  strokes: readonly Stroke[],
  inverted: boolean,
  feather: number,
): void {
  const { width, height } = canvas;
  const plain = new OffscreenCanvas(width, height);
  const p = plain.getContext("2d") as OffscreenCanvasRenderingContext2D;
  p.lineCap = "round";
  p.lineJoin = "round";
  p.strokeStyle = "white";
  for (const { points, size, erases } of strokes) {
    p.globalCompositeOperation = erases ? "destination-out" : "source-over";
    p.lineWidth = size;
    const [first] = points;
    if (!first) continue;
    p.beginPath();
    p.moveTo(first[0], first[1]);
    // A press without a move is a dot.
    for (const [x, y] of points) p.lineTo(x + 0.01, y);
    p.stroke();
  }
  const c = canvas.getContext("2d") as CanvasRenderingContext2D;
  c.clearRect(0, 0, width, height);
  c.globalCompositeOperation = "source-over";
  c.filter = feather > 1 ? `blur(${feather / 2}px)` : "none";
  c.drawImage(plain, 0, 0);
  c.filter = "none";
  if (inverted) {
    c.globalCompositeOperation = "source-out";
    c.fillStyle = "white";
    c.fillRect(0, 0, width, height);
  }
}

/** The picture as a PNG whose transparency is the mask. */
async function withMask(
  image: HTMLImageElement,
  mask: HTMLCanvasElement,
  name: string,
): Promise<File> {
  const canvas = new OffscreenCanvas(mask.width, mask.height);
  const c = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
  c.drawImage(image, 0, 0, mask.width, mask.height);
  c.globalCompositeOperation = "destination-out";
  c.drawImage(mask, 0, 0);
  const blob = await canvas.convertToBlob({ type: "image/png" });
  const stem = (name.split("/").pop() ?? "picture").replace(/\.\w+$/, "");
  return new File([blob], `${stem}-masked.png`, { type: "image/png" });
}
