import { useEffect, useState } from "react";
import { template, templates } from "../api/client";
import type { Template } from "../api/server";
import { t } from "../app/messages";
import { openData } from "../app/open";
import { say, setUi } from "../app/ui";
import { Dock } from "./Docks";

async function openTemplate({ id, title }: Template): Promise<void> {
  try {
    await openData(await template(id), title);
    setUi({ left: null });
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), "bad");
  }
}

export function useTemplates(): readonly Template[] {
  const [found, setFound] = useState<readonly Template[]>([]);
  useEffect(() => {
    templates().then(setFound, () => setFound([]));
  }, []);
  return found;
}

export function TemplateCards({ found }: { found: readonly Template[] }) {
  return (
    <ul className="templates">
      {found.map((one) => (
        <li key={one.id}>
          <button type="button" onClick={() => void openTemplate(one)}>
            <b>{one.title}</b>
            <span>{one.description}</span>
            <small>{t("templates.nodes", { n: one.nodes })}</small>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Workflows to begin with. */
export function TemplatesPanel() {
  const found = useTemplates();
  return (
    <Dock title={t("templates.title")} side="left" name="templates-dock">
      <TemplateCards found={found} />
    </Dock>
  );
}
