import "./window.css";
import "./Describe.css";
import { useEffect, useState } from "react";
import { changeWorkflow, type Entry, workflowEntry } from "../api/library";
import { attempt } from "../state/library/open";
import { t } from "../state/messages/index";
import { closeDialog, Dialog, DialogFooter } from "./Dialog";

/** What the library says of a workflow: description and tags. */
export function DescribeDialog({ id }: { id: string }) {
  const [entry, setEntry] = useState<Entry | null>(null);
  useEffect(() => {
    let gone = false;
    void attempt(() => workflowEntry(id)).then((found) => !gone && setEntry(found));
    return () => {
      gone = true;
    };
  }, [id]);
  return (
    <Dialog title={entry?.name ?? t("library.describe")} name="describe">
      {entry === null ? (
        <p className="nothing">{t("library.loading")}</p>
      ) : (
        <Fields entry={entry} />
      )}
    </Dialog>
  );
}

function Fields({ entry }: { entry: Entry }) {
  const [description, setDescription] = useState(entry.description);
  const [tags, setTags] = useState(entry.tags.join(", "));
  const save = async () => {
    const list = tags
      .split(/[,，]/)
      .map((tag) => tag.trim())
      .filter((tag) => tag !== "");
    const done = await attempt(() => changeWorkflow(entry.id, { description, tags: list }));
    if (done !== null) closeDialog();
  };
  return (
    <form
      className="fields"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <label>
        <span>{t("library.description")}</span>
        <textarea
          value={description}
          rows={5}
          maxLength={20_000}
          onChange={(event) => setDescription(event.target.value)}
        />
      </label>
      <label>
        <span>{t("library.tags")}</span>
        <input value={tags} onChange={(event) => setTags(event.target.value)} />
      </label>
      <DialogFooter action={t("library.ok")} />
    </form>
  );
}
