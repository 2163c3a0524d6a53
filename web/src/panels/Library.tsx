/** The server's library: find, open, star, rename, describe, copy, share, put away. */

import "./Library.css";
import { Ellipsis, Search, Star, Tag, X } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { type Entry, findWorkflows, type Query, starWorkflow } from "../api/library";
import { useDocs } from "../state/docs";
import {
  attempt,
  forkEntry,
  openEntry,
  renameEntry,
  trashEntry,
  untrashEntry,
} from "../state/library/open";
import { useLibrary } from "../state/library/store";
import { ago, type MessageKey, t } from "../state/messages/index";
import { setUi } from "../state/ui";
import { IconButton } from "../widgets/IconButton";
import { Popover } from "../widgets/Popover";
import { Dock } from "./Dock";

type View = "all" | "starred" | "trash";
const VIEWS: readonly View[] = ["all", "starred", "trash"];
const PAUSE = 200;

export function LibraryPanel() {
  const [view, setView] = useState<View>("all");
  const [search, setSearch] = useState("");
  const [tag, setTag] = useState<string | null>(null);
  const list = useEntries(view, search, tag);
  return (
    <Dock title={t("library.title")} side="left" name="library-dock">
      <label className="library-search">
        <Search size={14} aria-hidden="true" />
        <input
          className="search"
          type="search"
          value={search}
          placeholder={t("library.search")}
          aria-label={t("library.search")}
          onChange={(event) => setSearch(event.target.value)}
        />
      </label>
      <fieldset className="segments" aria-label={t("library.filter")}>
        {VIEWS.map((one) => (
          <button key={one} type="button" aria-pressed={view === one} onClick={() => setView(one)}>
            {t(`library.${one}`)}
          </button>
        ))}
      </fieldset>
      {tag !== null && (
        <button type="button" className="chip on" onClick={() => setTag(null)}>
          <Tag size={11} aria-hidden="true" /> {t("library.tag", { tag })}
          <X size={11} aria-label={t("dialog.close")} />
        </button>
      )}
      <ul className="entries" aria-busy={list.state === "loading"}>
        {list.entries.map((entry) => (
          <li key={entry.id}>
            <Card entry={entry} onTag={setTag} onDone={list.again} />
          </li>
        ))}
      </ul>
      <Remark list={list} view={view} filtered={search !== "" || tag !== null} />
    </Dock>
  );
}

interface List {
  readonly state: "loading" | "there" | "failed";
  readonly entries: readonly Entry[];
  readonly more: boolean;
  readonly reason: string;
  readonly again: () => void;
  readonly next: () => void;
}

