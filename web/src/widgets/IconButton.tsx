import type { ComponentPropsWithRef } from "react";

interface Props extends Omit<ComponentPropsWithRef<"button">, "title" | "type"> {
  /** What it does: its name, and shown when the pointer rests on it. */
  readonly label: string;
  /** Shown in place of the name. */
  readonly tip?: string;
  /** Whether what it switches is on; undefined for what is no switch. */
  readonly on?: boolean | undefined;
}

/** A button that is an icon. */
export function IconButton({ label, tip = label, on, className, ...rest }: Props) {
  return (
    <button
      type="button"
      className={["icon", on && "on", className].filter(Boolean).join(" ")}
      title={tip}
      aria-label={label}
      aria-pressed={on}
      {...rest}
    />
  );
}
