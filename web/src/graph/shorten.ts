/** Long texts, such as exceptions, where there is room for a few lines. */

const LONGEST = 140;
const MOST_LINES = 3;

/** The beginning of a text as far as there is room, or the text itself. */
export function beginningOf(text: string): string {
  const lines = text.split("\n").slice(0, MOST_LINES).join("\n");
  const start = lines.slice(0, LONGEST).trimEnd();
  return start.length < text.trimEnd().length ? `${start}…` : text;
}
