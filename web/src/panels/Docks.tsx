/** The panels at both sides. */

import { X } from "lucide-react";
import { lazy, type ReactNode, Suspense } from "react";
import { t } from "../state/messages/index";
import { setUi, useUi } from "../state/ui";
import { IconButton } from "../widgets/IconButton";
import { FormPanel } from "./Form";
import { NodesPanel } from "./Nodes";
import { OutlinePanel } from "./Outline";
import { ProblemsPanel } from "./Problems";
import { QueuePanel } from "./Queue";
import { ResultsPanel } from "./Results";
import { TemplatesPanel } from "./Templates";

const LibraryPanel = lazy(async () => ({ default: (await import("./Library")).LibraryPanel }));
const HistoryPanel = lazy(async () => ({ default: (await import("./History")).HistoryPanel }));

/** A panel whose program is fetched when it is first opened. */
function Later({ side, children }: { side: "left" | "right"; children: ReactNode }) {
  return <Suspense fallback={<aside className={`dock ${side}`} />}>{children}</Suspense>;
}

export function LeftDock() {
  const left = useUi((ui) => ui.left);
  if (left === "library") {
    return (
      <Later side="left">
        <LibraryPanel />
      </Later>
    );
  }
  if (left === "nodes") return <NodesPanel />;
  if (left === "templates") return <TemplatesPanel />;
  if (left === "outline") return <OutlinePanel />;
  return null;
}

export function RightDock() {
  const right = useUi((ui) => ui.right);
  if (right === "form") return <FormPanel />;
  if (right === "results") return <ResultsPanel />;
  if (right === "history") {
    return (
      <Later side="right">
        <HistoryPanel />
      </Later>
    );
  }
  if (right === "queue") return <QueuePanel />;
  if (right === "problems") return <ProblemsPanel />;
  return null;
}

interface Props {
  readonly title: string;
  readonly side: "left" | "right";
  readonly name: string;
  readonly children: ReactNode;
  readonly tools?: ReactNode;
}

export function Dock({ title, side, name, children, tools }: Props) {
  return (
    <aside className={`dock ${side} ${name}`} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {tools}
        <IconButton
          label={t("dialog.close")}
          onClick={() => setUi(side === "left" ? { left: null } : { right: null })}
        >
          <X size={14} />
        </IconButton>
      </header>
      <div className="dock-body">{children}</div>
    </aside>
  );
}
