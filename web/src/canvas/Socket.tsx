import "./Socket.css";
import { memo, useMemo } from "react";
import type { PortSchema } from "../api/nodes";
import { isList, socketType, typeText } from "../graph/types";
import { t } from "../state/messages/index";
import { type Pending, useUi } from "../state/ui";
import { beginLink, type PortSide } from "./connecting";
import { hueColor, SHAPES, styleOf } from "./sockets";

interface Props {
  readonly node: string;
  readonly port: string;
  readonly side: PortSide;
  readonly schema: PortSchema;
  readonly linked: boolean;
  /** A value's socket shows itself only when it is needed. */
  readonly quiet?: boolean;
  readonly optional?: boolean;
}

/** The place where links begin and end. */
export const Socket = memo(function Socket(props: Props) {
  const { node, port, side, schema, linked, quiet, optional } = props;
  // One question for each socket: a thousand nodes have many.
  const fit = useUi(({ pending }) => (pending === null ? "" : fitOf(pending, node, port, side)));
  const type = useMemo(() => socketType(schema), [schema]);
  const style = styleOf(type);
  const said = linked ? `${typeText(type)}, ${t("widget.linked")}` : typeText(type);
  const state = [side, quiet && "quiet", linked && "linked", fit, optional && "optional"];
  return (
    <button
      type="button"
      tabIndex={-1}
      className={`socket nodrag ${state.filter(Boolean).join(" ")}`}
      style={{ color: hueColor(style.hue) }}
      data-node={node}
      data-port={port}
      data-side={side}
      title={`${schema.label ?? port}: ${typeText(type)}`}
      aria-label={t(`port.${side}`, { name: schema.label ?? port, type: said })}
      onPointerDown={(event) => beginLink(event, { node, port }, side)}
    >
      <svg viewBox="0 0 12 12" aria-hidden="true">
        {isList(type) && <path className="stack" d={SHAPES[style.shape]} />}
        <path d={SHAPES[style.shape]} fillRule="evenodd" />
      </svg>
    </button>
  );
});

/** Whether the link in the hand may end here, and whether it would now. */
function fitOf(pending: Pending, node: string, port: string, side: PortSide): string {
  if (side === pending.side || !pending.ports.has(`${node}.${port}`)) return "";
  return pending.aim?.node === node && pending.aim.port === port ? "lit aimed" : "lit";
}
