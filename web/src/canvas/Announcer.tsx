/** Tells those who do not see the canvas what is selected on it. */

import { activeGraph, activeTab, useDocs } from "../state/docs";
import { t } from "../state/messages/index";
import { titleOf } from "./NodeView";

export function Announcer() {
  const text = useDocs((docs) => {
    const { selection, workflow } = activeTab(docs);
    if (selection.size > 1) return t("say.many", { n: selection.size });
    const [id] = selection;
    if (id === undefined) return t("say.nothing");
    const { nodes, groups, notes } = activeGraph(docs);
    const node = nodes[id];
    const title = node && titleOf(node, docs.catalog.find(workflow, node.type));
    const what = title ?? groups[id]?.title ?? notes[id]?.text ?? "";
    return t("say.selected", { what: `${what} ${id}`.trim() });
  });
  return (
    <p className="unseen" aria-live="polite" data-testid="announcer">
      {text}
    </p>
  );
}
