import "./Templates.css";
import { ImageOff } from "lucide-react";
import { useEffect, useState } from "react";
import { template, templates } from "../api/client";
import { isObject } from "../api/json";
import type { Template } from "../api/server";
import { t } from "../state/messages/index";
import { ZH } from "../state/messages/templates.zh";
import { openData } from "../state/open";
import { say, setUi, useUi } from "../state/ui";
import { Dock } from "./Dock";

/** Made by scripts/thumbnails.py; a template without one shows a sign instead. */
const THUMBNAILS = import.meta.glob<string>("./thumbnails/*.webp", {
  eager: true,
  query: "?url",
  import: "default",
});

async function openTemplate(one: Template): Promise<void> {
  const [title, description] = told(one);
  try {
    const data = await template(one.id);
    // It is opened by the name that its card has.
    await openData(isObject(data) ? { ...data, title, description } : data, title);
    // Another panel may have been opened meanwhile.
    setUi((ui) => (ui.left === "templates" ? { left: null } : {}));
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), "bad");
  }
}

/** What people begin with comes first; the others follow by their names. */
const FIRST = ["txt2img", "img2img", "inpaint", "canny-controlnet", "lora", "hires-fix"];

function inOrder(found: readonly Template[]): readonly Template[] {
  const rank = ({ id }: Template) => (FIRST.includes(id) ? FIRST.indexOf(id) : FIRST.length);
  return found.toSorted((a, b) => rank(a) - rank(b));
}

export function useTemplates(): readonly Template[] {
  const [found, setFound] = useState<readonly Template[]>([]);
  useEffect(() => {
    templates().then(
      (all) => setFound(inOrder(all)),
      () => setFound([]),
    );
  }, []);
  return found;
}

/** How a template is called in the language of the page. */
function told({ id, title, description }: Template): readonly [title: string, about: string] {
  const chinese = useUi.getState().language === "zh" ? ZH[id] : undefined;
  return chinese ?? [title, description];
}

export function TemplateCards({ found }: { found: readonly Template[] }) {
  return (
    <ul className="templates">
      {found.map((one) => {
        const [title, about] = told(one);
        return (
          <li key={one.id}>
            <button type="button" title={about} onClick={() => void openTemplate(one)}>
              <Thumbnail id={one.id} />
              <b>{title}</b>
              <span>{about}</span>
              <small>{t("templates.nodes", { n: one.nodes })}</small>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function Thumbnail({ id }: { id: string }) {
  const url = THUMBNAILS[`./thumbnails/${id}.webp`];
  return url === undefined ? (
    <span className="thumbnail none" aria-hidden="true">
      <ImageOff size={18} />
    </span>
  ) : (
    <img className="thumbnail" src={url} alt="" width={56} height={56} loading="lazy" />
  );
}

/** Workflows to begin with. */
export function TemplatesPanel() {
  const found = useTemplates();
  const [search, setSearch] = useState("");
  const words = search.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const fitting = found.filter((one) => {
    const { id, title, description, types } = one;
    const text = [id, title, description, ...told(one), ...types].join("\n").toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  });
  return (
    <Dock title={t("templates.title")} side="left" name="templates-dock">
      <input
        className="search"
        type="search"
        value={search}
        placeholder={t("templates.search")}
        aria-label={t("templates.search")}
        onChange={(event) => setSearch(event.target.value)}
      />
      {found.length > 0 && fitting.length === 0 && <p className="nothing">{t("templates.none")}</p>}
      <TemplateCards found={fitting} />
    </Dock>
  );
}
