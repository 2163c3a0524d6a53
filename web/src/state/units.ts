/** Sizes as people read them; the same in every language. */

const UNITS = ["B", "kB", "MB", "GB", "TB"];

export function size(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const number = bytes / 1000 ** power;
  return `${number.toFixed(number < 10 && power > 0 ? 1 : 0)} ${UNITS[power]}`;
}
