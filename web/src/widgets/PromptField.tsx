import "./PromptField.css";
import { useId, useRef } from "react";
import { replacement, weigh } from "../graph/prompt";
import { focusCanvas } from "../state/viewport";
import { Completions, useCompletions } from "./Completions";
import type { FieldProps } from "./field";

/** A text of several lines; Ctrl with the arrows weighs words, names of models are completed. */
export function PromptField({ label, schema, value, onChange, onDone }: FieldProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const writing = useRef(false);
  const id = useId();
  const text = typeof value === "string" ? value : "";
  /** Write over a part as if it were typed: the text's own undo knows of it. */
  const put = (start: number, end: number, piece: string) => {
    const { current } = area;
    if (current === null) return;
    current.focus();
    current.setSelectionRange(start, end);
    writing.current = true;
    // Nothing else there is keeps what can be undone; no browser has dropped it.
    const done = document.execCommand(piece === "" ? "delete" : "insertText", false, piece);
    writing.current = false;
    if (!done) onChange(text.slice(0, start) + piece + text.slice(end), true);
  };
  const completing = useCompletions(schema.mentions, ({ part, start }, name) =>
    put(start, start + part.length, name),
  );
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
          if (!writing.current) completing.look(event.target.value, event.target.selectionEnd);
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
            const { at, until, piece } = replacement(text, weighed.text);
            if (weighed.text !== text) put(at, until, piece);
            area.current?.setSelectionRange(weighed.start, weighed.end);
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
