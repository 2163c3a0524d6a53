/** The workflow in front as a file for elsewhere. */

import { Braces, FileJson } from "lucide-react";
import type { ReactNode } from "react";
import { activeTab, useDocs } from "../app/docs";
import { type MessageKey, t } from "../app/messages";
import { saveApiFile, saveFile } from "../app/open";

export function Exports() {
  const empty = useDocs((docs) => Object.keys(activeTab(docs).workflow.graphs).length === 0);
  if (empty) return null;
  return (
    <section>
      <h3>{t("share.export")}</h3>
      <div className="exports">
        <Way label="share.weft" icon={<FileJson size={16} />} onPress={saveFile} />
        <Way label="share.api" icon={<Braces size={16} />} onPress={() => void saveApiFile()} />
      </div>
    </section>
  );
}

interface Props {
  readonly label: Extract<MessageKey, "share.weft" | "share.api">;
  readonly icon: ReactNode;
  readonly onPress: () => void;
}

function Way({ label, icon, onPress }: Props) {
  return (
    <button type="button" className="way" onClick={onPress}>
      {icon}
      <b>{t(label)}</b>
      <small>{t(`${label}Text`)}</small>
    </button>
  );
}
