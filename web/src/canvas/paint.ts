/**
 * Draws on the canvas under the nodes: grid, groups, links; and, seen from afar, the nodes too.
 *
 * Links are one canvas instead of an element each, and far nodes cost a rectangle: see
 * docs/decisions/0010-editor-rendering.md for what that buys.
 */

import type { Mark } from "../graph/diff";
import { GRID, HEADER } from "../graph/geometry";
import type { Group } from "../graph/model";
import { shortened } from "../graph/names";
import type { Point, Rect } from "../graph/rect";
import { FAR } from "../state/viewport";
import { reach, type Wire } from "./scene";
import { NODE_HUES } from "./sockets";

export interface FarNode extends Rect {
  readonly id: string;
  readonly title: string;
  readonly color: number | undefined;
  readonly selected: boolean;
  readonly off: boolean;
  readonly state: string | undefined;
  /** What a comparison says of it. */
  readonly mark?: Mark;
}

export interface Scene {
  readonly view: { readonly x: number; readonly y: number; readonly zoom: number };
  readonly wires: readonly Wire[];
  readonly groups: readonly (Group & { readonly selected: boolean })[];
  /** Nodes to draw; empty where they are elements. */
  readonly nodes: readonly FarNode[];
  readonly selection: ReadonlySet<string>;
  readonly hovered: string | null;
  readonly chosen: string | null;
  readonly running: ReadonlySet<string>;
  /** Ids of links that are held and drawn elsewhere. */
  readonly held: ReadonlySet<string>;
  readonly box: Rect | null;
  /** The stroke that cuts links. */
  readonly knife: readonly [Point, Point] | null;
  /** Ids of the links it would cut. */
  readonly cut: ReadonlySet<string>;
}

interface Colors {
  readonly canvas: string;
  readonly dot: string;
  readonly node: string;
  readonly head: string;
  readonly line: string;
  readonly text: string;
  readonly dim: string;
  readonly accent: string;
  readonly soft: string;
  readonly bad: string;
  readonly good: string;
  readonly socket: (hue: number | null, alpha?: number) => string;
  readonly hue: (color: number, alpha: number) => string;
  readonly mark: (mark: Mark) => string;
  readonly font: string;
}

