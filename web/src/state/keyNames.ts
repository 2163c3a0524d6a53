/** Keys as people write them. */

const MAC = /Mac|iPhone|iPad/.test(navigator.userAgent);

const NAMES: Readonly<Record<string, string>> = {
  Mod: MAC ? "⌘" : "Ctrl",
  Shift: MAC ? "⇧" : "Shift",
  Alt: MAC ? "⌥" : "Alt",
  Enter: "↵",
  Delete: "Del",
  Escape: "Esc",
};

const ARROWS: Readonly<Record<string, string>> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
};

/** A key as people write it; of several the first. */
export function keyText(keys: string): string {
  return keyTexts(keys)[0] ?? "";
}

/** Every key of a command as people write it; arrows together. */
export function keyTexts(keys: string): string[] {
  const all = keys.split(" ");
  if (all.every((key) => key.includes("Arrow"))) {
    const signs = all.map((key) => ARROWS[key.slice(key.indexOf("Arrow"))] ?? "");
    return [written(all[0] ?? "", signs.join(" "))];
  }
  return all.map((key) => written(key));
}

function written(key: string, arrows = ""): string {
  return key
    .split(/(?<=.)\+/)
    .map((part) => (part.startsWith("Arrow") ? arrows : (NAMES[part] ?? part)))
    .filter((part) => part !== "")
    .join(MAC ? "" : "+")
    .replaceAll(" ", "\u00a0");
}
