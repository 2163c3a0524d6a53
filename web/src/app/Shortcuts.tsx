import "./Shortcuts.css";
import { Dialog } from "../panels/Dialog";
import { keyTexts } from "../state/keyNames";
import { type MessageKey, t } from "../state/messages/index";
import { COMMANDS } from "./commands";

// In an order in which the columns come out about equally long.
const GROUPS = ["shortcuts.graph", "shortcuts.run", "shortcuts.edit", "shortcuts.see"] as const;

/** What a key does inside a text, where the browser's keys are in force too. */
const IN_TEXTS = ["keys.weight", "Mod+ArrowUp Mod+ArrowDown"] as const;

const MOUSE: readonly (readonly [MessageKey, MessageKey])[] = [
  ["mouse.pan", "mouse.panKeys"],
  ["mouse.zoom", "mouse.zoomKeys"],
  ["mouse.box", "mouse.boxKeys"],
  ["mouse.search", "mouse.searchKeys"],
  ["mouse.enter", "mouse.enterKeys"],
  ["link.cut", "mouse.cutKeys"],
  ["mouse.carry", "mouse.carryKeys"],
  ["mouse.fork", "mouse.forkKeys"],
  ["mouse.fine", "mouse.fineKeys"],
];

/** Every key, from the same list that the keyboard uses, and what the mouse does. */
export function Shortcuts() {
  return (
    <Dialog title={t("shortcuts.title")} name="shortcuts">
      <div className="shortcut-groups">
        {GROUPS.map((group) => (
          <section key={group}>
            <h3>{t(group)}</h3>
            <dl>
              {COMMANDS.filter((command) => command.group === group).map(({ label, keys }) => (
                <Row key={label} label={label} keys={keyTexts(keys)} />
              ))}
              {group === "shortcuts.edit" && (
                <Row label={IN_TEXTS[0]} keys={keyTexts(IN_TEXTS[1])} />
              )}
            </dl>
          </section>
        ))}
        <section>
          <h3>{t("shortcuts.mouse")}</h3>
          <dl>
            {MOUSE.map(([label, keys]) => (
              <Row key={label} label={label} keys={[t(keys)]} plain />
            ))}
          </dl>
        </section>
      </div>
    </Dialog>
  );
}

interface RowProps {
  readonly label: MessageKey;
  readonly keys: readonly string[];
  readonly plain?: boolean;
}

function Row({ label, keys, plain = false }: RowProps) {
  return (
    <>
      <dt data-label={label}>{t(label)}</dt>
      <dd>
        {keys.map((key) => (plain ? <span key={key}>{key}</span> : <kbd key={key}>{key}</kbd>))}
      </dd>
    </>
  );
}
