import "./Picture.css";
import { ChevronLeft, ChevronRight, Columns2, Download, Workflow } from "lucide-react";
import { useEffect, useState } from "react";
import { jobWorkflow } from "../api/client";
import { t } from "../state/messages/index";
import { openData } from "../state/open";
import { useRuns } from "../state/runs";
import { type Shown, say, setUi } from "../state/ui";
import { closeDialog, Dialog } from "./Dialog";
import { FactsLine } from "./FactsLine";

/** One picture, large, with its neighbours by the arrows. */
export function PictureDialog({ index }: { index: number }) {
  const gallery = useRuns((runs) => runs.gallery);
  const picture = gallery[index];
  const go = (step: number) => {
    const next = index + step;
    if (gallery[next]) setUi({ dialog: { kind: "picture", index: next } });
  };
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key === "ArrowLeft") go(-1);
      if (event.key === "ArrowRight") go(1);
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  });
  if (!picture) return null;
  const older = gallery[index + 1];
  const name = picture.artifact?.file ?? "";
  const restore = async () => {
    try {
      await openData(await jobWorkflow(picture.job), name);
      closeDialog();
    } catch (error) {
      say(error instanceof Error ? error.message : String(error), "bad");
    }
  };
  return (
    <Dialog
      title={name}
      name="picture"
      tools={
        <>
          {older && (
            <button
              type="button"
              className="quiet"
              title={t("results.compareOlder")}
              onClick={() => setUi({ dialog: { kind: "compare", pictures: [older, picture] } })}
            >
              <Columns2 size={13} /> <span>{t("results.compare")}</span>
            </button>
          )}
          <button type="button" className="quiet" onClick={() => void restore()}>
            <Workflow size={13} /> <span>{t("results.restore")}</span>
          </button>
          <a className="quiet" href={picture.url} download={name.split("/").pop()}>
            <Download size={13} /> <span>{t("results.download")}</span>
          </a>
        </>
      }
    >
      <div className="picture-stage">
        <img src={picture.url} alt={name} />
        {index > 0 && (
          <button type="button" className="step left" aria-label="←" onClick={() => go(-1)}>
            <ChevronLeft size={22} />
          </button>
        )}
        {index < gallery.length - 1 && (
          <button type="button" className="step right" aria-label="→" onClick={() => go(1)}>
            <ChevronRight size={22} />
          </button>
        )}
      </div>
      <FactsLine key={picture.job} job={picture.job} whole />
    </Dialog>
  );
}

/** Two pictures over each other with a line to move between them. */
export function CompareDialog({ pictures }: { pictures: readonly [Shown, Shown] }) {
  const [part, setPart] = useState(50);
  const [left, right] = pictures.map(({ name, artifact }) => name ?? artifact?.file ?? "");
  return (
    <Dialog title={t("results.compare")} name="compare">
      <div className="compare-stage" style={{ ["--part" as string]: `${part}%` }}>
        <img src={pictures[0].url} alt={left} />
        <img src={pictures[1].url} alt={right} className="over" />
        <input
          type="range"
          min={0}
          max={100}
          step={0.5}
          value={part}
          aria-label={t("results.compare")}
          onChange={(event) => setPart(Number(event.target.value))}
        />
        <span className="line" aria-hidden="true" />
      </div>
      <footer className="compare-names">
        <span>← {left}</span>
        <span>{right} →</span>
      </footer>
    </Dialog>
  );
}
