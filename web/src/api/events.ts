/** The websocket: it comes back by itself, and says so. */

import { isObject, type Value } from "./json";
import type { ServerEvent } from "./server";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 5_000;

export interface Listener {
  readonly onEvents: (events: readonly ServerEvent[]) => void;
  readonly onOnline: (online: boolean) => void;
}

/** Listen until the returned function is called. */
export function listen(listener: Listener): () => void {
  let socket: WebSocket | null = null;
  let wait = FIRST_WAIT;
  let timer = 0;
  let last: number | null = null;
  let stopped = false;

  const open = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const query = last === null ? "" : `?after=${last}`;
    socket = new WebSocket(`${scheme}://${location.host}/v1/events${query}`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      wait = FIRST_WAIT;
      listener.onOnline(true);
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      const events = typeof data === "string" ? eventsIn(data) : previewIn(data);
      for (const event of events) if ("id" in event) last = event.id;
      listener.onEvents(events);
    };
    socket.onclose = () => {
      if (stopped) return;
      listener.onOnline(false);
      timer = window.setTimeout(open, wait);
      wait = Math.min(LONGEST_WAIT, wait * 2);
    };
  };
  const retry = () => {
    if (socket?.readyState !== WebSocket.CLOSED) return;
    clearTimeout(timer);
    open();
  };
  open();
  // Whoever comes back to the page does not wait for the next try.
  const shown = () => document.visibilityState === "visible" && retry();
  window.addEventListener("online", retry);
  window.addEventListener("focus", retry);
  document.addEventListener("visibilitychange", shown);
  return () => {
    stopped = true;
    clearTimeout(timer);
    window.removeEventListener("online", retry);
    window.removeEventListener("focus", retry);
    document.removeEventListener("visibilitychange", shown);
    socket?.close();
  };
}

function eventsIn(text: string): readonly ServerEvent[] {
  // Plain numbers: nothing of a document is in an event, and times and rates are reckoned with.
  const data = JSON.parse(text) as Value;
  return Array.isArray(data) ? (data.filter(isObject) as unknown as ServerEvent[]) : [];
}

/** 4 bytes with the length of a JSON object, the object, the picture. */
function previewIn(data: ArrayBuffer): readonly ServerEvent[] {
  const length = new DataView(data).getUint32(0);
  const text = new TextDecoder().decode(new Uint8Array(data, 4, length));
  const event = JSON.parse(text) as Extract<ServerEvent, { type: "preview" }>;
  const picture = new Blob([data.slice(4 + length)], { type: event.media_type });
  return [{ ...event, url: URL.createObjectURL(picture) }];
}
