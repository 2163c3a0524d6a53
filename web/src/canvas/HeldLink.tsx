/** The link in the hand: over the nodes, unlike those that are made. */

import "./HeldLink.css";
import { useStoreApi } from "@xyflow/react";
import { useLayoutEffect, useRef } from "react";
import type { PortRef } from "../graph/model";
import type { Point } from "../graph/rect";
import { activeGraph, boxAt } from "../state/docs";
import { type Pending, useUi } from "../state/ui";
import { onPointer, type PortSide, pointer } from "./connecting";
import { curve, socketAt } from "./scene";
import { hueColor, styleOf } from "./sockets";

export function HeldLink() {
  const pending = useUi((ui) => ui.pending);
  // While a node is searched for, the link still shows where it comes from.
  const palette = useUi((ui) => ui.palette);
  if (pending !== null) return <Held pending={pending} free={pointer} />;
  if (palette?.pending) return <Held pending={palette.pending} free={palette.flow} />;
  return null;
}

function Held({ pending, free }: { pending: Pending; free: Point }) {
  const group = useRef<SVGGElement>(null);
  const store = useStoreApi();
  const many = pending.side === "input" && pending.carried.length > 0;
  const ends = many ? pending.carried.map((link) => link.to) : [pending.end];
  useLayoutEffect(() => {
    const draw = () => {
      const element = group.current;
      if (element === null) return;
      const [x, y, zoom] = store.getState().transform;
      element.setAttribute("transform", `translate(${x} ${y}) scale(${zoom})`);
      const other: PortSide = pending.side === "output" ? "input" : "output";
      const loose = pending.aim === null ? free : placeOf(pending.aim, other);
      const paths = element.querySelectorAll("path");
      ends.forEach((end, i) => {
        const fixed = placeOf(end, pending.side);
        const [from, to] = pending.side === "output" ? [fixed, loose] : [loose, fixed];
        paths[i]?.setAttribute("d", curve(from, to));
      });
      const dot = element.querySelector("circle");
      dot?.setAttribute("cx", String(loose.x));
      dot?.setAttribute("cy", String(loose.y));
      dot?.setAttribute("r", String(3.5 / Math.min(1, zoom)));
    };
    draw();
    onPointer(draw);
    const stop = store.subscribe(draw);
    return () => {
      stop();
      onPointer(() => {});
    };
  });
  return (
    <svg className="held" aria-hidden="true" style={{ color: hueColor(styleOf(pending.type).hue) }}>
      <g ref={group}>
        {ends.map((end) => (
          <path key={`${end.node}.${end.port}`} />
        ))}
        <circle />
      </g>
    </svg>
  );
}

function placeOf(ref: PortRef, side: PortSide): Point {
  return socketAt(ref, side, activeGraph(), boxAt(ref.node));
}
