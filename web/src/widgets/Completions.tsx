/** Names to choose from under a text, while the keyboard stays in the text. */

import fuzzysort from "fuzzysort";
import { type RefObject, useEffect, useMemo, useState } from "react";
import type { ModelEntry } from "../api/server";
import { type Mention, mentionAt, writtenName } from "../graph/mentions";
import { t } from "../state/messages/index";
import { knownModels, loadModels } from "../state/resources";
import { Popover } from "./Popover";

const MOST = 8;

export interface Completing {
  readonly found: readonly string[];
  readonly active: number;
  /** Take a key; true if it was meant for the list. */
  readonly onKey: (event: React.KeyboardEvent) => boolean;
  readonly choose: (name: string) => void;
  readonly point: (index: number) => void;
  readonly close: () => void;
  /** The cursor or the text has changed. */
  readonly look: (text: string, at: number) => void;
}

/** What can be completed at the cursor of a text; `put` writes a name in place of its beginning. */
export function useCompletions(
  mentions: { readonly model: string; readonly pattern: string } | undefined,
  put: (mention: Mention, name: string) => void,
): Completing {
  const [mention, setMention] = useState<Mention | null>(null);
  const [active, setActive] = useState(0);
  const kind = mentions?.model ?? "";
  const [models, setModels] = useState<readonly ModelEntry[]>(() => knownModels(kind) ?? []);
  const wanted = mention !== null;
  useEffect(() => {
    if (!wanted) return;
    let gone = false;
    void loadModels(kind).then((answer) => !gone && setModels(answer));
    return () => {
      gone = true;
    };
  }, [kind, wanted]);
  const found = useMemo(() => {
    if (mention === null) return [];
    const names = models.map(({ name }) => writtenName(name));
    if (mention.part === "") return names.slice(0, MOST);
    const sorted = fuzzysort.go(mention.part, names, { limit: MOST }).map(({ target }) => target);
    return sorted.length === 1 && sorted[0] === mention.part ? [] : sorted;
  }, [mention, models]);
  const close = () => setMention(null);
  const choose = (name: string) => {
    if (mention !== null) put(mention, name);
    close();
  };
  return {
    found,
    active: Math.min(active, found.length - 1),
    choose,
    point: setActive,
    close,
    look: (text, at) => {
      const next = mentions ? mentionAt(text, at, mentions.pattern) : null;
      if (next?.part !== mention?.part || next?.start !== mention?.start) {
        setMention(next);
        setActive(0);
      }
    },
    onKey: (event) => {
      if (found.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return false;
      const at = Math.min(active, found.length - 1);
      if (event.key === "ArrowDown") setActive((at + 1) % found.length);
      else if (event.key === "ArrowUp") setActive((at - 1 + found.length) % found.length);
      else if (event.key === "Enter" || event.key === "Tab") choose(found[at] as string);
      else if (event.key === "Escape") close();
      else return false;
      event.preventDefault();
      event.stopPropagation();
      return true;
    },
  };
}

interface Props {
  readonly id: string;
  readonly anchor: RefObject<HTMLElement | null>;
  readonly completing: Completing;
}

export function Completions({ id, anchor, completing }: Props) {
  const { found, active, choose, close, point } = completing;
  if (found.length === 0) return null;
  return (
    <Popover anchor={anchor} onClose={close} key={found.length}>
      <div className="choices">
        <div className="options" role="listbox" id={id} aria-label={t("widget.names")}>
          {found.map((name, i) => (
            <button
              key={name}
              id={`${id}-${i}`}
              type="button"
              role="option"
              tabIndex={-1}
              aria-selected={i === active}
              onPointerMove={() => i !== active && point(i)}
              // Before the text loses the focus.
              onPointerDown={(event) => {
                event.preventDefault();
                choose(name);
              }}
            >
              <span>{name}</span>
            </button>
          ))}
        </div>
      </div>
    </Popover>
  );
}
