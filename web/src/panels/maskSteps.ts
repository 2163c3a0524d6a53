/** A mask as the list of what was done to it; the last thing is done while the pointer moves. */

export interface Stroke {
  readonly kind: "stroke";
  readonly points: readonly (readonly [number, number])[];
  /** Pixels across. */
  readonly size: number;
  /** Pixels over which its edge falls; 0 for a sharp one. */
  readonly feather: number;
  readonly erases: boolean;
}

export type MaskStep = Stroke | { readonly kind: "invert" } | { readonly kind: "clear" };

type Context = OffscreenCanvasRenderingContext2D;

/** Opacity is the mask; the colour is only how it is shown. */
const COLOR = "#f0506e";

export class MaskPainter {
  readonly #canvas: OffscreenCanvas;
  readonly #base: OffscreenCanvas;
  #done: readonly MaskStep[] = [];

  /** @param alpha The mask to begin with: one byte a pixel. */
  constructor(width: number, height: number, alpha: (index: number) => number) {
    this.#canvas = new OffscreenCanvas(width, height);
    this.#base = new OffscreenCanvas(width, height);
    const image = new ImageData(width, height);
    const [r, g, b] = [0xf0, 0x50, 0x6e];
    for (let i = 0; i < width * height; i++) image.data.set([r, g, b, alpha(i)], i * 4);
    context(this.#base).putImageData(image, 0, 0);
    context(this.#canvas).drawImage(this.#base, 0, 0);
  }

  /** Show the mask after some steps; what was drawn before is not drawn again. */
  show(target: CanvasRenderingContext2D, steps: readonly MaskStep[]): void {
    const settled = steps.slice(0, -1);
    const grew =
      this.#done.length <= settled.length && this.#done.every((step, i) => step === settled[i]);
    const c = context(this.#canvas);
    if (!grew) {
      c.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
      c.drawImage(this.#base, 0, 0);
    }
    for (const step of grew ? settled.slice(this.#done.length) : settled) perform(c, step);
    this.#done = settled;
    target.clearRect(0, 0, target.canvas.width, target.canvas.height);
    target.globalCompositeOperation = "source-over";
    target.drawImage(this.#canvas, 0, 0);
    const last = steps[steps.length - 1];
    if (last !== undefined) perform(target, last);
  }
}

function context(canvas: OffscreenCanvas): Context {
  return canvas.getContext("2d") as Context;
}

function perform(c: Context | CanvasRenderingContext2D, step: MaskStep): void {
  const { width, height } = c.canvas;
  c.save();
  c.fillStyle = COLOR;
  if (step.kind === "clear") {
    c.clearRect(0, 0, width, height);
  } else if (step.kind === "invert") {
    c.globalCompositeOperation = "source-out";
    c.fillRect(0, 0, width, height);
  } else {
    const { points, size, feather, erases } = step;
    c.globalCompositeOperation = erases ? "destination-out" : "source-over";
    if (feather > 0) c.filter = `blur(${feather / 2}px)`;
    c.lineCap = "round";
    c.lineJoin = "round";
    c.strokeStyle = COLOR;
    c.lineWidth = size;
    c.beginPath();
    const [first] = points;
    if (first) c.moveTo(first[0], first[1]);
    // A press without a move is a dot.
    for (const [x, y] of points) c.lineTo(x + 0.01, y);
    c.stroke();
  }
  c.restore();
}
