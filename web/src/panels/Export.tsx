/** The workflow in front as a file for elsewhere. */

import { Braces, FileJson, ImageDown, Package } from "lucide-react";
import { type ReactNode, useState } from "react";
import { activeTab, useDocs } from "../state/docs";
import { type MessageKey, t } from "../state/messages/index";
import { saveApiFile, saveBundle, saveFile } from "../state/open";
import { runOf, useRuns } from "../state/runs";

export function Exports() {
  const empty = useDocs((docs) => Object.keys(activeTab(docs).workflow.graphs).length === 0);
  const tab = useDocs((docs) => activeTab(docs).id);
  const done = useRuns((runs) => {
    const run = runOf(tab, runs);
    return run.job !== null && !run.running && Object.keys(run.pictures).length > 0;
  });
  const [busy, setBusy] = useState(false);
  const pack = async (format: "png" | "zip") => {
    setBusy(true);
    await saveBundle(format);
    setBusy(false);
  };
  if (empty) return null;
  return (
    <section>
      <h3>{t("share.export")}</h3>
      <div className="exports">
        <Way label="share.weft" icon={<FileJson size={16} />} onPress={saveFile} />
        <Way
          label="share.zip"
          icon={<Package size={16} />}
          disabled={busy}
          onPress={() => void pack("zip")}
        />
        {done && (
          <Way
            label="share.png"
            icon={<ImageDown size={16} />}
            disabled={busy}
            onPress={() => void pack("png")}
          />
        )}
        <Way label="share.api" icon={<Braces size={16} />} onPress={() => void saveApiFile()} />
      </div>
      {busy && <p role="status">{t("share.packing")}</p>}
    </section>
  );
}

interface Props {
  readonly label: Extract<MessageKey, "share.weft" | "share.api" | "share.zip" | "share.png">;
  readonly icon: ReactNode;
  readonly onPress: () => void;
  readonly disabled?: boolean;
}

function Way({ label, icon, onPress, disabled = false }: Props) {
  return (
    <button type="button" className="way" disabled={disabled} onClick={onPress}>
      {icon}
      <b>{t(label)}</b>
      <small>{t(`${label}Text`)}</small>
    </button>
  );
}
