/** The windows of one browser tell each other what they save, so that none goes on with an old state. */

/** A tab was saved. Windows that restored the same tabs know it by the same id. */
export interface Saved {
  readonly tab: string;
  readonly entry: string;
  readonly name: string;
}

const NAME = "weft.library";
const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(NAME);

export function tellWindows(saved: Saved): void {
  channel?.postMessage(saved);
}

export function hearWindows(heard: (saved: Saved) => void): void {
  channel?.addEventListener("message", ({ data }: MessageEvent<Saved>) => heard(data));
}
