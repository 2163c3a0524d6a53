import "./Results.css";
import { Columns2 } from "lucide-react";
import { useEffect, useState } from "react";
import { t } from "../state/messages/index";
import { loadPast } from "../state/pictures";
import { type Picture, useRuns } from "../state/runs";
import { setUi } from "../state/ui";
import { Dock } from "./Dock";
import { FactsLine } from "./FactsLine";

/** Every picture made, newest first. */
export function ResultsPanel() {
  const gallery = useRuns((runs) => runs.gallery);
  useEffect(() => void loadPast(), []);
  const [comparing, setComparing] = useState(false);
  const [first, setFirst] = useState<Picture | null>(null);
  const press = (picture: Picture, index: number) => {
    if (!comparing) setUi({ dialog: { kind: "picture", index } });
    else if (first === null) setFirst(picture);
    else {
      setUi({ dialog: { kind: "compare", pictures: [first, picture] } });
      setFirst(null);
      setComparing(false);
    }
  };
  return (
    <Dock
      title={t("results.title")}
      side="right"
      name="results-dock"
      tools={
        gallery.length > 1 && (
          <button
            type="button"
            className={`icon ${comparing ? "on" : ""}`}
            title={t("results.compare")}
            aria-label={t("results.compare")}
            aria-pressed={comparing}
            onClick={() => {
              setComparing(!comparing);
              setFirst(null);
            }}
          >
            <Columns2 size={14} />
          </button>
        )
      }
    >
      {comparing && <p className="note-line">{t("results.compareHint")}</p>}
      {gallery.length === 0 && <p className="nothing">{t("results.empty")}</p>}
      <ul className="gallery">
        {gallery.map((picture, i) => (
          <li key={picture.url}>
            <button
              type="button"
              className={picture === first ? "chosen" : ""}
              title={picture.artifact?.file}
              aria-label={picture.artifact?.file ?? picture.node}
              onClick={() => press(picture, i)}
            >
              <img src={picture.thumbnail} alt={picture.artifact?.file ?? ""} loading="lazy" />
            </button>
            <FactsLine job={picture.job} />
          </li>
        ))}
      </ul>
    </Dock>
  );
}
