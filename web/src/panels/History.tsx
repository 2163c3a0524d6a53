/** The revisions of the workflow in front: look at what changed, go back, name one. */

import "./History.css";
import { GitCompareArrows, RotateCcw } from "lucide-react";
import { useEffect, useState } from "react";
import { type Revision, workflowDocument, workflowRevisions } from "../api/library";
import { readWorkflow } from "../graph/file";
import { EMPTY_WORKFLOW, type Workflow } from "../graph/model";
import { activeTab, tabById, useDocs } from "../state/docs";
import { comparisonOf, openComparison, useCompare } from "../state/library/compare";
import { saveActive } from "../state/library/keeper";
import { attempt, restoreRevision } from "../state/library/open";
import { keptOf, useLibrary } from "../state/library/store";
import { ago, t } from "../state/messages/index";
import { setUi } from "../state/ui";
import { IconButton } from "../widgets/IconButton";
import { Differences } from "./Differences";
import { Dock } from "./Dock";

function showComparison(...given: Parameters<typeof openComparison>): void {
  openComparison(...given);
  setUi({ right: "history" });
}

/** A revision by its number; 0 for what is open now. */
type Version = number;
const NOW: Version = 0;

export function HistoryPanel() {
  const tab = useDocs((docs) => activeTab(docs).id);
  const kept = useLibrary((library) => keptOf(tab, library));
  const comparison = useCompare((all) => comparisonOf(tab, all));
  return (
    <Dock
      title={t(comparison === null ? "history.title" : "diff.legend")}
      side="right"
      name="history-dock"
    >
      {comparison !== null ? (
        <Differences {...comparison} />
      ) : kept.id === null || kept.link !== null ? (
        <p className="nothing">{t("history.empty")}</p>
      ) : (
        <Versions key={`${tab} ${kept.id}`} tab={tab} id={kept.id} base={kept.base} />
      )}
    </Dock>
  );
}

function Versions({ tab, id, base }: { tab: string; id: string; base: number }) {
  const version = useLibrary((library) => library.version);
  const readOnly = useDocs(() => tabById(tab)?.readOnly === true);
  const [revisions, setRevisions] = useState<readonly Revision[] | null>(null);
  const [failed, setFailed] = useState("");
  const [chosen, setChosen] = useState<readonly Version[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a save or a restore asks anew
  useEffect(() => {
    let gone = false;
    workflowRevisions(id).then(
      (found) => {
        if (gone) return;
        setRevisions(found);
        setFailed("");
      },
      (error) => !gone && setFailed(error instanceof TypeError ? t("run.offline") : String(error)),
    );
    return () => {
      gone = true;
    };
  }, [id, base, version]);
  const toggle = (one: Version) =>
    setChosen((now) =>
      now.includes(one) ? now.filter((v) => v !== one) : [...now, one].slice(-2),
    );
  const compare = async (one: Version, other: Version) => {
    // What is open now is newer than all revisions.
    const rank = (v: Version) => (v === NOW ? Number.POSITIVE_INFINITY : v);
    const [before, after] = rank(one) < rank(other) ? [one, other] : [other, one];
    const read = async (v: Version): Promise<Workflow> =>
      v === NOW
        ? (tabById(tab)?.workflow ?? EMPTY_WORKFLOW)
        : readWorkflow(await workflowDocument(id, v));
    const name = (v: Version) => (v === NOW ? t("history.now") : t("history.revision", { n: v }));
    await attempt(async () =>
      showComparison(await read(before), await read(after), {
        before: name(before),
        after: name(after),
      }),
    );
  };
  return (
    <>
      {!readOnly && <SaveVersion />}
      {failed !== "" && (
        <p className="nothing" role="alert">
          {t("library.failed", { reason: failed })}
        </p>
      )}
      {revisions === null && failed === "" && <p className="nothing">{t("library.loading")}</p>}
      <div className="compare-bar">
        <p>{t("history.compareHint")}</p>
        <button
          type="button"
          className="quiet"
          disabled={chosen.length !== 2}
          onClick={() => void compare(chosen[0] as Version, chosen[1] as Version)}
        >
          <GitCompareArrows size={13} aria-hidden="true" /> {t("history.compare")}
        </button>
      </div>
      <ol className="revisions">
        <li className="now">
          <input
            type="checkbox"
            aria-label={t("history.chooseNow")}
            checked={chosen.includes(NOW)}
            onChange={() => toggle(NOW)}
          />
          <div>
            <b>{t("history.now")}</b>
          </div>
        </li>
        {(revisions ?? []).map((revision, i) => (
          <Row
            key={revision.number}
            revision={revision}
            chosen={chosen.includes(revision.number)}
            onChoose={() => toggle(revision.number)}
            previous={revisions?.[i + 1]?.number ?? null}
            onCompare={compare}
            {...(!readOnly && { onRestore: () => void restoreRevision(tab, revision.number) })}
          />
        ))}
      </ol>
    </>
  );
}

interface RowProps {
  readonly revision: Revision;
  readonly chosen: boolean;
  readonly onChoose: () => void;
  readonly previous: number | null;
  readonly onCompare: (one: Version, other: Version) => Promise<void>;
  readonly onRestore?: () => void;
}

function Row({ revision, chosen, onChoose, previous, onCompare, onRestore }: RowProps) {
  const { number, message, automatic, author, nodes, created } = revision;
  return (
    <li className={automatic ? "automatic" : ""}>
      <input
        type="checkbox"
        aria-label={t("history.choose", { n: number })}
        checked={chosen}
        onChange={onChoose}
      />
      <div>
        <b>{message || t("history.revision", { n: number })}</b>
        <small>
          {[
            message && t("history.revision", { n: number }),
            ago(Number(created)),
            author,
            t("history.nodes", { n: nodes }),
            automatic && t("history.auto"),
          ]
            .filter(Boolean)
            .join(" · ")}
        </small>
      </div>
      {previous !== null && (
        <IconButton
          label={`${t("history.previous")}: ${t("history.revision", { n: number })}`}
          tip={t("history.previous")}
          onClick={() => void onCompare(previous, number)}
        >
          <GitCompareArrows size={14} />
        </IconButton>
      )}
      {onRestore && (
        <IconButton
          label={`${t("history.restore")}: ${t("history.revision", { n: number })}`}
          tip={t("history.restore")}
          onClick={onRestore}
        >
          <RotateCcw size={13} />
        </IconButton>
      )}
    </li>
  );
}

function SaveVersion() {
  const [text, setText] = useState("");
  return (
    <form
      className="save-version"
      onSubmit={(event) => {
        event.preventDefault();
        const message = text.trim();
        void saveActive(message === "" ? undefined : message);
        setText("");
      }}
    >
      <input
        className="search"
        value={text}
        maxLength={2000}
        placeholder={t("history.message")}
        aria-label={t("history.message")}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" className="quiet on">
        {t("library.save")}
      </button>
    </form>
  );
}
