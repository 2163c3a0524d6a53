/** Every panel beside the canvas, in the order of the rail. The rail, the keyboard and the docks read it. */

import {
  Boxes,
  FileInput,
  History,
  Images,
  LayoutTemplate,
  LibraryBig,
  ListOrdered,
  ListTree,
  type LucideIcon,
  TriangleAlert,
} from "lucide-react";
import type { ComponentType } from "react";
import type { MessageKey } from "../state/messages/index";
import type { PanelId } from "../state/messages/panels";
import { type TabRun, toldCount } from "../state/runs";
import { setUi } from "../state/ui";
import { OutlinePanel } from "./Outline";

export interface Panel {
  readonly id: PanelId;
  readonly side: "left" | "right";
  readonly icon: LucideIcon;
  readonly label: MessageKey;
  /** The key that opens and closes it, as `Mod+Shift+K`; without one there is no shortcut. */
  readonly key?: string;
  /** A number on its icon; 0 shows none. */
  readonly count?: (run: TabRun) => number;
  /** Its component, for one that must be there when the first key is pressed in it. */
  readonly component?: ComponentType;
  /** Fetch its component, when it is first opened or when the page is idle. */
  readonly load: () => Promise<{ readonly default: ComponentType }>;
}

export const PANELS: readonly Panel[] = [
  {
    id: "nodes",
    side: "left",
    icon: Boxes,
    label: "panel.nodes",
    load: async () => ({ default: (await import("./Nodes")).NodesPanel }),
  },
  {
    id: "library",
    side: "left",
    icon: LibraryBig,
    label: "panel.library",
    key: "Y",
    load: async () => ({ default: (await import("./Library")).LibraryPanel }),
  },
  {
    id: "templates",
    side: "left",
    icon: LayoutTemplate,
    label: "panel.templates",
    load: async () => ({ default: (await import("./Templates")).TemplatesPanel }),
  },
  {
    id: "outline",
    side: "left",
    icon: ListTree,
    label: "panel.outline",
    key: "O",
    component: OutlinePanel,
    load: async () => ({ default: OutlinePanel }),
  },
  {
    id: "form",
    side: "right",
    icon: FileInput,
    label: "panel.form",
    key: "V",
    load: async () => ({ default: (await import("./Form")).FormPanel }),
  },
  {
    id: "results",
    side: "right",
    icon: Images,
    label: "panel.results",
    key: "R",
    load: async () => ({ default: (await import("./Results")).ResultsPanel }),
  },
  {
    id: "queue",
    side: "right",
    icon: ListOrdered,
    label: "panel.queue",
    key: "Q",
    load: async () => ({ default: (await import("./Queue")).QueuePanel }),
  },
  {
    id: "history",
    side: "right",
    icon: History,
    label: "panel.history",
    key: "H",
    load: async () => ({ default: (await import("./History")).HistoryPanel }),
  },
  {
    id: "problems",
    side: "right",
    icon: TriangleAlert,
    label: "panel.problems",
    count: toldCount,
    load: async () => ({ default: (await import("./Problems")).ProblemsPanel }),
  },
];

export function togglePanel({ id, side }: Panel): void {
  setUi((ui) => ({ [side]: ui[side] === id ? null : id }));
}
