/** A comparison as a list, for finding one's way and for screen readers. */

import "./Differences.css";
import { valueText } from "../canvas/NodeChanges";
import { type FieldChange, isSame } from "../graph/diff";
import { ROOT } from "../graph/model";
import type { Comparison } from "../state/library/compare";
import { t } from "../state/messages/index";
import { jumpTo } from "./Problems";

export function Differences({ difference, before, after }: Comparison) {
  if (isSame(difference)) {
    return <p className="nothing">{t("readonly.same", { before, after })}</p>;
  }
  return (
    <ul className="differences">
      {Object.entries(difference.graphs).flatMap(([graph, { nodes, about }]) => [
        ...about.map((change) => (
          <li key={`${graph} ${change.field}`}>
            <div className="about">
              <b>{graph === ROOT ? change.field : `${graph}: ${change.field}`}</b>
              <Line change={change} />
            </div>
          </li>
        )),
        ...Object.entries(nodes).map(([id, { mark, fields }]) => (
          <li key={`${graph}/${id}`}>
            <button
              type="button"
              data-mark={mark}
              onClick={() =>
                jumpTo(graph === ROOT ? id : `${instanceOf(difference.merged.graphs, graph)}/${id}`)
              }
            >
              <b>{id}</b>
              <small>{t(`mark.${mark}`)}</small>
              {fields.map((change) => (
                <small key={change.field}>
                  {change.field}: <Line change={change} />
                </small>
              ))}
            </button>
          </li>
        )),
      ])}
    </ul>
  );
}

function Line({ change: { before, after } }: { change: FieldChange }) {
  return (
    <small>
      {valueText(before)} → {valueText(after)}
    </small>
  );
}

/** A node of the root that is an instance of a subgraph. */
function instanceOf(graphs: Comparison["difference"]["merged"]["graphs"], name: string): string {
  const nodes = Object.entries(graphs[ROOT]?.nodes ?? {});
  return nodes.find(([, node]) => node.type === name)?.[0] ?? name;
}
