/** Texts embedded in a PNG picture. */

import { dictOf } from "../api/dict";

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const LONGEST = 64 * 2 ** 20;

/** Keyword -> text of every tEXt and iTXt chunk; empty for other files. */
export async function pngTexts(bytes: Uint8Array): Promise<Record<string, string>> {
  const texts: Record<string, string> = dictOf();
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) return texts;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const kind = latin1(bytes.subarray(at + 4, at + 8));
    const end = at + 8 + length;
    if (end + 4 > bytes.length) break;
    const body = bytes.subarray(at + 8, end);
    if (kind === "tEXt" || kind === "iTXt" || kind === "zTXt") await readText(kind, body, texts);
    at = end + 4;
  }
  return texts;
}

async function readText(kind: string, body: Uint8Array, texts: Record<string, string>) {
  const zero = body.indexOf(0);
  if (zero < 0) return;
  const keyword = latin1(body.subarray(0, zero));
  if (kind === "tEXt") {
    texts[keyword] = latin1(body.subarray(zero + 1));
  } else if (kind === "zTXt") {
    texts[keyword] = latin1(await inflate(body.subarray(zero + 2)));
  } else {
    const language = body.indexOf(0, zero + 3);
    const translated = body.indexOf(0, language + 1);
    if (language < 0 || translated < 0) return;
    const packed = body.subarray(translated + 1);
    const plain = body[zero + 1] === 1 ? await inflate(packed) : packed;
    texts[keyword] = new TextDecoder().decode(plain);
  }
}

async function inflate(packed: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([packed as BlobPart])
    .stream()
    .pipeThrough(new DecompressionStream("deflate"));
  const parts: Uint8Array[] = [];
  let size = 0;
  for (const reader = stream.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    // A few bytes can inflate to gigabytes.
    if (size > LONGEST) throw new Error("The text in this picture is too large.");
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
