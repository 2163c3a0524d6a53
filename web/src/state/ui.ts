/** What of the page is open, and how it looks. Nothing here belongs to a workflow. */

import { create } from "zustand";
import type { Link, PortRef } from "../graph/model";
import type { SocketType } from "../graph/types";
import type { PanelId } from "./messages/panels";

export type Theme = "dark" | "light";
export type Language = "en" | "zh";

/** A link that is being made: one end is held, the other looks for a port. */
export interface Pending {
  readonly end: PortRef;
  readonly side: "input" | "output";
  readonly type: SocketType;
  /** `node.port` of every port it may end at. */
  readonly ports: ReadonlySet<string>;
  readonly nodes: ReadonlySet<string>;
  /** Links that go along: the one taken off an input, or all of an output's. */
  readonly carried: readonly Link[];
  /** The port it would be linked to if it were let go now. */
  readonly aim: PortRef | null;
}

export interface Palette {
  /** Where it opens, in pixels of the page. */
  readonly screen: { readonly x: number; readonly y: number };
  /** Where the new node comes to stand, in canvas units. */
  readonly flow: { readonly x: number; readonly y: number };
  readonly pending: Pending | null;
  /** The link that the new node is put into; `pending` is held at its source. */
  readonly into?: Link;
  /** Opened by the keyboard: the view goes to the new node. */
  readonly byKey?: boolean;
}

/** A picture to be looked at. */
export interface Shown {
  readonly url: string;
  readonly name?: string;
  readonly artifact?: { readonly file: string } | null;
}

export type OpenDialog =
  | { readonly kind: "shortcuts" }
  | { readonly kind: "conflict"; readonly tab: string }
  | { readonly kind: "share"; readonly entry: string }
  | { readonly kind: "report"; readonly tab: string }
  | { readonly kind: "consent" }
  | { readonly kind: "describe"; readonly entry: string }
  | { readonly kind: "sweep" }
  | { readonly kind: "picture"; readonly index: number }
  | { readonly kind: "compare"; readonly pictures: readonly [Shown, Shown] }
  | { readonly kind: "mask"; readonly node: string; readonly port: string }
  | { readonly kind: "crop"; readonly node: string; readonly port: string }
  | { readonly kind: "region"; readonly node: string }
  | { readonly kind: "link"; readonly node: string };

export interface Menu {
  readonly x: number;
  readonly y: number;
  readonly node: string | null;
  /** The value or socket it was opened on. */
  readonly port: string | null;
  readonly side: "input" | "output";
  readonly link: string | null;
  readonly flow: { readonly x: number; readonly y: number };
}

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: "plain" | "bad";
  /** Something to do about it, such as undoing it. */
  readonly action?: { readonly label: string; readonly perform: () => void };
}

interface Ui {
  readonly theme: Theme;
  readonly language: Language;
  readonly left: PanelId | null;
  readonly right: PanelId | null;
  readonly minimap: boolean;
  readonly snap: boolean;
  /** Whether nodes say after each change what the next run would do with them. */
  readonly explain: boolean;
  readonly formOnly: boolean;
  readonly palette: Palette | null;
  readonly pending: Pending | null;
  readonly dialog: OpenDialog | null;
  readonly menu: Menu | null;
  readonly toasts: readonly Toast[];
  readonly zoom: number;
  /** The node or group whose title is being written. */
  readonly renaming: string | null;
}

const STORED = "weft.ui";
const remembered = read();

export const useUi = create<Ui>(() => ({
  theme: matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark",
  language: navigator.language.startsWith("zh") ? "zh" : "en",
  left: null,
  right: null,
  minimap: true,
  snap: true,
  explain: false,
  formOnly: false,
  ...remembered,
  palette: null,
  pending: null,
  dialog: null,
  menu: null,
  toasts: [],
  renaming: null,
  zoom: 1,
}));

function dress({ theme, language }: Pick<Ui, "theme" | "language">): void {
  document.documentElement.dataset["theme"] = theme;
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}

let stored = "";

// Before anything is drawn, and before others hear of a change: the canvas reads its colours here.
dress(useUi.getState());
useUi.subscribe((ui) => {
  dress(ui);
  const { theme, language, left, right, minimap, snap, explain } = ui;
  const text = JSON.stringify({ theme, language, left, right, minimap, snap, explain });
  // The scale changes with every frame of a zoom, and is not kept.
  if (text === stored) return;
  stored = text;
  try {
    localStorage.setItem(STORED, text);
  } catch {
    // A full or forbidden store costs the choice of a theme, no more.
  }
});

function read(): Partial<Ui> {
  try {
    const data: unknown = JSON.parse(localStorage.getItem(STORED) ?? "{}");
    return typeof data === "object" && data !== null ? data : {};
  } catch {
    return {};
  }
}

export const setUi = useUi.setState;

const narrow = matchMedia("(max-width: 720px)");

/** Whether a panel covers the canvas; narrow.css knows the same width. */
export const isNarrow = (): boolean => narrow.matches;

const touched = matchMedia("(hover: none) and (pointer: coarse)");

/** Whether the page is used by fingers, without keys or a mouse. */
export const isTouched = (): boolean => touched.matches;

// There is room for one panel then, and it is the one that was asked for last.
useUi.subscribe((ui, before) => {
  if (!narrow.matches || ui.left === null || ui.right === null) return;
  setUi(ui.left === before.left ? { left: null } : { right: null });
});

let toasts = 0;

/** Say something in passing; it goes by itself, or when it is dismissed by the id given back. */
export function say(
  text: string,
  tone: Toast["tone"] = "plain",
  action?: NonNullable<Toast["action"]>,
): number {
  const toast = { id: ++toasts, text, tone, ...(action && { action }) };
  // What is said again and again, as in a drag, is said once.
  const others = (ui: Ui) => ui.toasts.filter((one) => one.text !== text);
  setUi((ui) => ({ toasts: [...others(ui).slice(-2), toast] }));
  setTimeout(() => dismiss(toast.id), tone === "bad" || action ? 8000 : 3500);
  return toast.id;
}

export function dismiss(id: number): void {
  setUi((ui) => ({ toasts: ui.toasts.filter((toast) => toast.id !== id) }));
}
