/**
 * Pictures as bytes of red, green, blue and opacity.
 *
 * A canvas cannot carry them: it forgets the colour of what is transparent, and that is just the
 * part of a masked picture that will be painted again from.
 */

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Four bytes a pixel, rows from the top. */
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/** Fetch and decode a picture. */
export async function readPixels(url: string): Promise<Pixels> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  const bitmap = await createImageBitmap(await answer.blob(), {
    premultiplyAlpha: "none",
    colorSpaceConversion: "none",
  });
  try {
    return throughGraphics(bitmap) ?? throughCanvas(bitmap);
  } finally {
    bitmap.close();
  }
}

function throughGraphics(bitmap: ImageBitmap): Pixels | null {
  const { width, height } = bitmap;
  const gl = new OffscreenCanvas(1, 1).getContext("webgl");
  if (gl === null || Math.max(width, height) > gl.getParameter(gl.MAX_TEXTURE_SIZE)) return null;
  gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
  gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE);
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
  const texture = gl.getParameter(gl.TEXTURE_BINDING_2D) as WebGLTexture;
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  const data = new Uint8ClampedArray(width * height * 4);
  const complete = gl.checkFramebufferStatus(gl.FRAMEBUFFER) === gl.FRAMEBUFFER_COMPLETE;
  if (complete) {
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(data.buffer));
  }
  const failed = gl.getError() !== gl.NO_ERROR;
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return complete && !failed ? { width, height, data } : null;
}

/** Without a graphics context: exact where the picture is opaque. */
function throughCanvas(bitmap: ImageBitmap): Pixels {
  const { width, height } = bitmap;
  const c = new OffscreenCanvas(width, height).getContext(
    "2d",
  ) as OffscreenCanvasRenderingContext2D;
  c.drawImage(bitmap, 0, 0);
  return { width, height, data: c.getImageData(0, 0, width, height).data };
}

/** A rectangle of a picture; it must lie inside. */
export function cut(from: Pixels, x: number, y: number, width: number, height: number): Pixels {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let row = 0; row < height; row++) {
    const start = ((y + row) * from.width + x) * 4;
    data.set(from.data.subarray(start, start + width * 4), row * width * 4);
  }
  return { width, height, data };
}

/** The picture without its transparency, to look at. */
export function opaque({ width, height, data }: Pixels): ImageData {
  const shown = new Uint8ClampedArray(data);
  for (let i = 3; i < shown.length; i += 4) shown[i] = 255;
  return new ImageData(shown, width, height);
}

/** A PNG file with exactly these bytes. */
export async function encodePng({ width, height, data }: Pixels): Promise<Blob> {
  const line = width * 4;
  const rows = new Uint8Array((line + 1) * height);
  for (let y = 0; y < height; y++) {
    // Each row says its filter first: "up", the difference to the row above, packs well.
    rows[y * (line + 1)] = 2;
    for (let i = 0; i < line; i++) {
      const above = y > 0 ? (data[(y - 1) * line + i] as number) : 0;
      rows[y * (line + 1) + 1 + i] = (data[y * line + i] as number) - above;
    }
  }
  const packed = new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"));
  const body = new Uint8Array(await new Response(packed).arrayBuffer());
  const head = new Uint8Array(13);
  const view = new DataView(head.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  head.set([8, 6, 0, 0, 0], 8); // 8 bits, colour with opacity, nothing else
  const parts = [
    new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk("IHDR", head),
    chunk("IDAT", body),
    chunk("IEND", new Uint8Array()),
  ];
  return new Blob(parts, { type: "image/png" });
}

function chunk(kind: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(body.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  bytes.set(new TextEncoder().encode(kind), 4);
  bytes.set(body, 8);
  view.setUint32(body.length + 8, crc(bytes.subarray(4, body.length + 8)));
  return bytes;
}

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = (CRC[(c ^ byte) & 255] as number) ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** A file's name with something added, in a form that every system takes. */
export function nameWith(name: string, what: string): string {
  const stem = (name.split("/").pop() ?? "picture").replace(/\.\w+$/, "");
  const plain = stem.replace(new RegExp(`(-${what})+(_\\d+)?$`), "");
  return `${plain}-${what}.png`;
}
