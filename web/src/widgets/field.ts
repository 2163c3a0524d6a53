/** The properties that every kind of field has. */

import type { Value } from "../api/json";
import type { InputSchema } from "../api/nodes";

export interface FieldProps {
  readonly node: string;
  readonly port: string;
  readonly label: string;
  readonly schema: InputSchema;
  readonly value: Value | undefined;
  /** Write a value; undefined gives the default back. `merge` joins it to the gesture before. */
  readonly onChange: (value: Value | undefined, merge?: boolean) => void;
  /** The gesture is over. */
  readonly onDone: () => void;
}
