import "./Breadcrumbs.css";
import { ChevronRight } from "lucide-react";
import { activeTab, leaveTo, tabTitle, useDocs } from "../state/docs";
import { t } from "../state/messages/index";

/** The way from the root into the subgraph one looks at. */
export function Breadcrumbs() {
  const tab = useDocs(activeTab);
  if (tab.path.length === 0) return null;
  const names = [tabTitle(tab) || t("tab.untitled"), ...tab.path.map(({ graph }) => graph)];
  return (
    <nav className="breadcrumbs" aria-label={t("node.enter")}>
      {names.map((name, depth) => (
        <span
          key={tab.path
            .slice(0, depth)
            .map((step) => step.node)
            .join("/")}
        >
          {depth > 0 && <ChevronRight size={13} aria-hidden="true" />}
          <button
            type="button"
            aria-current={depth === names.length - 1 ? "location" : undefined}
            onClick={() => leaveTo(depth)}
          >
            {tab.workflow.graphs[name]?.title ?? name}
          </button>
        </span>
      ))}
    </nav>
  );
}
