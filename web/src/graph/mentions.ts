/** Names of models in a text, such as `embedding:style`, while they are written. */

export interface Mention {
  /** What of the name is written already. */
  readonly part: string;
  /** Where the name begins in the text; it ends at the cursor. */
  readonly start: number;
}

const patterns = new Map<string, RegExp | null>();

function compiled(pattern: string): RegExp | null {
  let made = patterns.get(pattern);
  if (made === undefined) {
    try {
      made = new RegExp(pattern, "g");
    } catch {
      made = null; // a pattern that only Python understands: no help while writing
    }
    patterns.set(pattern, made);
  }
  return made;
}

/**
 * The name that is being written at a place.
 *
 * The schema gives a pattern for whole names only. So the word before the cursor is tried with one
 * letter more: if the pattern then finds a name that reaches to its end, one is being written.
 */
export function mentionAt(text: string, at: number, pattern: string): Mention | null {
  const expression = compiled(pattern);
  if (expression === null) return null;
  const line = text.slice(Math.max(0, at - 300), at);
  const word = /\S*$/.exec(line)?.[0] ?? "";
  if (word === "") return null;
  const before = line.slice(0, line.length - word.length).slice(-1);
  const tried = `${before}${word}x`;
  for (const match of tried.matchAll(expression)) {
    const name = match[1];
    if (name === undefined || (match.index ?? 0) + match[0].length !== tried.length) continue;
    const part = name.slice(0, -1);
    return { part, start: at - part.length };
  }
  return null;
}

/** A name as it is written in a text: without what it may leave out. */
export function writtenName(name: string): string {
  return name.replace(/\.safetensors$/, "");
}