/** The entries that are looked for; asked anew when the library changes. */
function useEntries(view: View, search: string, tag: string | null): List {
  const version = useLibrary((library) => library.version);
  const [found, setFound] = useState<Pick<List, "state" | "entries" | "more" | "reason">>({
    state: "loading",
    entries: [],
    more: false,
    reason: "",
  });
  const turn = useRef(0);
  const ask = useCallback(
    async (after: readonly Entry[]) => {
      const mine = ++turn.current;
      const last = after[after.length - 1];
      const query: Query = {
        search: search.trim(),
        starred: view === "starred",
        deleted: view === "trash",
        ...(tag !== null && { tag }),
        ...(last && { before: last.changed }),
      };
      try {
        const page = await findWorkflows(query);
        if (mine !== turn.current) return;
        const entries = [...after, ...page.workflows];
        setFound({ state: "there", entries, more: page.more, reason: "" });
      } catch (error) {
        if (mine !== turn.current) return;
        const reason = error instanceof TypeError ? t("run.offline") : String(error);
        setFound((now) => ({ ...now, state: "failed", reason }));
      }
    },
    [view, search, tag],
  );
  // A card that is done with something late asks for what is looked for now, not for what was then.
  const latest = useRef(ask);
  useEffect(() => {
    latest.current = ask;
  }, [ask]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version is what asks anew
  useEffect(() => {
    const timer = setTimeout(() => void ask([]), search === "" ? 0 : PAUSE);
    return () => clearTimeout(timer);
  }, [ask, search, version]);
  return { ...found, again: () => void latest.current([]), next: () => void ask(found.entries) };
}

function Remark({ list, view, filtered }: { list: List; view: View; filtered: boolean }) {
  if (list.state === "failed") {
    return (
      <div className="nothing" role="alert">
        <p>{t("library.failed", { reason: list.reason })}</p>
        <button type="button" className="quiet" onClick={list.again}>
          {t("library.again")}
        </button>
      </div>
    );
  }
  if (list.entries.length > 0) {
    return list.more ? (
      <button type="button" className="quiet wide" onClick={list.next}>
        {t("library.more")}
      </button>
    ) : null;
  }
  if (list.state === "loading") return <p className="nothing">{t("library.loading")}</p>;
  const texts = {
    all: "library.empty",
    starred: "library.noneStarred",
    trash: "library.trashEmpty",
  } as const;
  return <p className="nothing">{t(filtered ? "library.noneFound" : texts[view])}</p>;
}

interface CardProps {
  readonly entry: Entry;
  readonly onTag: (tag: string) => void;
  readonly onDone: () => void;
}

function Card({ entry, onTag, onDone }: CardProps) {
  const [renaming, setRenaming] = useState(false);
  const [menu, setMenu] = useState(false);
  const more = useRef<HTMLButtonElement>(null);
  const open = useDocs((docs) => docs.active);
  const current = useLibrary(({ kept }) => kept[open]?.id === entry.id);
  const { name, deleted } = entry;
  if (renaming) {
    return (
      <input
        className="search"
        defaultValue={name}
        aria-label={t("library.rename")}
        maxLength={200}
        // biome-ignore lint/a11y/noAutofocus: the person has just asked to rename
        autoFocus
        onFocus={(event) => event.target.select()}
        onKeyDown={(event) => {
          if (event.key === "Escape") setRenaming(false);
          if (event.key === "Enter") event.currentTarget.blur();
        }}
        onBlur={(event) => {
          setRenaming(false);
          void renameEntry(entry, event.target.value).then(onDone);
        }}
      />
    );
  }
  return (
    <div className={`entry ${current ? "current" : ""}`}>
      <button
        type="button"
        className="open"
        disabled={Boolean(deleted)}
        onClick={() => void openEntry(entry)}
      >
        <b>{name}</b>
        {entry.description && <span>{entry.description}</span>}
        <small>{about(entry)}</small>
      </button>
      {entry.tags.length > 0 && (
        <div className="tags">
          {entry.tags.map((tag) => (
            <button key={tag} type="button" className="chip" onClick={() => onTag(tag)}>
              {tag}
            </button>
          ))}
        </div>
      )}
      <div className="tools">
        {deleted ? (
          <button type="button" className="quiet" onClick={() => void untrashEntry(entry.id)}>
            {t("library.restore")}
          </button>
        ) : (
          <>
            <IconButton
              label={`${t("library.star")}: ${name}`}
              tip={t(entry.starred ? "library.unstar" : "library.star")}
              on={entry.starred}
              onClick={() => void attempt(() => starWorkflow(entry.id, !entry.starred))}
            >
              <Star size={13} fill={entry.starred ? "currentColor" : "none"} />
            </IconButton>
            <IconButton
              ref={more}
              label={t("library.actions", { name })}
              aria-expanded={menu}
              onClick={() => setMenu(!menu)}
            >
              <Ellipsis size={14} />
            </IconButton>
          </>
        )}
      </div>
      {menu && (
        <Popover anchor={more} onClose={() => setMenu(false)}>
          <Actions entry={entry} onRename={() => setRenaming(true)} close={() => setMenu(false)} />
        </Popover>
      )}
    </div>
  );
}

interface ActionsProps {
  readonly entry: Entry;
  readonly onRename: () => void;
  readonly close: () => void;
}

function Actions({ entry, onRename, close }: ActionsProps) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => list.current?.querySelector("button")?.focus(), []);
  const mine = entry.access === "owner";
  const items: (readonly [MessageKey, () => void] | false)[] = [
    entry.access !== "viewer" && ["library.rename", onRename],
    entry.access !== "viewer" && [
      "library.describe",
      () => setUi({ dialog: { kind: "describe", entry: entry.id } }),
    ],
    ["library.fork", () => void forkEntry(entry)],
    mine && ["library.share", () => setUi({ dialog: { kind: "share", entry: entry.id } })],
    mine && ["library.delete", () => void trashEntry(entry)],
  ];
  return (
    <div
      ref={list}
      className="menu-group"
      role="menu"
      aria-label={t("library.actions", { name: entry.name })}
      onKeyDown={(event) => {
        const buttons = [...(list.current?.querySelectorAll("button") ?? [])];
        const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
        const step = { ArrowDown: 1, ArrowUp: buttons.length - 1 }[event.key];
        if (event.key === "Escape") close();
        else if (step !== undefined) buttons[(at + step) % buttons.length]?.focus();
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      {items
        .filter((item) => item !== false)
        .map(([label, perform]) => (
          <button
            key={label}
            type="button"
            role="menuitem"
            className={label === "library.delete" ? "danger" : ""}
            onClick={() => {
              close();
              perform();
            }}
          >
            {t(label)}
          </button>
        ))}
    </div>
  );
}

function about({ changed, owner, access, visibility, shares }: Entry): string {
  const marks = [
    ago(Number(changed)),
    access !== "owner" && t("library.by", { owner }),
    access === "viewer" && t("library.viewer"),
    visibility === "public" && t("library.public"),
    Object.keys(shares ?? {}).length > 0 && t("library.shared"),
  ];
  return marks.filter(Boolean).join(" · ");
}
