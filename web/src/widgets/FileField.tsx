import "./FileField.css";
import { Brush, Crop, FolderOpen, ImagePlus, Upload } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { fileUrl, upload } from "../api/client";
import type { FileEntry } from "../api/server";
import { t } from "../state/messages/index";
import { loadFiles, PICTURE_NAME } from "../state/resources";
import { say, setUi } from "../state/ui";
import { Choices } from "./Choices";
import type { FieldProps } from "./field";
import { IconButton } from "./IconButton";
import { Popover } from "./Popover";

/** A file of the server's input folder, with upload, drop and a preview. */
export function FileField({ node, port, label, schema, value, onChange }: FieldProps) {
  const [open, setOpen] = useState(false);
  const [over, setOver] = useState(false);
  const [busy, setBusy] = useState(false);
  const [broken, setBroken] = useState(false);
  const anchor = useRef<HTMLButtonElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const name = typeof value === "string" ? value : "";
  // biome-ignore lint/correctness/useExhaustiveDependencies: another file may be there
  useEffect(() => setBroken(false), [name]);

  const take = async (file: File | undefined) => {
    if (file === undefined) return;
    setBusy(true);
    try {
      onChange((await upload(file)).name);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      say(t("widget.uploadFailed", { name: file.name, reason }), "bad");
    } finally {
      setBusy(false);
    }
  };
  const picture = name !== "" && PICTURE_NAME.test(name);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping has a button beside it
    <div
      className={`file ${over ? "over" : ""} ${busy ? "busy" : ""}`}
      onDragOver={(event) => {
        if (![...event.dataTransfer.types].includes("Files")) return;
        event.preventDefault();
        event.stopPropagation();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        event.stopPropagation();
        setOver(false);
        void take(event.dataTransfer.files[0]);
      }}
      onPaste={(event) => {
        const file = event.clipboardData.files[0];
        if (!file) return;
        event.preventDefault();
        event.stopPropagation();
        void take(file);
      }}
    >
      <span className="label">{label}</span>
      <button
        ref={anchor}
        type="button"
        className="drop"
        aria-haspopup="listbox"
        aria-label={`${label}: ${name}`}
        onClick={() => setOpen(!open)}
      >
        {picture && !broken ? (
          <img
            src={fileUrl("input", name)}
            alt={name}
            draggable={false}
            onError={() => setBroken(true)}
          />
        ) : (
          <span className={`hint ${broken ? "bad" : ""}`}>
            <ImagePlus size={20} aria-hidden="true" />
            {broken ? t("widget.missing", { value: name }) : name || t("widget.drop")}
          </span>
        )}
      </button>
      <div className="tools">
        <span className="name" title={name}>
          {name}
        </span>
        {picture && !broken && (
          <IconButton
            label={t("widget.mask")}
            onClick={() => setUi({ dialog: { kind: "mask", node, port } })}
          >
            <Brush size={13} />
          </IconButton>
        )}
        {picture && !broken && (
          <IconButton
            label={t("widget.crop")}
            onClick={() => setUi({ dialog: { kind: "crop", node, port } })}
          >
            <Crop size={13} />
          </IconButton>
        )}
        <IconButton label={t("widget.choose")} onClick={() => setOpen(!open)}>
          <FolderOpen size={13} />
        </IconButton>
        <IconButton label={t("widget.upload")} onClick={() => input.current?.click()}>
          <Upload size={13} />
        </IconButton>
      </div>
      <input
        ref={input}
        type="file"
        hidden
        onChange={(event) => {
          void take(event.target.files?.[0]);
          event.target.value = "";
        }}
      />
      {open && (
        <Popover anchor={anchor} onClose={() => setOpen(false)} width={300}>
          <FileChoices
            label={label}
            value={name}
            suffixes={schema.suffixes}
            onClose={() => setOpen(false)}
            onPick={(picked) => {
              onChange(picked);
              setOpen(false);
            }}
          />
        </Popover>
      )}
    </div>
  );
}

interface ListProps {
  readonly label: string;
  readonly value: string;
  readonly suffixes: readonly string[] | undefined;
  readonly onPick: (name: string) => void;
  readonly onClose: () => void;
}

function FileChoices({ suffixes, ...props }: ListProps) {
  const [files, setFiles] = useState<readonly FileEntry[]>([]);
  const { value } = props;
  useEffect(() => void loadFiles(value, suffixes).then(setFiles), [value, suffixes]);
  const options = files.map((file) => ({
    value: file.name,
    ...(file.picture && { picture: fileUrl("input", file.name, 64) }),
  }));
  return <Choices {...props} options={options} />;
}
