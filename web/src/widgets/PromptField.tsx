import { useId, useLayoutEffect, useRef } from "react";
import { focusCanvas } from "../canvas/viewport";
import { weigh } from "../graph/prompt";
import { Completions, useCompletions } from "./Completions";
import type { FieldProps } from "./Widget";

/** A text of several lines; Ctrl with the arrows weighs words, names of models are completed. */
export function PromptField({ label, schema, value, onChange, onDone }: FieldProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const chosen = useRef<{ start: number; end: number } | null>(null);
  const id = useId();
  const text = typeof value === "string" ? value : "";
  useLayoutEffect(() => {
    if (chosen.current === null) return;
    area.current?.setSelectionRange(chosen.current.start, chosen.current.end);
    chosen.current = null;
  });
  const completing = useCompletions(schema.mentions, ({ part, start }, name) => {
    const end = start + part.length;
    chosen.current = { start: start + name.length, end: start + name.length };
    onChange(text.slice(0, start) + name + text.slice(end), true);
  });
  const { found, active } = completing;
  return (
    <div className="prompt">
      <span className="label">{label}</span>
      <textarea
        ref={area}
        className="nowheel"
        value={text}
        aria-label={label}
        spellCheck={false}
        {...(found.length > 0 && {
          "aria-controls": id,
          "aria-activedescendant": `${id}-${active}`,
        })}
        onChange={(event) => {
          completing.look(event.target.value, event.target.selectionEnd);
          onChange(event.target.value, true);
        }}
        onBlur={() => {
          completing.close();
          onDone();
        }}
        onKeyDown={(event) => {
          if (completing.onKey(event)) return;
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
      <Completions id={id} anchor={area} completing={completing} />
    </div>
  );
}