export class Painter {
  readonly #context: CanvasRenderingContext2D;
  readonly #canvas: HTMLCanvasElement;
  #colors: Colors;
  #width = 0;
  #height = 0;
  #scale = 1;
  #size = 0;
  readonly #titles = new Map<string, number>();

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    // The page's canvas colour is painted in, so that the layer is opaque and cheap to composite.
    this.#context = canvas.getContext("2d", { alpha: false }) as CanvasRenderingContext2D;
    this.#colors = readColors();
  }

  /** Read the theme again. */
  recolor(): void {
    this.#colors = readColors();
  }

  resize(width: number, height: number): void {
    this.#scale = Math.min(2, window.devicePixelRatio || 1);
    this.#width = width;
    this.#height = height;
    this.#canvas.width = Math.round(width * this.#scale);
    this.#canvas.height = Math.round(height * this.#scale);
  }

  draw(scene: Scene): void {
    const c = this.#context;
    const { x, y, zoom } = scene.view;
    const s = this.#scale;
    c.setTransform(s, 0, 0, s, 0, 0);
    c.fillStyle = this.#colors.canvas;
    c.fillRect(0, 0, this.#width, this.#height);
    this.#grid(scene.view);
    c.setTransform(zoom * s, 0, 0, zoom * s, x * s, y * s);
    const seen = {
      x: -x / zoom,
      y: -y / zoom,
      width: this.#width / zoom,
      height: this.#height / zoom,
    };
    // Near by, titles are elements that can be edited.
    for (const group of scene.groups) this.#group(group, zoom, zoom < FAR);
    this.#wires(scene, seen);
    this.#size = 0;
    for (const node of scene.nodes) if (meets(node, seen)) this.#node(node, zoom);
    if (scene.box) this.#box(scene.box, zoom);
    if (scene.knife) this.#knife(scene.knife, zoom);
  }

  #grid({ x, y, zoom }: Scene["view"]): void {
    let step = GRID * 3 * zoom;
    if (zoom < 0.3) return;
    while (step < 16) step *= 2;
    const c = this.#context;
    c.fillStyle = this.#colors.dot;
    const size = zoom < 0.7 ? 1 : 1.5;
    // One path for all dots: a fill for each would cost more than the rest of the frame.
    c.beginPath();
    for (let px = x % step; px < this.#width; px += step) {
      for (let py = y % step; py < this.#height; py += step) c.rect(px, py, size, size);
    }
    c.fill();
  }

  #group(group: Group & { selected: boolean }, zoom: number, afar: boolean): void {
    const c = this.#context;
    const color = group.color ?? 0;
    c.fillStyle = this.#colors.hue(color, 0.22);
    c.strokeStyle = group.selected ? this.#colors.accent : this.#colors.hue(color, 0.75);
    c.lineWidth = (group.selected ? 1.5 : 1) / Math.min(1, zoom);
    rounded(c, group, 10);
    c.fill();
    c.stroke();
    if (afar) this.#title(group.title, group, Math.min(40, 12 / zoom), zoom);
  }

  /** What a group is called, in the room over its nodes. */
  #title(title: string, { x, y, width }: Rect, size: number, zoom: number): void {
    if (title === "" || size * zoom < 5.5) return;
    const c = this.#context;
    c.font = `600 ${size}px ${this.#colors.font}`;
    c.fillStyle = this.#colors.text;
    c.textBaseline = "middle";
    c.fillText(this.#fitted(title, width - 32, size), x + 16, y + 28);
  }

  #wires(scene: Scene, seen: Rect): void {
    const c = this.#context;
    const { zoom } = scene.view;
    const quiet = new Map<string, Path2D>();
    const loud: Wire[] = [];
    for (const wire of scene.wires) {
      const { link } = wire;
      if (!wireMeets(wire, seen) || scene.held.has(link.id)) continue;
      if (
        scene.cut.has(link.id) ||
        link.id === scene.hovered ||
        link.id === scene.chosen ||
        wire.mark !== undefined ||
        scene.selection.has(link.from.node) ||
        scene.selection.has(link.to.node) ||
        scene.running.has(link.to.node)
      ) {
        loud.push(wire);
        continue;
      }
      const key = `${wire.hue}/${wire.off}`;
      let path = quiet.get(key);
      if (path === undefined) {
        path = new Path2D();
        quiet.set(key, path);
      }
      // Far away a straight line looks the same and is drawn much faster.
      trace(path, wire, zoom < 0.2);
    }
    c.lineCap = "round";
    const some = scene.selection.size > 0;
    for (const [key, path] of quiet) {
      const [hue, off] = key.split("/");
      c.strokeStyle = this.#colors.socket(hue === "null" ? null : Number(hue), some ? 0.4 : 0.7);
      c.lineWidth = Math.max(1.75, 1 / zoom);
      c.setLineDash(off === "true" ? [5, 6] : []);
      c.stroke(path);
    }
    for (const wire of loud) {
      const path = new Path2D();
      trace(path, wire, false);
      c.setLineDash(wire.off || wire.mark === "removed" ? [5, 6] : []);
      const strong = wire.link.id === scene.hovered || wire.link.id === scene.chosen;
      if (wire.link.id === scene.chosen) {
        c.strokeStyle = this.#colors.soft;
        c.lineWidth = Math.max(9, 7 / zoom);
        c.stroke(path);
      }
      const cut = scene.cut.has(wire.link.id);
      c.strokeStyle = cut
        ? this.#colors.bad
        : wire.mark
          ? this.#colors.mark(wire.mark)
          : this.#colors.socket(wire.hue);
      c.lineWidth = Math.max(strong || wire.mark ? 2.75 : 2.25, 1.25 / zoom);
      c.stroke(path);
    }
    c.setLineDash([]);
  }

  #node(node: FarNode, zoom: number): void {
    const c = this.#context;
    const colors = this.#colors;
    c.globalAlpha = node.off ? 0.45 : 1;
    c.fillStyle = node.color === undefined ? colors.node : colors.hue(node.color, 0.8);
    c.fillRect(node.x, node.y, node.width, node.height);
    c.fillStyle = node.color === undefined ? colors.head : colors.hue(node.color, 1);
    c.fillRect(node.x, node.y, node.width, Math.min(HEADER, node.height));
    const ring = node.selected
      ? colors.accent
      : node.mark
        ? colors.mark(node.mark)
        : node.state === "failed"
          ? colors.bad
          : node.state === "running"
            ? colors.good
            : null;
    c.strokeStyle = ring ?? colors.line;
    c.lineWidth = (ring === null ? 1 : 2) / zoom;
    c.strokeRect(node.x, node.y, node.width, node.height);
    const size = Math.round(Math.min(34, Math.max(18, 10 / zoom), node.height * 0.7));
    if (size * zoom >= 5.5) {
      if (size !== this.#size) {
        // Setting a font is dear, even the same one.
        c.font = `500 ${size}px ${colors.font}`;
        this.#size = size;
      }
      c.fillStyle = colors.text;
      c.textBaseline = "middle";
      const title = this.#fitted(node.title, node.width - 20, size);
      c.fillText(title, node.x + 10, node.y + Math.max(HEADER / 2, node.height / 2));
    }
    c.globalAlpha = 1;
  }

  /** A title cut to a width. It is measured once, in one size, and scaled. */
  #fitted(title: string, width: number, size: number): string {
    let natural = this.#titles.get(title);
    if (natural === undefined) {
      const { font } = this.#context;
      this.#context.font = `500 100px ${this.#colors.font}`;
      natural = this.#context.measureText(title).width / 100;
      this.#context.font = font;
      if (this.#titles.size > 5000) this.#titles.clear();
      this.#titles.set(title, natural);
    }
    const part = width / (natural * size);
    return part >= 1 ? title : shortened(title, part);
  }

  #knife([from, to]: readonly [Point, Point], zoom: number): void {
    const c = this.#context;
    c.strokeStyle = this.#colors.bad;
    c.lineWidth = 1.5 / zoom;
    c.setLineDash([6 / zoom, 4 / zoom]);
    c.beginPath();
    c.moveTo(from.x, from.y);
    c.lineTo(to.x, to.y);
    c.stroke();
    c.setLineDash([]);
  }

  #box(box: Rect, zoom: number): void {
    const c = this.#context;
    c.fillStyle = this.#colors.soft;
    c.strokeStyle = this.#colors.accent;
    c.lineWidth = 1 / zoom;
    c.fillRect(box.x, box.y, box.width, box.height);
    c.strokeRect(box.x, box.y, box.width, box.height);
  }
}

