import { Box, TriangleAlert } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { ModelEntry } from "../api/server";
import { t } from "../app/messages";
import { knownModels, loadModels } from "../app/resources";
import { size } from "../app/units";
import { Choices } from "./Choices";
import { Popover } from "./Popover";
import type { FieldProps } from "./Widget";

/** The name of a model file on the server. */
export function ModelField({ label, schema, value, onChange, onDone }: FieldProps) {
  const kind = schema.model ?? "";
  const [open, setOpen] = useState(false);
  const [models, setModels] = useState<readonly ModelEntry[] | null>(() => knownModels(kind));
  const anchor = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    let gone = false;
    void loadModels(kind, open).then((found) => !gone && setModels(found));
    return () => {
      gone = true;
    };
  }, [kind, open]);
  const name = typeof value === "string" ? value : "";
  const missing = models !== null && name !== "" && !models.some((model) => model.name === name);
  const close = () => {
    setOpen(false);
    onDone();
    anchor.current?.focus({ preventScroll: true });
  };
  return (
    <>
      <button
        ref={anchor}
        type="button"
        className={`field combo model ${missing ? "bad" : ""}`}
        aria-haspopup="listbox"
        aria-expanded={open}
        aria-label={`${label}: ${name}`}
        title={missing ? t("widget.missing", { value: name }) : name}
        onClick={() => setOpen(!open)}
      >
        {missing ? <TriangleAlert size={13} /> : <Box size={13} aria-hidden="true" />}
        <span className={`value ${name === "" ? "placeholder" : ""}`}>
          {name === "" ? t("widget.choose") : name.replace(/\.safetensors$/, "")}
        </span>
      </button>
      {open && (
        <Popover anchor={anchor} onClose={() => setOpen(false)} width={300}>
          <Choices
            label={label}
            options={(models ?? []).map((model) => ({
              value: model.name,
              note: model.bytes > 0 ? size(model.bytes) : "",
            }))}
            empty={models?.length === 0 ? t("widget.noModels", { kind }) : t("widget.nothing")}
            value={name}
            onClose={close}
            onPick={(picked) => {
              onChange(picked);
              close();
            }}
          />
        </Popover>
      )}
    </>
  );
}
