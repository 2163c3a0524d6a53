import "./TopBar.css";
import { LoaderCircle, Play, Plus, Square, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import {
  activate,
  activeTab,
  closeTab,
  edit,
  isDirty,
  moveTab,
  newTab,
  reopenTab,
  type Tab,
  tabTitle,
  useDocs,
} from "../state/docs";
import { keyText } from "../state/keyNames";
import { duration, paceOf, t } from "../state/messages/index";
import { cancelActive, run } from "../state/run";
import { jobToStop, runOf, useRuns } from "../state/runs";
import { say, setUi } from "../state/ui";
import { IconButton } from "../widgets/IconButton";
import { SaveState } from "./SaveState";

export function TopBar() {
  return (
    <header className="topbar">
      <Logo />
      <Tabs />
      <SaveState />
      <RunTools />
    </header>
  );
}

function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" role="img" aria-label="weft">
      <path d="M4 10c8 0 8 12 16 12h8" />
      <path d="M4 22c8 0 8-12 16-12h8" />
    </svg>
  );
}

function Tabs() {
  const tabs = useDocs((docs) => docs.tabs);
  const active = useDocs((docs) => docs.active);
  return (
    <nav className="tabs">
      {tabs.map((tab, at) => (
        <TabButton
          key={tab.id}
          tab={tab}
          at={at}
          active={tab.id === active}
          only={tabs.length === 1}
        />
      ))}
      <IconButton label={t("tab.new")} onClick={() => newTab()}>
        <Plus size={15} />
      </IconButton>
    </nav>
  );
}

interface TabProps {
  readonly tab: Tab;
  /** Its place in the bar. */
  readonly at: number;
  readonly active: boolean;
  readonly only: boolean;
}

/** Data of a drag that carries a tab. */
const CARRIED = "application/x-weft-tab";

/** Close a tab, with a way back. */
function closeWithUndo(tab: Tab): void {
  closeTab(tab.id);
  if (tab.transient) return;
  const name = tabTitle(tab) || t("tab.untitled");
  const perform = () => reopenTab(tab.id);
  say(t("tab.closed", { name }), "plain", { label: t("view.undo"), perform });
}

function TabButton({ tab, at, active, only }: TabProps) {
  const [renaming, setRenaming] = useState(false);
  const [over, setOver] = useState(false);
  const bar = useRef<HTMLDivElement>(null);
  // Where there are more than the bar holds, the one in front is seen.
  useEffect(() => {
    if (active) bar.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [active]);
  const running = useRuns((runs) => runOf(tab.id, runs).running);
  const title = tabTitle(tab);
  const dirty = isDirty(tab);
  if (renaming) {
    return (
      <input
        className="tab-rename"
        defaultValue={title}
        placeholder={t("tab.untitled")}
        aria-label={t("file.rename")}
        // biome-ignore lint/a11y/noAutofocus: the person has just asked to rename
        autoFocus
        onFocus={(event) => event.target.select()}
        onKeyDown={(event) => {
          if (event.key === "Enter" || event.key === "Escape") event.currentTarget.blur();
        }}
        onBlur={(event) => {
          setRenaming(false);
          const text = event.target.value.trim();
          if (text === title) return;
          edit("file.rename", (draft) =>
            draft.set(["graphs", "", "title"], text === "" ? undefined : text),
          );
        }}
      />
    );
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dragging has Alt+Shift+arrows beside it
    <div
      ref={bar}
      className={`tab ${active ? "active" : ""} ${over ? "over" : ""}`}
      draggable
      onDragStart={(event) => {
        event.dataTransfer.setData(CARRIED, tab.id);
        event.dataTransfer.effectAllowed = "move";
      }}
      onDragOver={(event) => {
        if (event.dataTransfer.types.includes(CARRIED)) setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        setOver(false);
        const carried = event.dataTransfer.getData(CARRIED);
        if (carried !== "") moveTab(carried, at);
      }}
      onAuxClick={(event) => event.button === 1 && closeWithUndo(tab)}
    >
      <button
        type="button"
        aria-current={active ? "page" : undefined}
        title={dirty ? t("tab.unsaved") : undefined}
        onClick={() => activate(tab.id)}
        onDoubleClick={() => tab.readOnly !== true && setRenaming(true)}
        onKeyDown={(event) => {
          const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
          if (!event.altKey || !event.shiftKey || step === undefined) return;
          event.preventDefault();
          moveTab(tab.id, at + step);
        }}
      >
        {running && <LoaderCircle size={12} className="spin" aria-label={t("state.running")} />}
        <span className={title ? "" : "untitled"}>{title || t("tab.untitled")}</span>
        {dirty && <span className="unsaved" aria-hidden="true" />}
      </button>
      {!(only && !title && !dirty) && (
        <IconButton className="close" label={t("tab.close")} onClick={() => closeWithUndo(tab)}>
          <X size={12} />
        </IconButton>
      )}
    </div>
  );
}

/** The time that is left of what the active tab runs. */
function Pace() {
  const tab = useDocs((docs) => activeTab(docs).id);
  const progress = useRuns((runs) => Object.values(runOf(tab, runs).progress)[0]);
  if (!progress?.remaining) return null;
  const left = t("run.left", { time: duration(progress.remaining) });
  return (
    <span className="pace" title={paceOf(progress)}>
      {left}
    </span>
  );
}

function RunTools() {
  const running = useRuns((runs) => runs.running.length);
  const waiting = useRuns((runs) => runs.queued.length);
  const ready = useDocs((docs) => docs.ready);
  const tab = useDocs((docs) => activeTab(docs).id);
  // Which of them Stop means.
  const meant = useRuns((runs) => {
    const job = jobToStop(tab, runs)?.job;
    return job ? `: ${job.title ?? job.id} · ${t(`state.${job.state}`)}` : "";
  });
  return (
    <div className="run-tools">
      {running + waiting > 0 && (
        <>
          <button type="button" className="quiet count" onClick={() => setUi({ right: "queue" })}>
            <LoaderCircle size={13} className="spin" aria-hidden="true" />
            {running + waiting}
            <Pace />
          </button>
          <IconButton
            label={t("run.cancel")}
            tip={`${t("run.cancel")}${meant} (${keyText("Mod+Shift+Enter")})`}
            onClick={() => void cancelActive()}
          >
            <Square size={13} fill="currentColor" />
          </IconButton>
        </>
      )}
      <button type="button" className="run" disabled={!ready} onClick={() => void run()}>
        <Play size={12} fill="currentColor" aria-hidden="true" />
        {t("run.run")}
        <kbd>{keyText("Mod+Enter")}</kbd>
      </button>
    </div>
  );
}
