/** A long text by its beginning, with the rest at a press: an exception may be a page long. */

import "./Clamped.css";
import { useState } from "react";
import { beginningOf } from "../graph/shorten";
import { t } from "../state/messages/index";

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
