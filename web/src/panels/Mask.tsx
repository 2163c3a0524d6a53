import "./Mask.css";
import "./stage.css";
import { Brush, Contrast, Eraser, Redo2, Trash2, Undo2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { fileUrl, upload } from "../api/client";
import { setValue } from "../graph/commands/values";
import { activeGraph, edit } from "../state/docs";
import { t } from "../state/messages/index";
import { say, setUi } from "../state/ui";
import { IconButton } from "../widgets/IconButton";
import { closeDialog, Dialog, DialogFooter } from "./Dialog";
import { MaskStage, type Pixel } from "./MaskStage";
import type { MaskStep, Stroke } from "./maskSteps";
import { encodePng, nameWith, type Pixels, readPixels } from "./pixels";

const LARGEST = 300;

interface Dropped {
  readonly node: string;
  readonly port: string;
  /** The picture that was painted on. */
  readonly name: string;
  readonly steps: readonly MaskStep[];
}

/** What was painted last and not used. */
let dropped: Dropped | null = null;

function drop(what: Dropped): void {
  dropped = what;
  const { node, port } = what;
  say(t("mask.dropped"), "plain", {
    label: t("mask.again"),
    perform: () => setUi({ dialog: { kind: "mask", node, port } }),
  });
}

function takeDropped(node: string, port: string, name: string): readonly MaskStep[] {
  const fits = dropped?.node === node && dropped.port === port && dropped.name === name;
  const steps = fits ? (dropped?.steps ?? []) : [];
  dropped = null;
  return steps;
}

/**
 * Paint a mask over a picture.
 *
 * The result is the picture with the mask as its transparency, which is where LoadImage reads its
 * mask from: transparent is 1, what will be painted again. A mask that is there already goes on.
 */
export function MaskDialog({ node, port }: { node: string; port: string }) {
  const value = activeGraph().nodes[node]?.inputs[port];
  const name = typeof value === "string" ? value : "";
  const [pixels, setPixels] = useState<Pixels | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [steps, setSteps] = useState<readonly MaskStep[]>(() => takeDropped(node, port, name));
  const [undone, setUndone] = useState<readonly MaskStep[]>([]);
  const [erases, setErases] = useState(false);
  const [size, setSize] = useState(40);
  const [feather, setFeather] = useState(4);
  const [busy, setBusy] = useState(false);
  const mask = useRef<HTMLCanvasElement>(null);
  const unsaved = useRef(steps);
  unsaved.current = steps;
  // A slip on Escape must not cost the work: it can be taken up again.
  useEffect(
    () => () => {
      if (unsaved.current.length > 0) drop({ node, port, name, steps: unsaved.current });
    },
    [node, port, name],
  );

  useEffect(() => {
    readPixels(fileUrl("input", name)).then(setPixels, (error: unknown) =>
      setFailure(error instanceof Error ? error.message : String(error)),
    );
  }, [name]);

  const act = (step: MaskStep) => {
    setSteps((now) => [...now, step]);
    setUndone([]);
  };
  const undo = () => {
    const last = steps[steps.length - 1];
    if (last === undefined) return;
    setSteps(steps.slice(0, -1));
    setUndone([last, ...undone]);
  };
  const redo = () => {
    const [next, ...rest] = undone;
    if (next === undefined) return;
    setSteps([...steps, next]);
    setUndone(rest);
  };
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      const letter = event.key.toLowerCase();
      const mod = event.ctrlKey || event.metaKey;
      if (mod && letter === "z" && !event.shiftKey) undo();
      else if (mod && (letter === "y" || letter === "z")) redo();
      else if (mod) return;
      else if (event.key === "[") setSize((now) => Math.max(1, Math.round(now / 1.25)));
      else if (event.key === "]") setSize((now) => Math.min(LARGEST, Math.ceil(now * 1.25)));
      else if (letter === "x") setErases((now) => !now);
      else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  });

  const save = async () => {
    const c = mask.current?.getContext("2d");
    if (!c || pixels === null) return;
    setBusy(true);
    try {
      const file = await masked(pixels, c, name);
      const entry = await upload(file);
      unsaved.current = [];
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
        <Choice on={!erases} onPress={() => setErases(false)} label={t("mask.brush")}>
          <Brush size={13} />
        </Choice>
        <Choice on={erases} onPress={() => setErases(true)} label={t("mask.eraser")}>
          <Eraser size={13} />
        </Choice>
        <Slider label={t("mask.size")} value={size} min={1} max={LARGEST} onChange={setSize} />
        <Slider label={t("mask.feather")} value={feather} min={0} max={60} onChange={setFeather} />
        <button type="button" className="quiet" onClick={() => act({ kind: "invert" })}>
          <Contrast size={13} /> {t("mask.invert")}
        </button>
        <IconButton label={t("view.undo")} disabled={steps.length === 0} onClick={undo}>
          <Undo2 size={14} />
        </IconButton>
        <IconButton label={t("view.redo")} disabled={undone.length === 0} onClick={redo}>
          <Redo2 size={14} />
        </IconButton>
        <IconButton label={t("mask.clear")} onClick={() => act({ kind: "clear" })}>
          <Trash2 size={14} />
        </IconButton>
      </div>
      {failure !== null && (
        <p className="nothing bad">{t("file.unreadable", { name, reason: failure })}</p>
      )}
      {failure === null && pixels === null && <p className="nothing">{t("mask.loading")}</p>}
      {pixels !== null && (
        <MaskStage
          pixels={pixels}
          mask={mask}
          steps={steps}
          onBegin={(point) => act({ kind: "stroke", points: [point], size, feather, erases })}
          onPoint={(point) => setSteps((now) => withPoint(now, point))}
          size={size}
        />
      )}
      <DialogFooter
        hint={t("mask.hint")}
        action={t("mask.save")}
        disabled={busy || pixels === null}
        onAct={() => void save()}
      />
    </Dialog>
  );
}

function withPoint(steps: readonly MaskStep[], point: Pixel): readonly MaskStep[] {
  const last = steps[steps.length - 1];
  if (last?.kind !== "stroke") return steps;
  const longer: Stroke = { ...last, points: [...last.points, point] };
  return [...steps.slice(0, -1), longer];
}

interface ChoiceProps {
  readonly label: string;
  readonly on: boolean;
  readonly onPress: () => void;
  readonly children: React.ReactNode;
}

function Choice({ label, on, onPress, children }: ChoiceProps) {
  return (
    <button type="button" className={`quiet ${on ? "on" : ""}`} aria-pressed={on} onClick={onPress}>
      {children} {label}
    </button>
  );
}

interface SliderProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly onChange: (value: number) => void;
}

function Slider({ label, value, min, max, onChange }: SliderProps) {
  return (
    <label className="slider">
      {label}
      <input
        type="range"
        min={min}
        max={max}
        value={value}
        onChange={(e) => onChange(Number(e.target.value))}
      />
      <output>{value}</output>
    </label>
  );
}

/** The picture as a PNG whose transparency is the mask, its colours as they were. */
async function masked(
  { width, height, data }: Pixels,
  mask: CanvasRenderingContext2D,
  name: string,
): Promise<File> {
  const out = new Uint8ClampedArray(data);
  const painted = mask.getImageData(0, 0, width, height).data;
  for (let i = 3; i < out.length; i += 4) out[i] = 255 - (painted[i] as number);
  const blob = await encodePng({ width, height, data: out });
  return new File([blob], nameWith(name, "masked"), { type: "image/png" });
}
