/** A contact sheet as one picture, to be kept or shown elsewhere. */

interface Cell {
  readonly row: number;
  readonly column: number;
  readonly url: string | null;
}

const GAP = 8;
const LABEL = 28;
const SIDE = 120;
const LARGEST = 512;
const MOST = 12_000;

/** `names` says what the rows and the columns are of. */
export async function saveSheet(
  names: readonly [string, string],
  rows: readonly string[],
  columns: readonly string[],
  cells: readonly Cell[],
): Promise<void> {
  const images = await Promise.all(cells.map(({ url }) => (url === null ? null : bitmapOf(url))));
  const across = Math.max(1, columns.length);
  const widest = Math.max(...images.map((image) => image?.width ?? 1));
  const highest = Math.max(...images.map((image) => image?.height ?? 1));
  const shrink = Math.min(
    1,
    LARGEST / Math.max(widest, highest),
    MOST / (widest * across),
    MOST / (highest * rows.length),
  );
  const [width, height] = [Math.round(widest * shrink), Math.round(highest * shrink)];
  const canvas = new OffscreenCanvas(
    SIDE + across * (width + GAP),
    LABEL + rows.length * (height + GAP),
  );
  const c = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
  c.fillStyle = "white";
  c.fillRect(0, 0, canvas.width, canvas.height);
  c.fillStyle = "black";
  c.font = "14px sans-serif";
  c.textBaseline = "middle";
  const corner = columns.length > 0 ? `${names[0]} ↓  ${names[1]} →` : names[0];
  c.fillText(corner, GAP, LABEL / 2, SIDE - 2 * GAP);
  columns.forEach((text, j) => {
    c.fillText(text, SIDE + j * (width + GAP), LABEL / 2, width);
  });
  rows.forEach((text, i) => {
    c.fillText(text, GAP, LABEL + i * (height + GAP) + height / 2, SIDE - 2 * GAP);
  });
  cells.forEach(({ row, column }, i) => {
    const image = images[i];
    if (!image) return;
    const [w, h] = [image.width * shrink, image.height * shrink];
    c.drawImage(image, SIDE + column * (width + GAP), LABEL + row * (height + GAP), w, h);
    image.close();
  });
  const url = URL.createObjectURL(await canvas.convertToBlob({ type: "image/png" }));
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = "sheet.png";
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

async function bitmapOf(url: string): Promise<ImageBitmap> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  return createImageBitmap(await answer.blob());
}
