/** Whether the workflow in front is safe, in the bar above it. */

import "./SaveState.css";
import { Check, CloudOff, CloudUpload, LoaderCircle, Trash2, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { activeTab, isDirty, useDocs } from "../state/docs";
import { keyText } from "../state/keyNames";
import { saveActive } from "../state/library/keeper";
import { keptOf, useLibrary } from "../state/library/store";
import { type MessageKey, t } from "../state/messages/index";
import { setUi } from "../state/ui";

export function SaveState() {
  const tab = useDocs((docs) => activeTab(docs).id);
  const dirty = useDocs((docs) => isDirty(activeTab(docs)));
  const hidden = useDocs(
    (docs) => !docs.ready || activeTab(docs).readOnly === true || activeTab(docs).transient,
  );
  const empty = useDocs(
    (docs) => Object.keys(activeTab(docs).workflow.graphs[""]?.nodes ?? {}).length === 0,
  );
  const kept = useLibrary((library) => keptOf(tab, library));
  if (hidden || (kept.id === null && empty)) return null;
  const conflict = () => setUi({ dialog: { kind: "conflict", tab } });
  const history = () => setUi((ui) => ({ right: ui.right === "history" ? null : "history" }));
  const save = () => void saveActive();
  switch (kept.phase) {
    case "saving":
      return <Chip label="library.saving" icon={<LoaderCircle size={13} className="spin" />} />;
    case "offline":
      return (
        <Chip
          label="library.offline"
          title={t("library.offlineWhy")}
          tone="warn"
          icon={<CloudOff size={13} />}
          onPress={save}
        />
      );
    case "conflict":
      return (
        <Chip
          label="library.conflict"
          tone="bad"
          icon={<TriangleAlert size={13} />}
          onPress={conflict}
        />
      );
    case "trashed":
      return <Chip label="library.trashedChip" tone="warn" icon={<Trash2 size={13} />} />;
    case "refused":
      return (
        <Chip
          label="library.refusedChip"
          title={t("library.refused", { reason: kept.reason ?? "" })}
          tone="bad"
          icon={<TriangleAlert size={13} />}
          onPress={save}
        />
      );
  }
  if (kept.id !== null && !dirty) {
    return (
      <Chip
        label="library.saved"
        title={`${t("history.revision", { n: kept.base })} · ${t("panel.history")} (H)`}
        icon={<Check size={13} />}
        onPress={history}
      />
    );
  }
  return (
    <Chip
      label="library.unsaved"
      title={`${t("library.save")} (${keyText("Mod+S")})`}
      icon={<CloudUpload size={13} />}
      onPress={save}
    />
  );
}

interface Props {
  readonly label: MessageKey;
  readonly icon: ReactNode;
  readonly title?: string;
  readonly tone?: "warn" | "bad";
  readonly onPress?: () => void;
}

function Chip({ label, icon, title, tone, onPress }: Props) {
  return (
    <button
      type="button"
      className={`quiet save-state ${tone ?? ""}`}
      title={title ?? t(label)}
      disabled={onPress === undefined}
      onClick={onPress}
    >
      {icon}
      <span aria-live="polite">{t(label)}</span>
    </button>
  );
}
