/** What made a picture, below it or in its row. */

import "./FactsLine.css";
import { useRef } from "react";
import { seedText, useFacts, useSeen } from "../state/facts";

interface Props {
  readonly job: string;
  /** Whether all of it is shown, and not one line. */
  readonly whole?: boolean;
}

export function FactsLine({ job, whole = false }: Props) {
  const place = useRef<HTMLElement>(null);
  const facts = useFacts(job, useSeen(place));
  const parts = facts === null ? [] : [seedText(facts), facts.prompt ?? ""].filter(Boolean);
  return (
    <small
      ref={place}
      className={whole ? "facts whole" : "facts"}
      {...(!whole && { title: parts.join("\n") })}
    >
      {parts.join(" · ")}
    </small>
  );
}
