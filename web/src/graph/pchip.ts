/** The curve through points that nodes use: monotone between neighbours, level beyond the ends. */

export type Pair = readonly [number, number];

/**
 * Slopes at the points.
 *
 * Source: Fritsch & Carlson 1980, with the ends as SciPy's PchipInterpolator has them, so that the
 * editor draws what ImageCurve computes.
 */
function slopes(points: readonly Pair[]): number[] {
  const n = points.length;
  const h: number[] = [];
  const d: number[] = [];
  for (let i = 0; i + 1 < n; i++) {
    const [a, b] = [points[i] as Pair, points[i + 1] as Pair];
    h.push(b[0] - a[0]);
    d.push((b[1] - a[1]) / (b[0] - a[0]));
  }
  const at = (list: number[], i: number) => list[i] as number;
  if (n === 2) return [at(d, 0), at(d, 0)];
  const m = new Array<number>(n).fill(0);
  for (let i = 1; i + 1 < n; i++) {
    if (at(d, i - 1) * at(d, i) <= 0) continue;
    const w1 = 2 * at(h, i) + at(h, i - 1);
    const w2 = at(h, i) + 2 * at(h, i - 1);
    m[i] = (w1 + w2) / (w1 / at(d, i - 1) + w2 / at(d, i));
  }
  m[0] = end(at(h, 0), at(h, 1), at(d, 0), at(d, 1));
  m[n - 1] = end(at(h, n - 2), at(h, n - 3), at(d, n - 2), at(d, n - 3));
  return m;
}

function end(h0: number, h1: number, d0: number, d1: number): number {
  const m = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1);
  if (Math.sign(m) !== Math.sign(d0)) return 0;
  return Math.sign(d0) !== Math.sign(d1) && Math.abs(m) > 3 * Math.abs(d0) ? 3 * d0 : m;
}

/** The curve as a function; points by rising x, two or more. */
export function curveThrough(points: readonly Pair[]): (x: number) => number {
  const first = points[0] as Pair;
  const last = points[points.length - 1] as Pair;
  const m = slopes(points);
  return (x) => {
    if (x <= first[0]) return first[1];
    if (x >= last[0]) return last[1];
    const i = points.findIndex((p) => p[0] > x) - 1;
    const [a, b] = [points[i] as Pair, points[i + 1] as Pair];
    const h = b[0] - a[0];
    const t = (x - a[0]) / h;
    const [t2, t3] = [t * t, t * t * t];
    return (
      (2 * t3 - 3 * t2 + 1) * a[1] +
      (t3 - 2 * t2 + t) * h * (m[i] as number) +
      (-2 * t3 + 3 * t2) * b[1] +
      (t3 - t2) * h * (m[i + 1] as number)
    );
  };
}
