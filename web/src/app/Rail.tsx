import "./Rail.css";
import {
  FolderOpen,
  Grid3x3,
  Keyboard,
  Languages,
  type LucideIcon,
  Save,
  Share2,
  SunMoon,
} from "lucide-react";
import { PANELS, type Panel, togglePanel } from "../panels/table";
import { activeTab, useDocs } from "../state/docs";
import { keyText } from "../state/keyNames";
import { saveActive } from "../state/library/keeper";
import { shareActive } from "../state/library/open";
import { type MessageKey, t } from "../state/messages/index";
import { chooseFile } from "../state/open";
import { runOf, useRuns } from "../state/runs";
import { setUi, useUi } from "../state/ui";

export function Rail() {
  return (
    <nav className="rail" aria-label="weft">
      <PanelItems side="left" />
      <hr />
      <PanelItems side="right" />
      <hr />
      <Item
        label="sweep.title"
        icon={Grid3x3}
        onPress={() => setUi({ dialog: { kind: "sweep" } })}
      />
      <span className="spacer" />
      <Item label="file.open" icon={FolderOpen} keys="Mod+O" onPress={chooseFile} />
      <Item label="file.save" icon={Save} keys="Mod+S" onPress={() => void saveActive()} />
      <Item label="rail.share" icon={Share2} onPress={() => void shareActive()} />
      <hr />
      <Item
        label="rail.theme"
        icon={SunMoon}
        onPress={() => setUi((ui) => ({ theme: ui.theme === "dark" ? "light" : "dark" }))}
      />
      <Item
        label="rail.language"
        icon={Languages}
        onPress={() => setUi((ui) => ({ language: ui.language === "en" ? "zh" : "en" }))}
      />
      <Item
        label="rail.shortcuts"
        icon={Keyboard}
        keys="?"
        onPress={() => setUi({ dialog: { kind: "shortcuts" } })}
      />
    </nav>
  );
}

function PanelItems({ side }: { side: Panel["side"] }) {
  const open = useUi((ui) => ui[side]);
  const tab = useDocs((docs) => activeTab(docs).id);
  const run = useRuns((runs) => runOf(tab, runs));
  return PANELS.filter((panel) => panel.side === side).map((panel) => (
    <Item
      key={panel.id}
      label={panel.label}
      icon={panel.icon}
      keys={panel.key ?? ""}
      count={panel.count?.(run) ?? 0}
      on={open === panel.id}
      onPress={() => togglePanel(panel)}
    />
  ));
}

interface ItemProps {
  readonly label: MessageKey;
  readonly icon: LucideIcon;
  readonly onPress: () => void;
  readonly on?: boolean;
  readonly keys?: string;
  readonly count?: number;
}

function Item({ label, icon: Icon, onPress, on, keys, count = 0 }: ItemProps) {
  const text = t(label);
  return (
    <button
      type="button"
      className={on ? "on" : ""}
      title={keys ? `${text} (${keyText(keys)})` : text}
      aria-label={text}
      aria-pressed={on}
      onClick={onPress}
    >
      <Icon size={17} strokeWidth={1.75} aria-hidden="true" />
      {count > 0 && <span className="badge">{count > 99 ? "99+" : count}</span>}
    </button>
  );
}
