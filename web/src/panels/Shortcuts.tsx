import { COMMANDS, keyText } from "../app/commands";
import { type MessageKey, t } from "../app/messages";
import { Dialog } from "./Dialog";

const GROUPS = ["shortcuts.graph", "shortcuts.edit", "shortcuts.see", "shortcuts.run"] as const;

/** Keys that are no commands of their own. */
const OTHERS: readonly (readonly [(typeof GROUPS)[number], MessageKey, string])[] = [
  ["shortcuts.graph", "keys.walk", "Alt+← → ↑ ↓"],
  ["shortcuts.graph", "keys.nudge", "← → ↑ ↓"],
  ["shortcuts.graph", "keys.canvas", "Esc"],
  ["shortcuts.edit", "node.copy", "Mod+C"],
  ["shortcuts.edit", "node.paste", "Mod+V"],
  ["shortcuts.edit", "keys.weight", "Mod+↑ ↓"],
];

/** Every key, from the same list that the keyboard uses. */
export function Shortcuts() {
  return (
    <Dialog title={t("shortcuts.title")} name="shortcuts">
      <div className="shortcut-groups">
        {GROUPS.map((group) => (
          <section key={group}>
            <h3>{t(group)}</h3>
            <dl>
              {COMMANDS.filter((command) => command.group === group).map(({ label, keys }) => (
                <Row key={label} label={label} keys={keyText(keys)} />
              ))}
              {OTHERS.filter(([of]) => of === group).map(([, label, keys]) => (
                <Row key={label} label={label} keys={keyText(keys.replace(/ /g, "\u00a0"))} />
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

function Row({ label, keys }: { label: MessageKey; keys: string }) {
  return (
    <>
      <dt>{t(label)}</dt>
      <dd>
        <kbd>{keys}</kbd>
      </dd>
    </>
  );
}
