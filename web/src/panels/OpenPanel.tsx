/** The panels that are open at both sides. */

import "./Dock.css";
import { type ComponentType, useEffect, useState } from "react";
import { useUi } from "../state/ui";
import { PANELS, type Panel } from "./table";

/** Components that are there: they open at once, and take the next key that is pressed. */
const fetched = new Map<Panel["id"], ComponentType>();

for (const { id, component } of PANELS) if (component) fetched.set(id, component);

async function fetchPanel({ id, load }: Panel): Promise<void> {
  if (!fetched.has(id)) fetched.set(id, (await load()).default);
}

export function OpenPanel({ side }: { side: "left" | "right" }) {
  const open = useUi((ui) => ui[side]);
  const [, come] = useState(0);
  const row = PANELS.find(({ id }) => id === open);
  const Panel = row && fetched.get(row.id);
  useEffect(() => {
    if (row && Panel === undefined) void fetchPanel(row).then(() => come((count) => count + 1));
  }, [row, Panel]);
  if (row === undefined) return null;
  return Panel ? <Panel /> : <aside className={`dock ${side}`} />;
}

/** Fetch all panels before they are opened: they then open at once, and without the server. */
export function prefetchPanels(): void {
  for (const panel of PANELS) fetchPanel(panel).catch(() => undefined);
}
