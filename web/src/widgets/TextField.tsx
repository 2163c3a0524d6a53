import "./TextField.css";
import { compactJson } from "../api/json";
import { focusCanvas } from "../state/viewport";
import type { FieldProps } from "./field";

/** A text of one line. */
export function TextField({ label, value, onChange, onDone }: FieldProps) {
  const text = typeof value === "string" ? value : value == null ? "" : compactJson(value);
  return (
    <label className="field text">
      <span className="label">{label}</span>
      <input
        value={text}
        aria-label={label}
        spellCheck={false}
        onChange={(event) => onChange(event.target.value, true)}
        onBlur={onDone}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.ctrlKey) event.currentTarget.blur();
          else if (event.key === "Escape") {
            event.stopPropagation();
            focusCanvas();
          }
        }}
      />
    </label>
  );
}
