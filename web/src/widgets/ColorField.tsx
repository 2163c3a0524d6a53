import "./ColorField.css";
import { useState } from "react";
import { numberOf } from "../api/json";
import { t } from "../state/messages/index";
import { say } from "../state/ui";
import type { FieldProps } from "./field";

/** A colour: typed as its hex digits, or chosen in the browser's own picker. */
export function ColorField({ label, value, onChange, onDone }: FieldProps) {
  const [typing, setTyping] = useState<string | null>(null);
  const now = numberOf(value);
  const good = Number.isInteger(now) && now >= 0 && now <= 0xffffff;
  const hex = good ? hexOf(now) : String(value ?? "");
  const finish = (text: string) => {
    setTyping(null);
    if (text.trim() === hex) return;
    const color = colorIn(text);
    if (color === null) say(t("widget.notColor", { text }), "bad");
    else onChange(color);
  };
  return (
    <div className={`field color ${good ? "" : "bad"}`}>
      <span className="label">{label}</span>
      <input
        className="hex"
        value={typing ?? hex}
        aria-label={label}
        spellCheck={false}
        onFocus={(event) => event.target.select()}
        onChange={(event) => setTyping(event.target.value)}
        onBlur={() => typing !== null && finish(typing)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.ctrlKey && typing !== null) finish(typing);
          if (event.key === "Escape") setTyping(null);
        }}
      />
      <input
        type="color"
        value={good ? hex : "#000000"}
        aria-label={t("widget.pickColor", { name: label })}
        title={t("widget.pickColor", { name: label })}
        onChange={(event) => onChange(Number.parseInt(event.target.value.slice(1), 16), true)}
        onBlur={onDone}
      />
    </div>
  );
}

export function hexOf(color: number): string {
  return `#${color.toString(16).padStart(6, "0")}`;
}

/** `#rrggbb` or `#rgb`, with or without the sign; null for anything else. */
export function colorIn(text: string): number | null {
  const digits = text.trim().replace(/^#|^0x/i, "");
  if (/^[\da-f]{6}$/i.test(digits)) return Number.parseInt(digits, 16);
  if (/^[\da-f]{3}$/i.test(digits)) {
    return Number.parseInt([...digits].map((d) => d + d).join(""), 16);
  }
  return null;
}
