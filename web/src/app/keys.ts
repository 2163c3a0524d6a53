/** The keyboard: which command a key gives, and where keys belong to the graph. */

import { getToWork, isAtWork } from "../canvas/focus";
import { useUi } from "../state/ui";
import { COMMANDS, type Command } from "./commands";

/** The letter on a key of the usual layout, for alphabets that have no such letters. */
function letterOf(event: KeyboardEvent): string {
  const latin = /^Key([A-Z])$/.exec(event.code)?.[1];
  const foreign = event.key.length === 1 && event.key > "\u007f";
  return foreign && latin !== undefined ? latin : event.key;
}

function keyOf(event: KeyboardEvent): string {
  const key = letterOf(event);
  const shifted = key.length > 1 || /[a-z]/i.test(key);
  return [
    (event.ctrlKey || event.metaKey) && "Mod",
    event.altKey && "Alt",
    event.shiftKey && shifted && "Shift",
    key.length === 1 ? key.toUpperCase() : key,
  ]
    .filter(Boolean)
    .join("+");
}

export function isEditing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.closest("input, textarea, select") !== null)
  );
}

/** Whether keys belong to the graph: it has the focus, or nothing has. */
export function onCanvas(target: EventTarget | null): boolean {
  if (target === document.body) return true;
  return (
    target instanceof Element &&
    target.closest(".canvas") !== null &&
    target.closest("[role=slider], [role=combobox], [role=listbox], .widget") === null
  );
}

/** Whether a letter means something where the focus is: it is written, or looked up in a list. */
function takesLetters(target: EventTarget | null): boolean {
  const { menu, palette } = useUi.getState();
  if (menu !== null || palette !== null) return true;
  const lists = "[role=slider], [role=combobox], [role=listbox], [role=menu], .widget";
  return target instanceof Element && target.closest(lists) !== null;
}

/** Whether a key does what its command says where the focus is. */
function isMeant(key: string, command: Command, target: EventTarget | null): boolean {
  const bare = !/^(Mod|Alt)\+(?!Arrow)/.test(key);
  if (!bare) return true;
  // Tab walks through the page but for whoever is at work on the canvas.
  if (key === "Tab") return isAtWork() && target instanceof Element && isCanvas(target);
  if (onCanvas(target)) return true;
  // A button has no use for letters: those that show something work beside the canvas too. Tab,
  // Enter and the arrows keep their usual meaning there, and letters that change the graph wait.
  const shows = command.group === "shortcuts.see" || command.group === "shortcuts.run";
  return shows && key.length === 1 && !takesLetters(target);
}

function isCanvas(target: Element): boolean {
  return target.classList.contains("canvas");
}

export function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || useUi.getState().dialog !== null) return;
  const key = keyOf(event);
  const command = COMMANDS.find(({ keys }) => keys.split(" ").includes(key));
  if (command === undefined || command.native === true) return;
  if (command.always === true) {
    event.preventDefault();
    command.perform(key);
    return;
  }
  if (isEditing(event.target)) return;
  if (key === "Escape") {
    command.perform(key);
    return;
  }
  if (!isMeant(key, command, event.target)) return;
  if (onCanvas(event.target)) getToWork();
  event.preventDefault();
  command.perform(key);
}
