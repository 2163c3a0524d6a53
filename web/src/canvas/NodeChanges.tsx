/** What a comparison says of a node, below it: each value as it was and as it is. */

import "./NodeChanges.css";
import type { Value } from "../api/json";
import { compactJson } from "../api/json";
import { asLink, targetOf } from "../graph/model";
import { portName } from "../graph/names";
import { activeGraph, schemaOfType, useDocs } from "../state/docs";
import { nodeDiff, useCompare } from "../state/library/compare";
import { t } from "../state/messages/index";

const SHOWN = 8;

export function useNodeDiff(id: string) {
  // The comparison of a tab never changes; what may change is the tab in front.
  useDocs((docs) => docs.active);
  return useCompare(() => nodeDiff(id));
}

export function NodeChanges({ id }: { id: string }) {
  const diff = useNodeDiff(id);
  if (diff === null || diff.fields.length === 0) return null;
  const hidden = diff.fields.length - SHOWN;
  const schema = schemaOfType(activeGraph().nodes[id]?.type ?? "");
  return (
    <dl className="node-changes nodrag">
      {diff.fields.slice(0, SHOWN).map(({ field, before, after }) => (
        <div key={field}>
          <dt>{portName(field, schema?.inputs[field])}</dt>
          <dd>
            <del>{valueText(before)}</del> <span aria-hidden="true">→</span>{" "}
            <ins>{valueText(after)}</ins>
          </dd>
        </div>
      ))}
      {hidden > 0 && <div>{t("diff.more", { n: hidden })}</div>}
    </dl>
  );
}

/** A value in a few words. */
export function valueText(value: Value | undefined): string {
  if (value === undefined) return t("diff.nothing");
  const link = asLink(value);
  if (link !== null) return targetOf(link);
  const text = typeof value === "string" ? value : compactJson(value);
  return text === "" ? "“”" : text;
}
