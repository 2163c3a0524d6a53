import "./Nodes.css";
import { useMemo, useState } from "react";
import { byCategory, search } from "../graph/search";
import { addNodeAt, freePlace } from "../state/adding";
import { t } from "../state/messages/index";
import { middle } from "../state/viewport";
import { Dock } from "./Dock";
import { categoryTitle, TypeMark, useEntries } from "./Search";

/** Every node type by category; dragged onto the canvas, or added by a press. */
export function NodesPanel() {
  const [text, setText] = useState("");
  const entries = useEntries();
  const found = useMemo(() => {
    const all = search(entries, text, 500);
    // A search puts the best first; without one, every category stands together.
    return text === "" ? all.toSorted(byCategory) : all;
  }, [entries, text]);
  return (
    <Dock title={t("panel.nodes")} side="left" name="nodes">
      <input
        className="search"
        placeholder={t("search.placeholder")}
        aria-label={t("search.placeholder")}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <ul className="node-list">
        {found.map(({ schema, label }, i) => (
          <li key={schema.type}>
            {text === "" && schema.category !== found[i - 1]?.schema.category && (
              <h3>{categoryTitle(schema)}</h3>
            )}
            <button
              type="button"
              draggable
              title={schema.summary}
              onDragStart={(event) => {
                event.dataTransfer.setData("application/x-weft-node", schema.type);
                event.dataTransfer.effectAllowed = "copy";
              }}
              onClick={() => addNodeAt(schema.type, freePlace(schema.type, middle()))}
            >
              <TypeMark schema={schema} />
              {label}
            </button>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="nothing">{t("search.none")}</p>}
    </Dock>
  );
}
