import "./Choices.css";
import fuzzysort from "fuzzysort";
import { Check } from "lucide-react";
import { type ReactNode, useEffect, useId, useMemo, useRef, useState } from "react";
import { misspelt, spellingsOf } from "../graph/misspelt";
import { t } from "../state/messages/index";

export interface Option {
  readonly value: string;
  /** What is shown in its place; both are searched. */
  readonly label?: string;
  readonly note?: string;
  readonly picture?: string;
}

const DRAWN = 60;

interface Props {
  readonly options: readonly Option[];
  readonly value: string;
  readonly label: string;
  readonly empty?: string;
  readonly onPick: (value: string) => void;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}

/** A list to choose from, searched while typing. */
export function Choices({ options, value, label, empty, onPick, onClose, children }: Props) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(() =>
    Math.max(
      0,
      options.findIndex((o) => o.value === value),
    ),
  );
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const found = useMemo(() => {
    if (text.trim() === "") return options;
    const fitting = fuzzysort.go(text, options, { keys: ["value", "label"], threshold: 0.2 });
    if (fitting.length > 0) return fitting.map((r) => r.obj);
    const words = (option: Option) => spellingsOf([option.value, option.label ?? ""]);
    return misspelt(text, options, words, ({ value }) => value);
  }, [options, text]);
  const active = Math.min(at, found.length - 1);
  // Thousands of models or hundreds of ports: those around the chosen one are drawn.
  const first = Math.max(0, Math.min(active - DRAWN / 2, found.length - DRAWN));
  const drawn = found.slice(first, first + DRAWN);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another one is chosen then
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [active]);
  const onKey = (event: React.KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "ArrowDown") setAt(Math.min(found.length - 1, active + 1));
    else if (event.key === "ArrowUp") setAt(Math.max(0, active - 1));
    else if (event.key === "Home") setAt(0);
    else if (event.key === "End") setAt(found.length - 1);
    else if (event.key === "Enter" && found[active]) onPick(found[active].value);
    else if (event.key === "Escape" || event.key === "Tab") onClose();
    else return;
    event.preventDefault();
  };
  return (
    <div className="choices">
      <input
        className="search"
        role="combobox"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
        aria-label={label}
        placeholder={t("widget.search")}
        value={text}
        // biome-ignore lint/a11y/noAutofocus: the list was opened to be searched
        autoFocus
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKey}
      />
      <div className="options" id={id} role="listbox" aria-label={label} ref={list}>
        {first > 0 && <p className="more">{t("widget.more", { n: first })}</p>}
        {drawn.map((option, j) => {
          const i = first + j;
          return (
            <button
              key={option.value}
              id={`${id}-${i}`}
              type="button"
              role="option"
              tabIndex={-1}
              aria-selected={i === active}
              className={option.value === value ? "current" : ""}
              onPointerMove={() => i !== active && setAt(i)}
              onClick={() => onPick(option.value)}
            >
              {option.picture && <img src={option.picture} alt="" loading="lazy" />}
              <span>{option.label ?? option.value}</span>
              {option.note && <small>{option.note}</small>}
              {option.value === value && <Check size={13} aria-hidden="true" />}
            </button>
          );
        })}
        {first + DRAWN < found.length && (
          <p className="more">{t("widget.more", { n: found.length - first - DRAWN })}</p>
        )}
        {found.length === 0 && <p className="nothing">{empty ?? t("widget.nothing")}</p>}
      </div>
      {children}
    </div>
  );
}
