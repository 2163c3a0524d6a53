/**
 * Whether the keyboard is at work on the canvas, or only passes by.
 *
 * Tab searches for a node where one is at work. Who walks through the page by Tab passes by: Tab
 * goes on to what comes next, as everywhere, and nobody is caught.
 */

import { focusCanvas } from "../state/viewport";

let atWork = false;
let tabbing = false;

/** Whether Tab is the canvas's own key now. */
export function isAtWork(): boolean {
  return atWork;
}

/** The next Tab goes on to what comes after the canvas. */
export function passBy(): void {
  atWork = false;
}

/** A press on the canvas, or a command given there by its key. */
export function getToWork(): void {
  atWork = true;
}

/** The canvas has the focus: by Tab one passes by, by all else one came to work. */
export function onFocus(event: React.FocusEvent): void {
  if (event.target === event.currentTarget) atWork = !tabbing;
}

/** Notice by what the focus moves; before others, as some of them keep events to themselves. */
export function watchTabbing(): void {
  const watch = (event: Event) => {
    tabbing = event instanceof KeyboardEvent && event.key === "Tab";
  };
  window.addEventListener("keydown", watch, { capture: true });
  window.addEventListener("pointerdown", watch, { capture: true });
}

/** Give the canvas the focus that was lost with the element that had it. */
export function catchFocus(): void {
  if (document.activeElement === document.body) focusCanvas();
}
