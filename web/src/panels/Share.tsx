/** Who may see a workflow of the library, and taking it elsewhere. */

import "./window.css";
import "./Share.css";
import { Copy, Link2, Link2Off, X } from "lucide-react";
import { useEffect, useState } from "react";
import {
  changeWorkflow,
  type Entry,
  linkWorkflow,
  type Role,
  shareWorkflow,
  workflowEntry,
} from "../api/library";
import { tabOfEntry } from "../state/library/keeper";
import { attempt } from "../state/library/open";
import { sharedPictureQuery } from "../state/library/sharedPicture";
import { t } from "../state/messages/index";
import { finishedPicture, type Picture, useRuns } from "../state/runs";
import { say } from "../state/ui";
import { IconButton } from "../widgets/IconButton";
import { Dialog } from "./Dialog";
import { Exports } from "./Export";

/** `entry` is an id of the library; empty for what is not in there and can only be exported. */
export function ShareDialog({ entry: id }: { entry: string }) {
  const [entry, setEntry] = useState<Entry | null>(null);
  useEffect(() => {
    if (id === "") return;
    let gone = false;
    void attempt(() => workflowEntry(id)).then((found) => !gone && setEntry(found));
    return () => {
      gone = true;
    };
  }, [id]);
  /** What changes the entry answers with it as it then is. */
  const change = async (action: () => Promise<Entry>) => {
    const changed = await attempt(action);
    if (changed !== null) setEntry(changed);
  };
  return (
    <Dialog title={t("share.title")} name="share">
      <div className="share-body">
        {entry !== null &&
          (entry.access === "owner" ? (
            <>
              <LinkPart entry={entry} change={change} />
              <People entry={entry} change={change} />
            </>
          ) : (
            <p className="note-line">{t("share.onlyOwner")}</p>
          ))}
        <Exports />
      </div>
    </Dialog>
  );
}

interface Props {
  readonly entry: Entry;
  readonly change: (action: () => Promise<Entry>) => Promise<void>;
}

/** The address of a link; whoever opens it sees the last picture of the workflow too. */
export function linkAddress(secret: string, shown: Picture | undefined): string {
  const picture = shown?.artifact ? `?${sharedPictureQuery(shown)}` : "";
  return `${location.origin}${location.pathname}#/shared/${secret}${picture}`;
}

function LinkPart({ entry, change }: Props) {
  const { id, link } = entry;
  const picture = useRuns((runs) => finishedPicture(tabOfEntry(id), runs));
  const address = link ? linkAddress(link, picture) : "";
  return (
    <section>
      <h3>{t("share.link")}</h3>
      <p>{t("share.linkText")}</p>
      {link ? (
        <div className="link-row">
          <input
            readOnly
            value={address}
            aria-label={t("share.link")}
            onFocus={(event) => event.target.select()}
          />
          <button
            type="button"
            className="quiet on"
            onClick={() => {
              // Only secure pages may write to the clipboard; elsewhere the text can be selected.
              void navigator.clipboard?.writeText(address).then(() => say(t("share.copied")));
            }}
          >
            <Copy size={13} aria-hidden="true" /> {t("share.copy")}
          </button>
          <button
            type="button"
            className="quiet"
            onClick={() => void change(() => linkWorkflow(id, false).then(() => workflowEntry(id)))}
          >
            <Link2Off size={13} aria-hidden="true" /> {t("share.endLink")}
          </button>
        </div>
      ) : (
        <button
          type="button"
          className="quiet on"
          onClick={() => void change(() => linkWorkflow(id, true))}
        >
          <Link2 size={13} aria-hidden="true" /> {t("share.makeLink")}
        </button>
      )}
    </section>
  );
}

const ROLES: readonly Role[] = ["viewer", "editor"];

function People({ entry, change }: Props) {
  const { id, shares, visibility } = entry;
  const [person, setPerson] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const people = Object.entries(shares ?? {});
  const roles = ROLES.map((one) => (
    <option key={one} value={one}>
      {t(`share.${one}`)}
    </option>
  ));
  return (
    <section>
      <h3>{t("share.people")}</h3>
      <label className="check">
        <input
          type="checkbox"
          checked={visibility === "public"}
          onChange={(event) => {
            const next = event.target.checked ? "public" : "private";
            void change(() => changeWorkflow(id, { visibility: next }));
          }}
        />
        {t("share.public")}
      </label>
      {people.length === 0 && <p>{t("share.nobody")}</p>}
      <ul className="people">
        {people.map(([name, has]) => (
          <li key={name}>
            <b>{name}</b>
            <select
              value={has}
              aria-label={`${t("share.role")}: ${name}`}
              onChange={(event) =>
                void change(() => shareWorkflow(id, name, event.target.value as Role))
              }
            >
              {roles}
            </select>
            <IconButton
              label={t("share.remove", { name })}
              onClick={() => void change(() => shareWorkflow(id, name, null))}
            >
              <X size={13} />
            </IconButton>
          </li>
        ))}
      </ul>
      <form
        className="link-row"
        onSubmit={(event) => {
          event.preventDefault();
          const name = person.trim();
          if (name === "") return;
          void change(() => shareWorkflow(id, name, role)).then(() => setPerson(""));
        }}
      >
        <input
          value={person}
          pattern="[A-Za-z0-9_\-]+"
          maxLength={64}
          placeholder={t("share.person")}
          aria-label={t("share.person")}
          onChange={(event) => setPerson(event.target.value)}
        />
        <select
          value={role}
          aria-label={t("share.role")}
          onChange={(event) => setRole(event.target.value as Role)}
        >
          {roles}
        </select>
        <button type="submit" className="quiet on" disabled={person.trim() === ""}>
          {t("share.add")}
        </button>
      </form>
    </section>
  );
}
