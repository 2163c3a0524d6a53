import "./StatusBar.css";
import {
  Magnet,
  Map as MapIcon,
  Maximize,
  Minus,
  Plus,
  Redo2,
  Sparkles,
  Undo2,
} from "lucide-react";
import { activeTab, redoOnce, undoOnce, useDocs } from "../state/docs";
import { keyText } from "../state/keyNames";
import { type MessageKey, t } from "../state/messages/index";
import { explain } from "../state/run";
import { setUi, useUi } from "../state/ui";
import { fitView, zoomBy } from "../state/viewport";
import { IconButton } from "../widgets/IconButton";

/** Undo, scale and what is drawn besides, at the canvas's lower edge. */
export function StatusBar() {
  const zoom = useUi((ui) => ui.zoom);
  const snap = useUi((ui) => ui.snap);
  const minimap = useUi((ui) => ui.minimap);
  const past = useDocs((docs) => activeTab(docs).history.past.length);
  const future = useDocs((docs) => activeTab(docs).history.future.length);
  const explained = useUi((ui) => ui.explain);
  return (
    <div className="statusbar" role="toolbar" aria-label={t("shortcuts.see")}>
      <Tool
        label="view.undo"
        keys="Mod+Z"
        icon={<Undo2 size={14} />}
        disabled={past === 0}
        onPress={undoOnce}
      />
      <Tool
        label="view.redo"
        keys="Mod+Shift+Z"
        icon={<Redo2 size={14} />}
        disabled={future === 0}
        onPress={redoOnce}
      />
      <hr />
      <Tool label="view.out" keys="-" icon={<Minus size={14} />} onPress={() => zoomBy(0.8)} />
      <button type="button" className="zoom" title={t("view.fit")} onClick={() => fitView("all")}>
        {Math.round(zoom * 100)}%
      </button>
      <Tool label="view.in" keys="+" icon={<Plus size={14} />} onPress={() => zoomBy(1.25)} />
      <Tool
        label="view.fit"
        keys="F"
        icon={<Maximize size={13} />}
        onPress={() => fitView("all")}
      />
      <hr />
      <Tool
        label="view.snap"
        keys="S"
        icon={<Magnet size={14} />}
        on={snap}
        onPress={() => setUi({ snap: !snap })}
      />
      <Tool
        label="view.map"
        icon={<MapIcon size={14} />}
        on={minimap}
        onPress={() => setUi({ minimap: !minimap })}
      />
      <Tool
        label="run.explain"
        keys="E"
        icon={<Sparkles size={14} />}
        on={explained}
        onPress={() => void explain()}
      />
    </div>
  );
}

interface ToolProps {
  readonly label: MessageKey;
  readonly icon: React.ReactNode;
  readonly onPress: () => void;
  readonly keys?: string;
  readonly on?: boolean;
  readonly disabled?: boolean;
}

function Tool({ label, icon, onPress, keys, on, disabled = false }: ToolProps) {
  const text = t(label);
  return (
    <IconButton
      label={text}
      tip={keys ? `${text} (${keyText(keys)})` : text}
      on={on}
      disabled={disabled}
      onClick={onPress}
    >
      {icon}
    </IconButton>
  );
}
