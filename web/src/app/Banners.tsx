/** Lines above the canvas: somebody else's workflow, a comparison, one that lies in the trash. */

import "./Banners.css";
import { ChevronRight, GitFork } from "lucide-react";
import { useState } from "react";
import { type Difference, isSame, type Mark } from "../graph/diff";
import { ROOT } from "../graph/model";
import { jumpTo } from "../panels/Problems";
import { activeTab, tabTitle, useDocs } from "../state/docs";
import { comparisonOf, useCompare } from "../state/library/compare";
import { forkTab, keepAsNew, untrashEntry } from "../state/library/open";
import { keptOf, useLibrary } from "../state/library/store";
import { t } from "../state/messages/index";

export function Banners() {
  const tab = useDocs((docs) => activeTab(docs).id);
  const title = useDocs((docs) => tabTitle(activeTab(docs)));
  const readOnly = useDocs((docs) => activeTab(docs).readOnly === true);
  const kept = useLibrary((library) => keptOf(tab, library));
  const comparison = useCompare((all) => comparisonOf(tab, all));
  if (comparison !== null) return <CompareBanner key={tab} {...comparison} />;
  if (readOnly) {
    return (
      <div className="line-banner" role="status">
        <p>{t("readonly.shared", { name: title, owner: kept.owner || "?" })}</p>
        <button type="button" className="run" onClick={() => void forkTab(tab)}>
          <GitFork size={13} aria-hidden="true" /> {t("readonly.fork")}
        </button>
      </div>
    );
  }
  if (kept.phase === "trashed") {
    const { id } = kept;
    return (
      <div className="line-banner" role="status">
        <p>{t("trashed.banner")}</p>
        {id !== null && (
          <button type="button" className="quiet" onClick={() => void untrashEntry(id)}>
            {t("trashed.restore")}
          </button>
        )}
        <button type="button" className="quiet" onClick={() => void keepAsNew(tab)}>
          {t("trashed.keep")}
        </button>
      </div>
    );
  }
  return null;
}

const MARKS: readonly Mark[] = ["added", "removed", "changed", "moved"];

interface CompareProps {
  readonly difference: Difference;
  readonly before: string;
  readonly after: string;
}

function CompareBanner({ difference, before, after }: CompareProps) {
  const places = placesOf(difference);
  const [at, setAt] = useState(-1);
  const go = () => {
    const next = (at + 1) % places.length;
    setAt(next);
    jumpTo(places[next] as string);
  };
  if (isSame(difference)) {
    return (
      <div className="line-banner" role="status">
        <p>{t("readonly.same", { before, after })}</p>
      </div>
    );
  }
  return (
    <div className="line-banner" role="status">
      <p>{t("readonly.compare", { before, after })}</p>
      <ul className="legend" aria-label={t("diff.legend")}>
        {MARKS.filter((mark) => difference.counts[mark] > 0).map((mark) => (
          <li key={mark} data-mark={mark}>
            {t(`diff.${mark}`, { n: difference.counts[mark] })}
          </li>
        ))}
      </ul>
      {places.length > 0 && (
        <button type="button" className="quiet" onClick={go}>
          {t("diff.next")} <ChevronRight size={13} aria-hidden="true" />
        </button>
      )}
    </div>
  );
}

/** Ids of the nodes that differ, as runs know them: those in a subgraph by one of its instances. */
function placesOf({ graphs, merged }: Difference): string[] {
  const found: string[] = [];
  const seen = new Set<string>();
  const walk = (name: string, prefix: string) => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const [id, node] of Object.entries(merged.graphs[name]?.nodes ?? {})) {
      if (graphs[name]?.nodes[id] !== undefined) found.push(prefix + id);
      if (Object.hasOwn(merged.graphs, node.type)) walk(node.type, `${prefix}${id}/`);
    }
  };
  walk(ROOT, "");
  return found;
}
