/**
 * Dictionaries keyed by the text of a document.
 *
 * They inherit nothing: a node may be called `constructor` or `__proto__`, and what is not in a
 * dictionary is undefined whatever it is called. So none is made by `{}` or a spread.
 */

/** Its objects inherit from one that is empty: unlike those without any they are quick to read. */
function Empty(): void {}
Empty.prototype = Object.freeze(Object.create(null));
const Dictionary = Empty as unknown as new () => object;

export type Entries<T> = Iterable<readonly [string, T]>;

/** A dictionary of entries; of a key that comes twice the last counts. */
export function dictOf<T>(entries: Entries<T> = []): Record<string, T> {
  const made = new Dictionary() as Record<string, T>;
  for (const [key, value] of entries) made[key] = value;
  return made;
}

/** What all of them hold; of a key in several the last counts. */
export function joined<T>(...parts: readonly Readonly<Record<string, T>>[]): Record<string, T> {
  const made = dictOf<T>();
  for (const part of parts) {
    for (const key of Object.keys(part)) made[key] = part[key] as T;
  }
  return made;
}

/** A dictionary with one key set. */
export function withKey<T>(from: Readonly<Record<string, T>>, key: string, value: T) {
  const made = joined(from);
  made[key] = value;
  return made;
}

/** A dictionary without a key. */
export function withoutKey<T>(from: Readonly<Record<string, T>>, key: string) {
  const made = joined(from);
  delete made[key];
  return made;
}

/** What an object holds itself under a name, for those that others make. */
export function own<T>(from: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(from, key) ? from[key] : undefined;
}
