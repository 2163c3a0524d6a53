import { useLayoutEffect, useRef } from "react";
import { focusCanvas } from "../canvas/viewport";
import { weigh } from "../graph/prompt";
import type { FieldProps } from "./Widget";

/** A text of several lines; Ctrl with the arrows weighs words. */
export function PromptField({ label, value, onChange, onDone }: FieldProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const chosen = useRef<{ start: number; end: number } | null>(null);
  const text = typeof value === "string" ? value : "";
  useLayoutEffect(() => {
    if (chosen.current === null) return;
    area.current?.setSelectionRange(chosen.current.start, chosen.current.end);
    chosen.current = null;
  });
  return (
    <div className="prompt">
      <span className="label">{label}</span>
      <textarea
        ref={area}
        className="nowheel"
        value={text}
        aria-label={label}
        spellCheck={false}
        onChange={(event) => onChange(event.target.value, true)}
        onBlur={onDone}
        onKeyDown={(event) => {
          const up = event.key === "ArrowUp";
          if ((event.ctrlKey || event.metaKey) && (up || event.key === "ArrowDown")) {
            event.preventDefault();
            const { selectionStart: start, selectionEnd: end } = event.currentTarget;
            const weighed = weigh({ text, start, end }, up ? 1 : -1);
            chosen.current = weighed;
            onChange(weighed.text, true);
          }
          if (event.key === "Escape") {
            event.stopPropagation();
            event.currentTarget.blur();
            focusCanvas();
          }
        }}
      />
    </div>
  );
}
