/** The panels that are open at both sides. */

import "./Dock.css";
import { type ComponentType, lazy, Suspense } from "react";
import { useUi } from "../state/ui";
import { PANELS } from "./table";

const LAZY: ReadonlyMap<string, ComponentType> = new Map(
  PANELS.map(({ id, load }) => [id, lazy(load)]),
);

export function OpenPanel({ side }: { side: "left" | "right" }) {
  const open = useUi((ui) => ui[side]);
  const Panel = open === null ? undefined : LAZY.get(open);
  if (Panel === undefined) return null;
  return (
    <Suspense fallback={<aside className={`dock ${side}`} />}>
      <Panel />
    </Suspense>
  );
}

/** Fetch all panels before they are opened: they then open at once, and without the server. */
export function prefetchPanels(): void {
  for (const { load } of PANELS) load().catch(() => undefined);
}
