/** The frame of a panel: its heading, its tools, and the button that closes it. */

import "./Dock.css";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { t } from "../state/messages/index";
import { setUi } from "../state/ui";
import { IconButton } from "../widgets/IconButton";

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