function trace(path: Path2D, wire: Pick<Wire, "x1" | "y1" | "x2" | "y2">, straight: boolean): void {
  const d = reach(wire.x1, wire.x2);
  path.moveTo(wire.x1, wire.y1);
  if (straight) path.lineTo(wire.x2, wire.y2);
  else path.bezierCurveTo(wire.x1 + d, wire.y1, wire.x2 - d, wire.y2, wire.x2, wire.y2);
}

function rounded(c: CanvasRenderingContext2D, r: Rect, radius: number): void {
  c.beginPath();
  c.roundRect(r.x, r.y, r.width, r.height, radius);
}

function meets(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function wireMeets(wire: Wire, seen: Rect): boolean {
  const d = reach(wire.x1, wire.x2);
  return (
    Math.min(wire.x1, wire.x2 - d) < seen.x + seen.width &&
    Math.max(wire.x1 + d, wire.x2) > seen.x &&
    Math.min(wire.y1, wire.y2) < seen.y + seen.height &&
    Math.max(wire.y1, wire.y2) > seen.y
  );
}

function readColors(): Colors {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(name).trim();
  const made = new Map<string, string>();
  const memo = (key: string, make: () => string) => {
    let color = made.get(key);
    if (color === undefined) {
      color = make();
      made.set(key, color);
    }
    return color;
  };
  const marks = {
    added: token("--good"),
    removed: token("--bad"),
    changed: token("--warn"),
    moved: token("--faint"),
  };
  const [sl, sc, hl, hc] = ["--socket-l", "--socket-c", "--hue-l", "--hue-c"].map(token);
  return {
    canvas: token("--canvas"),
    dot: token("--canvas-dot"),
    node: token("--node"),
    head: token("--node-head"),
    line: token("--line-strong"),
    text: token("--text"),
    dim: token("--dim"),
    accent: token("--accent"),
    soft: token("--accent-soft"),
    bad: token("--bad"),
    good: token("--good"),
    mark: (mark) => marks[mark],
    font: token("--font"),
    socket: (hue, alpha = 1) =>
      memo(`s${hue}/${alpha}`, () =>
        hue === null ? `oklch(${sl} 0 0 / ${alpha})` : `oklch(${sl} ${sc} ${hue} / ${alpha})`,
      ),
    hue: (color, alpha) =>
      memo(`h${color}/${alpha}`, () => {
        const hue = NODE_HUES[Math.abs(color) % NODE_HUES.length];
        return `oklch(${hl} ${hc} ${hue} / ${alpha})`;
      }),
  };
}
