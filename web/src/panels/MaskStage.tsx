/** The picture, the mask over it, and a ring as large as the brush; the wheel comes nearer. */

import { useEffect, useRef, useState } from "react";
import { t } from "../state/messages/index";
import { MaskPainter, type MaskStep } from "./maskSteps";
import { opaque, type Pixels } from "./pixels";

export type Pixel = readonly [number, number];

interface Props {
  readonly pixels: Pixels;
  readonly mask: React.RefObject<HTMLCanvasElement | null>;
  readonly steps: readonly MaskStep[];
  readonly size: number;
  readonly onBegin: (point: Pixel) => void;
  readonly onPoint: (point: Pixel) => void;
}

/** How the sheet lies in the stage: moved by pixels of the page, then scaled about its middle. */
interface Lie {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

const WHOLE: Lie = { x: 0, y: 0, zoom: 1 };
const NEAREST = 16;

export function MaskStage({ pixels, mask, steps, size, onBegin, onPoint }: Props) {
  const { width, height, data } = pixels;
  const picture = useRef<HTMLCanvasElement>(null);
  const painter = useRef<MaskPainter | null>(null);
  const stage = useRef<HTMLDivElement>(null);
  const ring = useRef<HTMLSpanElement>(null);
  const [lie, setLie] = useState(WHOLE);
  const space = useRef(false);
  /** Where the sheet was taken hold of to be moved. */
  const grip = useRef<{ x: number; y: number; lie: Lie } | null>(null);
  useEffect(() => {
    painter.current = new MaskPainter(width, height, (i) => 255 - (data[i * 4 + 3] as number));
    picture.current?.getContext("2d")?.putImageData(opaque({ width, height, data }), 0, 0);
  }, [width, height, data]);
  useEffect(() => {
    const c = mask.current?.getContext("2d");
    if (c) painter.current?.show(c, steps);
  }, [steps, mask]);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key === " " && !(event.target instanceof HTMLButtonElement)) {
        space.current = event.type === "keydown";
        event.preventDefault();
      } else if (event.key === "0" && event.type === "keydown") setLie(WHOLE);
    };
    window.addEventListener("keydown", key);
    window.addEventListener("keyup", key);
    return () => {
      window.removeEventListener("keydown", key);
      window.removeEventListener("keyup", key);
    };
  }, []);
  useEffect(() => {
    const element = stage.current;
    // React listens passively, which would let the page scroll.
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const rect = (element as HTMLElement).getBoundingClientRect();
      const x = event.clientX - rect.left - rect.width / 2;
      const y = event.clientY - rect.top - rect.height / 2;
      setLie((now) => nearer(now, Math.exp(-event.deltaY / 500), x, y));
    };
    element?.addEventListener("wheel", wheel, { passive: false });
    return () => element?.removeEventListener("wheel", wheel);
  }, []);

  const pointOf = (event: { clientX: number; clientY: number }, element: HTMLElement): Pixel => {
    const rect = element.getBoundingClientRect();
    const scale = width / rect.width;
    return [(event.clientX - rect.left) * scale, (event.clientY - rect.top) * scale];
  };
  const follow = (event: React.PointerEvent<HTMLCanvasElement>) => {
    const [element, host] = [ring.current, stage.current];
    if (element === null || host === null) return;
    const rect = host.getBoundingClientRect();
    const across = (size * event.currentTarget.getBoundingClientRect().width) / width;
    element.style.width = element.style.height = `${across}px`;
    element.style.left = `${event.clientX - rect.left}px`;
    element.style.top = `${event.clientY - rect.top}px`;
  };
  return (
    <div
      className="mask-stage"
      ref={stage}
      style={{
        ["--ratio" as string]: width / height,
        ["--lie" as string]: `translate(${lie.x}px, ${lie.y}px) scale(${lie.zoom})`,
      }}
    >
      <canvas ref={picture} width={width} height={height} />
      <canvas
        ref={mask}
        className="over"
        width={width}
        height={height}
        aria-label={t("mask.hint")}
        onPointerDown={(event) => {
          const moves = event.button === 1 || (event.button === 0 && space.current);
          if (event.button !== 0 && !moves) return;
          event.preventDefault();
          event.currentTarget.setPointerCapture(event.pointerId);
          if (moves) grip.current = { x: event.clientX, y: event.clientY, lie };
          else onBegin(pointOf(event, event.currentTarget));
        }}
        onPointerMove={(event) => {
          follow(event);
          if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
          const { current: held } = grip;
          if (held !== null) {
            const [x, y] = [event.clientX - held.x, event.clientY - held.y];
            setLie({ ...held.lie, x: held.lie.x + x, y: held.lie.y + y });
            return;
          }
          // A fast hand moves several times between two frames.
          for (const one of event.nativeEvent.getCoalescedEvents?.() ?? [event.nativeEvent]) {
            onPoint(pointOf(one, event.currentTarget));
          }
        }}
        onPointerUp={() => {
          grip.current = null;
        }}
      />
      <span ref={ring} className="ring" aria-hidden="true" />
    </div>
  );
}

/** Nearer or further, such that what lies under a point (from the middle) stays under it. */
function nearer({ x, y, zoom }: Lie, factor: number, px: number, py: number): Lie {
  const next = Math.min(NEAREST, zoom * factor);
  // Not smaller than the whole, which lies in the middle.
  if (next <= 1) return WHOLE;
  const k = next / zoom;
  return { x: px - (px - x) * k, y: py - (py - y) * k, zoom: next };
}
