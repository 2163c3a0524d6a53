import "./NodePicture.css";
import { useState } from "react";
import { own } from "../api/dict";
import { runOf, useRuns } from "../state/runs";
import { setUi } from "../state/ui";
import { useRunKey } from "./NodeStatus";

/** What a node gave, or gives so far. */
export function NodePicture({ id, height }: { id: string; height: number }) {
  const { tab, key } = useRunKey(id);
  const pictures = useRuns((runs) => own(runOf(tab, runs).pictures, key));
  const [shown, setShown] = useState(0);
  if (pictures === undefined || pictures.length === 0) return null;
  const picture = pictures[Math.min(shown, pictures.length - 1)];
  if (picture === undefined) return null;
  return (
    <figure className="node-picture" style={{ height }}>
      <button
        type="button"
        className="nodrag"
        tabIndex={-1}
        aria-label={picture.artifact?.file ?? key}
        onClick={() => {
          const index = useRuns.getState().gallery.findIndex((p) => p.url === picture.url);
          if (index >= 0) setUi({ dialog: { kind: "picture", index } });
        }}
      >
        <img src={picture.url} alt={picture.artifact?.file ?? ""} draggable={false} />
      </button>
      {pictures.length > 1 && (
        <div className="pages nodrag">
          {pictures.map((one, i) => (
            <button
              key={one.url}
              type="button"
              tabIndex={-1}
              className={i === shown ? "on" : ""}
              aria-label={`${i + 1}`}
              onClick={() => setShown(i)}
            />
          ))}
        </div>
      )}
    </figure>
  );
}
