/** Ways to settle a problem at a press: the nearest values that its input allows. */

import "./Fixes.css";
import type { Problem } from "../api/server";
import { inputOf } from "../graph/catalog";
import { setValue } from "../graph/commands/values";
import { graphAt, ROOT } from "../graph/model";
import { nearestMultiples } from "../graph/multiples";
import { activeTab, editTab, useDocs } from "../state/docs";
import { t } from "../state/messages/index";

/** The graph and the node that a problem's id means: instances' ids stand before it. */
function placeOf(problem: Problem) {
  const { workflow } = activeTab();
  const steps = problem.node?.split("/") ?? [];
  const id = steps.pop();
  let at = ROOT;
  for (const step of steps) at = graphAt(workflow, at).nodes[step]?.type ?? "";
  const node = id === undefined ? undefined : graphAt(workflow, at).nodes[id];
  return node === undefined || id === undefined ? null : { at, id, node, workflow };
}

export function Fixes({ problem }: { problem: Problem }) {
  const catalog = useDocs((docs) => docs.catalog);
  const readOnly = useDocs((docs) => activeTab(docs).readOnly === true);
  // Read anew after each change of the workflow.
  useDocs((docs) => activeTab(docs).workflow);
  const place = placeOf(problem);
  const { port } = problem;
  if (place === null || !port || readOnly) return null;
  const { at, id, node, workflow } = place;
  const schema = catalog.find(workflow, node.type);
  const input = schema && inputOf(schema, port);
  const values = input ? nearestMultiples(node.inputs[port], input) : [];
  if (values.length === 0) return null;
  const use = (value: number) =>
    editTab(activeTab().id, "widget.change", (draft) =>
      setValue(draft, at, { node: id, port }, value),
    );
  return (
    <span className="fixes">
      {values.map((value) => (
        <button key={value} type="button" className="quiet on" onClick={() => use(value)}>
          {t("problems.use", { value })}
        </button>
      ))}
    </span>
  );
}
