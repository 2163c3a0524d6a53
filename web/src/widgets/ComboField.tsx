import "./ComboField.css";
import { ChevronsUpDown } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { sameValue } from "../api/json";
import { choiceName } from "../graph/names";
import { focusCanvas } from "../state/viewport";
import { Choices } from "./Choices";
import type { FieldProps } from "./field";
import { Popover } from "./Popover";

/** One of a list that the schema gives. */
export function ComboField({ label, schema, value, onChange }: FieldProps) {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLButtonElement>(null);
  const choices = schema.choices ?? [];
  const options = useMemo(
    () =>
      choices.map((choice) => {
        const text = String(choice);
        const name = choiceName(text, schema);
        // Guides in English name the value.
        return { value: text, ...(name && name !== text && { label: name, note: text }) };
      }),
    [choices, schema],
  );
  const shown = choiceName(String(value ?? ""), schema) ?? String(value ?? "");
  const known = choices.some((choice) => sameValue(choice, value));
  const close = () => {
    setOpen(false);
    if (anchor.current) anchor.current.focus({ preventScroll: true });
    else focusCanvas();
  };
  return (
    <>
      <button
        ref={anchor}
        type="button"
        className={`field combo ${known ? "" : "bad"}`}
        aria-haspopup="listbox"
        aria-expanded={open}
        aria-label={`${label}: ${shown}`}
        onClick={() => setOpen(!open)}
      >
        <span className="label">{label}</span>
        <span className="value">{shown}</span>
        <ChevronsUpDown size={12} aria-hidden="true" />
      </button>
      {open && (
        <Popover anchor={anchor} onClose={() => setOpen(false)}>
          <Choices
            label={label}
            options={options}
            value={String(value ?? "")}
            onClose={close}
            onPick={(text) => {
              onChange(choices.find((choice) => String(choice) === text));
              close();
            }}
          />
        </Popover>
      )}
    </>
  );
}
