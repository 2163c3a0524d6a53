import "./ModelField.css";
import { Box, TriangleAlert } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { modelPicture } from "../api/client";
import type { ModelEntry } from "../api/server";
import { nearest } from "../graph/similar";
import { t } from "../state/messages/index";
import { knownModels, loadModels } from "../state/resources";
import { size } from "../state/units";
import { Choices } from "./Choices";
import type { FieldProps } from "./field";
import { Popover } from "./Popover";

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
        <Popover anchor={anchor} onClose={() => setOpen(false)} width={340}>
          {missing && <p className="missing">{t("widget.missing", { value: name })}</p>}
          <Choices
            label={label}
            options={optionsOf(kind, models ?? [], missing ? name : null)}
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

/** Models with their pictures; in place of a missing one, those that are called alike come first. */
function optionsOf(kind: string, models: readonly ModelEntry[], missing: string | null) {
  const names = models.map((model) => model.name);
  const alike = missing === null ? [] : nearest(missing, names);
  const first = alike.map((one) => models.find(({ name }) => name === one) as ModelEntry);
  const rest = models.filter(({ name }) => !alike.includes(name));
  return [...first, ...rest].map((model, i) => ({
    value: model.name,
    note: [
      i < first.length ? t("widget.alike") : "",
      model.family ?? "",
      model.bytes > 0 ? size(model.bytes) : "",
    ]
      .filter(Boolean)
      .join(" · "),
    ...(model.preview && { picture: modelPicture(kind, model.name) }),
  }));
}
