/** What a form gives: how far its run is, the picture as it comes, and what was made. */

import "./Results.css"; // the gallery
import "./FormOutputs.css";
import { useEffect, useRef } from "react";
import { own } from "../api/dict";
import { splitTarget } from "../graph/model";
import { activeGraph, activeTab, graphName, runKey, useDocs } from "../state/docs";
import { paceOf, t } from "../state/messages/index";
import { runOf, useRuns } from "../state/runs";

export function FormOutputs() {
  const tab = useDocs(activeTab);
  const outputs = useDocs((docs) => activeGraph(docs).interface.outputs);
  const { pictures, job, running } = useRuns((runs) => runOf(tab.id, runs));
  const progress = useRuns((runs) => Object.values(runOf(tab.id, runs).progress)[0]);
  const named = Object.entries(outputs).map(([name, target]) => {
    const key =
      graphName(tab) === "" ? splitTarget(target).node : runKey(tab, splitTarget(target).node);
    return { name, shown: own(pictures, key) ?? [] };
  });
  const fallback = Object.values(pictures).flat();
  const found = named.flatMap(({ shown }) => shown);
  // While it is made one sees it come; then what was asked for.
  const unfinished = fallback.filter((one) => running && one.job === job && one.artifact === null);
  const made = found.some((one) => one.job === job);
  const all = unfinished.length > 0 && !made ? unfinished : found.length > 0 ? found : fallback;
  const [first] = all;
  const place = useRef<HTMLElement>(null);
  const seen = first !== undefined;
  // Below a long form, what was asked for comes into view when it begins and when it is there.
  useEffect(() => {
    if (running || seen) place.current?.scrollIntoView({ block: "nearest" });
  }, [running, seen]);
  return (
    <section className="form-outputs" aria-label={t("form.outputs")} ref={place}>
      <div className="form-progress">
        {progress ? (
          <>
            <progress value={progress.value} max={progress.total} aria-label={t("state.running")} />
            <small>{paceOf(progress)}</small>
          </>
        ) : (
          running && <small role="status">{t("state.running")}…</small>
        )}
      </div>
      {first ? (
        <img src={first.url} alt={first.artifact?.file ?? ""} />
      ) : (
        <p className="nothing">{t("form.nothing")}</p>
      )}
      {all.length > 1 && (
        <ul className="gallery">
          {all.slice(1).map((picture) => (
            <li key={picture.url}>
              <img src={picture.thumbnail} alt={picture.artifact?.file ?? ""} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
