/** Somebody else saved meanwhile: both versions, and the ways to go on. */

import "./window.css";
import "./Conflict.css";
import { GitCompareArrows } from "lucide-react";
import { useEffect, useState } from "react";
import { type Revision, workflowDocument, workflowRevisions } from "../api/library";
import { type Difference, difference, type Mark } from "../graph/diff";
import { readWorkflow } from "../graph/file";
import { graphAt, ROOT, type Workflow } from "../graph/model";
import { activate, tabById } from "../state/docs";
import { openComparison } from "../state/library/compare";
import { keepBoth, keepMine, takeTheirs } from "../state/library/open";
import { keptOf, useLibrary } from "../state/library/store";
import { ago, type MessageKey, t } from "../state/messages/index";
import { setUi } from "../state/ui";
import { Dialog } from "./Dialog";

interface Theirs {
  readonly workflow: Workflow;
  readonly revision: Revision | undefined;
}

export function ConflictDialog({ tab }: { tab: string }) {
  const kept = useLibrary((library) => keptOf(tab, library));
  const { id, theirs, base, name } = kept;
  const [other, setOther] = useState<Theirs | null>(null);
  const [failed, setFailed] = useState("");
  useEffect(() => {
    if (id === null || theirs === null) return;
    let gone = false;
    Promise.all([workflowDocument(id, theirs), workflowRevisions(id)]).then(
      ([data, revisions]) => {
        const revision = revisions.find(({ number }) => number === theirs);
        if (!gone) setOther({ workflow: readWorkflow(data), revision });
      },
      (error) => !gone && setFailed(error instanceof TypeError ? t("run.offline") : String(error)),
    );
    return () => {
      gone = true;
    };
  }, [id, theirs]);
  const mine = tabById(tab)?.workflow;
  if (theirs === null || mine === undefined) return null;
  const look = () => {
    if (other === null) return;
    setUi({ dialog: null });
    activate(tab);
    openComparison(mine, other.workflow, {
      before: t("conflict.mine"),
      after: t("history.revision", { n: theirs }),
    });
  };
  return (
    <Dialog title={t("conflict.title")} name="conflict">
      <div className="conflict-body">
        <p>
          {t("conflict.text", { name })} {t("conflict.base", { n: base })}
        </p>
        <div className="versions">
          <section>
            <h3>{t("conflict.mine")}</h3>
            <p>{t("history.nodes", { n: countOf(mine) })}</p>
          </section>
          <section>
            <h3>{t("conflict.theirs", { n: theirs, author: other?.revision?.author ?? "…" })}</h3>
            {other === null ? (
              <p>{failed || t("conflict.reading")}</p>
            ) : (
              <>
                <p>
                  {t("history.nodes", { n: countOf(other.workflow) })}
                  {other.revision && ` · ${ago(Number(other.revision.created))}`}
                </p>
                <Counts found={difference(mine, other.workflow)} />
              </>
            )}
          </section>
        </div>
        <button type="button" className="quiet on" disabled={other === null} onClick={look}>
          <GitCompareArrows size={13} aria-hidden="true" /> {t("conflict.look")}
        </button>
      </div>
      <footer className="ways">
        <Way label="conflict.takeTheirs" onPress={() => void takeTheirs(tab)} />
        <Way label="conflict.keepMine" onPress={() => void keepMine(tab)} />
        <Way label="conflict.keepBoth" onPress={() => void keepBoth(tab)} />
      </footer>
    </Dialog>
  );
}

function Way({
  label,
  onPress,
}: {
  label: Extract<MessageKey, "conflict.takeTheirs" | "conflict.keepMine" | "conflict.keepBoth">;
  onPress: () => void;
}) {
  return (
    <button type="button" className="way" onClick={onPress}>
      <b>{t(label)}</b>
      <small>{t(`${label}Why`)}</small>
    </button>
  );
}

function Counts({ found: { counts } }: { found: Difference }) {
  const marks = (Object.keys(counts) as Mark[]).filter((mark) => counts[mark] > 0);
  return (
    <ul className="legend">
      {marks.map((mark) => (
        <li key={mark} data-mark={mark}>
          {t(`diff.${mark}`, { n: counts[mark] })}
        </li>
      ))}
    </ul>
  );
}

function countOf(workflow: Workflow): number {
  return Object.keys(graphAt(workflow, ROOT).nodes).length;
}
