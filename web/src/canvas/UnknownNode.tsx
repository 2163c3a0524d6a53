/** What a node of a type that is not here says, and what could stand in for it. */

import "./UnknownNode.css";
import { useMemo } from "react";
import type { GraphNode } from "../graph/model";
import { typeName } from "../graph/names";
import { candidates } from "../graph/replace";
import { activeTab, scopeNow, useDocs } from "../state/docs";
import { openReport, useReports } from "../state/library/foreign";
import { t } from "../state/messages/index";
import { fateText, replaceOne } from "../state/standins";

export function UnknownNode({ id, node }: { id: string; node: GraphNode }) {
  const tab = useDocs((docs) => activeTab(docs).id);
  const readOnly = useDocs((docs) => activeTab(docs).readOnly === true);
  const catalog = useDocs((docs) => docs.catalog);
  const pack = useReports(
    ({ byTab }) => byTab[tab]?.nodes.find(({ type }) => type === node.type)?.pack,
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: looked up anew when these change
  const [best] = useMemo(() => candidates(scopeNow(), id, 1), [id, node, catalog]);
  return (
    <div className="unknown-text">
      <p>{pack ? t("report.pack", { pack }) : t("node.unknown")}</p>
      {best && !readOnly && (
        <div className="stand-in nodrag">
          <button
            type="button"
            className="quiet on"
            title={fateText(best.fit)}
            onClick={() => replaceOne(id, best.schema)}
          >
            {t("standin.use", { type: typeName(best.schema.type, best.schema) })}
          </button>
          <button type="button" className="quiet" onClick={() => void openReport(tab)}>
            {t("standin.others")}
          </button>
        </div>
      )}
    </div>
  );
}
