/** Where each tab stands in the library, for everything that shows it. */

import { create } from "zustand";
import { type Kept, NOT_KEPT } from "./machine";

interface Library {
  readonly kept: Readonly<Record<string, Kept>>;
  /** Grows whenever something in the library changed, so that lists ask anew. */
  readonly version: number;
}

export const useLibrary = create<Library>(() => ({ kept: {}, version: 0 }));

export function keptOf(tab: string, state: Library = useLibrary.getState()): Kept {
  return state.kept[tab] ?? NOT_KEPT;
}

export function setKept(tab: string, update: (kept: Kept) => Kept): void {
  useLibrary.setState(({ kept }) => ({ kept: { ...kept, [tab]: update(kept[tab] ?? NOT_KEPT) } }));
}

export function libraryChanged(): void {
  useLibrary.setState(({ version }) => ({ version: version + 1 }));
}
