import "./BooleanField.css";
import { t } from "../state/messages/index";
import type { FieldProps } from "./field";

/** Yes or no. */
export function BooleanField({ label, value, onChange }: FieldProps) {
  const on = value === true;
  return (
    <button
      type="button"
      role="switch"
      aria-checked={on}
      aria-label={label}
      className="field boolean"
      onClick={() => onChange(!on)}
    >
      <span className="label">{label}</span>
      <span className="value">{t(on ? "widget.true" : "widget.false")}</span>
      <span className="switch" aria-hidden="true" />
    </button>
  );
}
