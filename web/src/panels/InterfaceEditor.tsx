/** What a subgraph takes and gives: names, order, and what they stand for inside. */

import "./InterfaceEditor.css";
import { ArrowDown, ArrowUp, X } from "lucide-react";
import { useShallow } from "zustand/react/shallow";
import { type Face, hide, moveExposed, renameExposed } from "../graph/commands/ports";
import { splitTarget } from "../graph/model";
import { activeGraph, edit, rectAt, select, useDocs } from "../state/docs";
import { t } from "../state/messages/index";
import { reveal } from "../state/viewport";
import { IconButton } from "../widgets/IconButton";

export function InterfaceEditor({ sides }: { sides: readonly Face[] }) {
  return sides.map((side) => <Side key={side} side={side} />);
}

function Side({ side }: { side: Face }) {
  const ports = useDocs(useShallow((docs) => activeGraph(docs).interface[side]));
  const names = Object.keys(ports);
  return (
    <section className="interface">
      <h3>{t(`form.${side}`)}</h3>
      {names.length === 0 && <p className="nothing">{t("port.none")}</p>}
      <ul>
        {names.map((name, i) => (
          <li key={name}>
            <input
              defaultValue={name}
              aria-label={`${t("node.rename")} ${name}`}
              onBlur={(event) => {
                const to = event.target.value.trim();
                if (to !== name) rename(side, name, to);
                if (!Object.hasOwn(activeGraph().interface[side], to)) event.target.value = name;
              }}
              onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
            />
            <button
              type="button"
              className="target"
              title={ports[name]}
              onClick={() => go(ports[name] ?? "")}
            >
              {ports[name]}
            </button>
            <PortTools side={side} name={name} first={i === 0} last={i === names.length - 1} />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface ToolsProps {
  readonly side: Face;
  readonly name: string;
  readonly first: boolean;
  readonly last: boolean;
}

/** Put a public name earlier or later, or take it off. */
export function PortTools({ side, name, first, last }: ToolsProps) {
  const move = (by: 1 | -1) => edit("port.move", (d, at) => moveExposed(d, at, side, name, by));
  return (
    <>
      <IconButton label={`${t("port.up")}: ${name}`} disabled={first} onClick={() => move(-1)}>
        <ArrowUp size={13} />
      </IconButton>
      <IconButton label={`${t("port.down")}: ${name}`} disabled={last} onClick={() => move(1)}>
        <ArrowDown size={13} />
      </IconButton>
      <IconButton
        label={`${t("port.hide")}: ${name}`}
        onClick={() => edit("port.hide", (d, at) => hide(d, at, side, name))}
      >
        <X size={13} />
      </IconButton>
    </>
  );
}

function rename(side: Face, from: string, to: string): void {
  edit("form.rename", (draft, at) => renameExposed(draft, at, side, from, to));
}

function go(target: string): void {
  const { node } = splitTarget(target);
  const rect = rectAt(node);
  if (rect === null) return;
  select([node]);
  reveal(rect);
}
