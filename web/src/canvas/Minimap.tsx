import "./Minimap.css";
import { useStoreApi } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { boundsOf } from "../graph/arrange";
import type { Rect } from "../graph/rect";
import { useDocs } from "../state/docs";
import { t } from "../state/messages/index";
import { useRuns } from "../state/runs";
import { useUi } from "../state/ui";
import { setViewport, viewSize } from "../state/viewport";
import { farNodes } from "./LinkLayer";
import { NODE_HUES } from "./sockets";

const WIDTH = 176;
const HEIGHT = 112;

/** The whole graph, small; a press goes there. */
export function Minimap() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scale = useRef({ k: 1, x: 0, y: 0 });
  const store = useStoreApi();
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    element.width = WIDTH * ratio;
    element.height = HEIGHT * ratio;
    let frame = 0;
    const paint = () => {
      frame = 0;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      scale.current = paintMap(context, store.getState().transform);
    };
    const request = () => {
      if (frame === 0) frame = requestAnimationFrame(paint);
    };
    paint();
    const stops = [
      store.subscribe((state, before) => state.transform !== before.transform && request()),
      useDocs.subscribe(request),
      useRuns.subscribe(request),
      useUi.subscribe((ui, before) => ui.theme !== before.theme && setTimeout(request)),
    ];
    return () => {
      cancelAnimationFrame(frame);
      for (const stop of stops) stop();
    };
  }, [store]);

  const go = (event: React.PointerEvent<HTMLCanvasElement>) => {
    if (event.buttons !== 1) return;
    const rect = event.currentTarget.getBoundingClientRect();
    const { k, x, y } = scale.current;
    const flowX = (event.clientX - rect.left - x) / k;
    const flowY = (event.clientY - rect.top - y) / k;
    const [, , zoom] = store.getState().transform;
    const { width, height } = viewSize();
    setViewport({ x: width / 2 - flowX * zoom, y: height / 2 - flowY * zoom, zoom });
  };
  return (
    <canvas
      ref={canvas}
      className="minimap"
      style={{ width: WIDTH, height: HEIGHT }}
      title={t("view.map")}
      onPointerDown={go}
      onPointerMove={go}
    />
  );
}

function paintMap(c: CanvasRenderingContext2D, [x, y, zoom]: [number, number, number]) {
  const colors = mapColors();
  c.clearRect(0, 0, WIDTH, HEIGHT);
  const nodes = farNodes();
  const { width, height } = viewSize();
  const seen: Rect = { x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom };
  const bounds = boundsOf(nodes.length > 0 ? [...nodes, seen] : [seen]) as Rect;
  const k = Math.min((WIDTH - 12) / bounds.width, (HEIGHT - 12) / bounds.height);
  const left = (WIDTH - bounds.width * k) / 2 - bounds.x * k;
  const top = (HEIGHT - bounds.height * k) / 2 - bounds.y * k;
  for (const node of nodes) {
    c.globalAlpha = node.selected ? 1 : node.off ? 0.25 : 0.5;
    c.fillStyle = node.selected
      ? colors.accent
      : node.state === "failed"
        ? colors.bad
        : node.color === undefined
          ? colors.plain
          : (colors.hues[node.color % NODE_HUES.length] ?? colors.plain);
    c.fillRect(
      node.x * k + left,
      node.y * k + top,
      Math.max(1.5, node.width * k),
      Math.max(1.5, node.height * k),
    );
  }
  c.globalAlpha = 1;
  c.strokeStyle = colors.accent;
  c.lineWidth = 1.5;
  c.strokeRect(seen.x * k + left, seen.y * k + top, seen.width * k, seen.height * k);
  return { k, x: left, y: top };
}

interface MapColors {
  readonly theme: string;
  readonly accent: string;
  readonly bad: string;
  readonly plain: string;
  readonly hues: readonly string[];
}

let known: MapColors | null = null;

/** The theme's colours, read once: asking for a style in every frame would cost a layout. */
function mapColors(): MapColors {
  const { theme } = useUi.getState();
  if (known?.theme === theme) return known;
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(name).trim();
  const [light, strong] = [token("--socket-l"), token("--hue-c")];
  known = {
    theme,
    accent: token("--accent"),
    bad: token("--bad"),
    plain: token("--faint"),
    hues: NODE_HUES.map((hue) => `oklch(${light} ${strong} ${hue})`),
  };
  return known;
}
