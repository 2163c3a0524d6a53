/** A long text by its beginning, with the rest at a press: an exception may be a page long. */

import { useState } from "react";
import { t } from "../app/messages";

const LONGEST = 140;
const MOST_LINES = 3;

/** The beginning of a text as far as there is room, or the text itself. */
export function beginningOf(text: string): string {
  const lines = text.split("\n").slice(0, MOST_LINES).join("\n");
  return lines.length <= LONGEST ? lines : `${lines.slice(0, LONGEST).trimEnd()}…`;
}

export function Clamped({ text }: { text: string }) {
  const [open, setOpen] = useState(false);
  const start = beginningOf(text);
  if (start === text) return text;
  return (
    <>
      <span className={open ? "clamped open" : "clamped"}>{open ? text : start}</span>{" "}
      <button
        type="button"
        className="more"
        aria-expanded={open}
        onClick={(event) => {
          event.stopPropagation();
          setOpen(!open);
        }}
      >
        {t(open ? "text.less" : "text.more")}
      </button>
    </>
  );
}
