/** The field for a value, chosen from the schema alone. */

import "./Widget.css";
import { lazy, memo, Suspense } from "react";
import type { Value } from "../api/json";
import type { InputSchema } from "../api/nodes";
import { setValue } from "../graph/commands/values";
import { asLink, isLinked, targetOf } from "../graph/model";
import { portName } from "../graph/names";
import { mainType, socketType } from "../graph/types";
import { activeGraph, activeTab, edit, endGesture, rectAt, select, useDocs } from "../state/docs";
import { t } from "../state/messages/index";
import { reveal } from "../state/viewport";
import { BooleanField } from "./BooleanField";
import { ColorField } from "./ColorField";
import { ComboField } from "./ComboField";
import { FileField } from "./FileField";
import type { FieldProps } from "./field";
import { ModelField } from "./ModelField";
import { NumberField } from "./NumberField";
import { PromptField } from "./PromptField";
import { SeedField } from "./SeedField";
import { TextField } from "./TextField";

// Few nodes have one, and what draws it is not small.
const PadField = lazy(() => import("./PadField"));

interface Props {
  readonly node: string;
  readonly port: string;
  readonly schema: InputSchema;
  readonly given: Value | undefined;
  readonly label?: string;
}

export const Widget = memo(function Widget({ node, port, schema, given, label }: Props) {
  const exposed = useDocs((docs) => {
    const { inputs } = activeGraph(docs).interface;
    return Object.values(inputs).includes(targetOf({ node, port }));
  });
  // ComfyUI lets a plain number change after each run as a seed does; who sees it can stop it.
  const changes = useDocs((docs) => activeGraph(docs).places[node]?.seeds?.[port] !== undefined);
  const name = label ?? portName(port, schema);
  if (isLinked(given)) return <LinkedField port={port} given={given} label={name} />;
  const tab = activeTab().id;
  const props: FieldProps = {
    node,
    port,
    label: name,
    schema,
    value: given === undefined ? schema.default : given,
    onChange: (value, merge = false) => {
      if (activeTab().id !== tab) return;
      edit(
        "widget.change",
        (draft, at) => setValue(draft, at, { node, port }, value),
        merge ? `value ${node}.${port}` : undefined,
      );
    },
    onDone: endGesture,
  };
  const Field = changes && schema.seed !== true ? SeedField : fieldFor(schema);
  return (
    <div
      className={`widget nodrag ${exposed ? "exposed" : ""}`}
      data-widget={port}
      title={schema.description}
    >
      <Suspense fallback={null}>
        <Field {...props} />
      </Suspense>
    </div>
  );
});

function fieldFor(schema: InputSchema): React.ComponentType<FieldProps> {
  const { name } = mainType(socketType(schema));
  if (schema.model !== undefined) return ModelField;
  if (schema.file === true) return FileField;
  if (schema.seed === true) return SeedField;
  if (schema.multiline === true) return PromptField;
  if (schema.choices !== undefined) return ComboField;
  if (schema.curve === true || schema.points !== undefined) return PadField;
  if (schema.color === true) return ColorField;
  if (name === "BOOLEAN") return BooleanField;
  if (name === "INT" || name === "FLOAT") return NumberField;
  return TextField;
}

/** The value comes along a link: say from where, and go there on a press. */
function LinkedField({
  port,
  given,
  label,
}: {
  port: string;
  given: Value | undefined;
  label: string;
}) {
  const from = asLink(given);
  const go = () => {
    const rect = from && rectAt(from.node);
    if (!from || !rect) return;
    select([from.node]);
    reveal(rect);
  };
  return (
    <div className="widget nodrag" data-widget={port}>
      <button type="button" className="field linked" tabIndex={-1} onClick={go}>
        <span className="label">{label}</span>
        <span className="value">{from ? targetOf(from) : t("widget.linked")}</span>
      </button>
    </div>
  );
}
