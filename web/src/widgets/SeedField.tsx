import "./SeedField.css";
import { Dices, Lock, Plus } from "lucide-react";
import { useLayoutEffect, useRef, useState } from "react";
import { setSeedMode } from "../graph/commands/values";
import { nextSeed, readSeed, SEED_MODES, seedMode } from "../graph/seeds";
import { activeGraph, edit, useDocs } from "../state/docs";
import { t } from "../state/messages/index";
import { drawSeed } from "../state/run";
import { say } from "../state/ui";
import type { FieldProps } from "./field";
import { IconButton } from "./IconButton";

const ICONS = { fixed: Lock, random: Dices, increment: Plus };

/** A seed of more digits is written smaller: of a number every digit counts. */
const SHORT = 12;

/** A seed, and what becomes of it after a run. */
export function SeedField({ node, port, label, value, onChange }: FieldProps) {
  const [typing, setTyping] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  // Whoever typed by keyboard finds the focus where it was.
  const returns = useRef(false);
  useLayoutEffect(() => {
    if (typing || !returns.current) return;
    returns.current = false;
    button.current?.focus({ preventScroll: true });
  }, [typing]);
  const kept = useDocs((docs) => activeGraph(docs).places[node]?.seeds?.[port]);
  const mode = seedMode(kept);
  const Icon = ICONS[mode];
  const text = value === undefined || value === null ? "0" : String(value);

  const finish = (typed: string) => {
    setTyping(false);
    if (typed.trim() === text) return;
    const seed = typed.trim() === "random" ? "random" : readSeed(typed);
    if (seed === null) say(t("widget.range", { min: 0, max: "18446744073709551615" }), "bad");
    else onChange(seed);
  };
  const cycle = () => {
    const next = SEED_MODES[(SEED_MODES.indexOf(mode) + 1) % SEED_MODES.length];
    edit("seed.mode", (draft, at) =>
      setSeedMode(draft, at, { node, port }, next === "fixed" ? undefined : next),
    );
  };
  return (
    <div className="field seed">
      <span className="label">{label}</span>
      {typing ? (
        <input
          defaultValue={text}
          inputMode="numeric"
          aria-label={label}
          // biome-ignore lint/a11y/noAutofocus: the person has just begun to type here
          autoFocus
          onFocus={(event) => event.target.select()}
          onBlur={(event) => finish(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") event.currentTarget.value = text;
            else if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
            event.stopPropagation();
            // The button that gets the focus back would take the same key for a press.
            event.preventDefault();
            returns.current = true;
            event.currentTarget.blur();
          }}
        />
      ) : (
        <button
          ref={button}
          type="button"
          className={`value plain ${text.length > SHORT ? "long" : ""}`}
          aria-label={`${label} ${text}`}
          onClick={() => setTyping(true)}
        >
          {text}
        </button>
      )}
      <IconButton
        label={t("seed.draw")}
        onClick={() => onChange(nextSeed(value, "random", drawSeed))}
      >
        <Dices size={13} />
      </IconButton>
      <IconButton className={`mode ${mode}`} label={t(`seed.${mode}`)} onClick={cycle}>
        <Icon size={12} />
      </IconButton>
    </div>
  );
}
