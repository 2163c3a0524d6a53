import {
  Boxes,
  FileInput,
  FolderOpen,
  Grid3x3,
  History as HistoryIcon,
  Images,
  Keyboard,
  Languages,
  LayoutTemplate,
  LibraryBig,
  ListOrdered,
  ListTree,
  type LucideIcon,
  Save,
  Share2,
  SunMoon,
  TriangleAlert,
} from "lucide-react";
import { togglePanel } from "../commands/table";
import { activeTab, useDocs } from "../state/docs";
import { keyText } from "../commands/keys";
import { saveActive } from "../state/library/keeper";
import { shareActive } from "../state/library/open";
import { type MessageKey, t } from "../state/messages/index";
import { chooseFile } from "../state/open";
import { runOf, toldCount, useRuns } from "../state/runs";
import { type LeftPanel, type RightPanel, setUi, useUi } from "../state/ui";

export function Rail() {
  const left = useUi((ui) => ui.left);
  const right = useUi((ui) => ui.right);
  const tab = useDocs((docs) => activeTab(docs).id);
  const problems = useRuns((runs) => toldCount(runOf(tab, runs)));
  const toggleLeft = (panel: Exclude<LeftPanel, null>) =>
    setUi({ left: left === panel ? null : panel });
  const leftItem = (panel: Exclude<LeftPanel, null>, icon: LucideIcon, keys = "") => (
    <Item
      label={`rail.${panel}`}
      icon={icon}
      keys={keys}
      on={left === panel}
      onPress={() => toggleLeft(panel)}
    />
  );
  const rightItem = (panel: Exclude<RightPanel, null>, icon: LucideIcon, keys = "", count = 0) => (
    <Item
      label={`rail.${panel}`}
      icon={icon}
      keys={keys}
      count={count}
      on={right === panel}
      onPress={() => togglePanel(panel)}
    />
  );
  return (
    <nav className="rail" aria-label="weft">
      {leftItem("nodes", Boxes)}
      {leftItem("library", LibraryBig, "Y")}
      {leftItem("templates", LayoutTemplate)}
      {leftItem("outline", ListTree, "O")}
      <hr />
      {rightItem("form", FileInput, "V")}
      {rightItem("results", Images, "R")}
      {rightItem("queue", ListOrdered, "Q")}
      {rightItem("history", HistoryIcon, "H")}
      {rightItem("problems", TriangleAlert, "", problems)}
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
