import "./NumberField.css";
import { useLayoutEffect, useRef, useState } from "react";
import { floatNumber, isNumeric, numberOf, type Value } from "../api/json";
import { evaluate } from "../graph/expression";
import { boundsOf, decimals, filled, isWhole, perPixel, snapTo } from "../graph/ranges";
import { t } from "../state/messages/index";
import { say } from "../state/ui";
import type { FieldProps } from "./field";

/** A press that moves less, in pixels, is a click: the slip of a hand changes no number. */
const DRAG = 4;

/** With Shift a drag changes a number by so much less. */
const FINELY = 0.1;

/** A press on the field: where it began, where it was last, and the value before it is snapped. */
interface Drag {
  readonly from: number;
  readonly start: number;
  x: number;
  exact: number;
  on: boolean;
}

/** A number: drag to change it, press to type it or arithmetic, arrows for steps. */
export function NumberField({ label, schema, value, onChange, onDone }: FieldProps) {
  const [typing, setTyping] = useState<string | null>(null);
  const whole = isWhole(schema);
  const bounds = boundsOf(schema);
  const { low, high, step } = bounds;
  const now = numberOf(value);
  const multiple = schema.multiple;
  const between = multiple !== undefined && now % multiple !== 0;
  const bad = !Number.isFinite(now) || now < low || now > high || between;
  const drag = useRef<Drag | null>(null);
  const slider = useRef<HTMLDivElement>(null);
  // Whoever typed by keyboard finds the focus where it was.
  const returns = useRef(false);
  useLayoutEffect(() => {
    if (typing !== null || !returns.current) return;
    returns.current = false;
    slider.current?.focus({ preventScroll: true });
  }, [typing]);

  const write = (next: number, merge = false) => {
    if (!Number.isFinite(next)) return;
    const inside = Math.min(high, Math.max(low, next));
    const digits = decimals(step);
    const clean = whole ? Math.round(inside) : Number(inside.toFixed(Math.max(digits, 6)));
    onChange(whole ? clean : floatNumber(clean), merge);
  };
  const by = (steps: number) => write(snapTo(now + steps * step, bounds), true);

  /** Why a text cannot be the value; else it is. A value outside is refused, not bent. */
  const accept = (text: string): string | null => {
    const next = evaluate(text, now);
    if (next === null) return t("widget.notNumber", { text });
    if (whole && !Number.isInteger(next)) return t("widget.notWhole", { text, value: next });
    if (next < low || next > high || (schema.above_min && next === low)) {
      return t("widget.range", { min: low, max: high });
    }
    const { multiple } = schema;
    if (multiple && next % multiple !== 0) {
      const below = Math.floor(next / multiple) * multiple;
      return t("widget.multiple", { multiple, below, above: below + multiple });
    }
    onChange(whole ? next : floatNumber(next));
    onDone();
    return null;
  };
  const finish = (text: string) => {
    setTyping(null);
    const reason = text.trim() === "" || text === shown(value) ? null : accept(text);
    if (reason !== null) say(reason, "bad");
  };

  if (typing !== null) {
    return (
      <input
        className="field typing"
        // Not "decimal": a telephone's digits alone have no signs for arithmetic.
        inputMode="text"
        defaultValue={typing}
        aria-label={label}
        // biome-ignore lint/a11y/noAutofocus: the person has just begun to type here
        autoFocus
        onFocus={(event) => {
          const { target } = event;
          // A value is replaced by what is typed; a first digit is gone on with.
          if (typing === shown(value)) target.select();
          else target.setSelectionRange(typing.length, typing.length);
        }}
        onChange={(event) => event.currentTarget.removeAttribute("aria-invalid")}
        onBlur={(event) => finish(event.target.value)}
        onKeyDown={(event) => {
          const { currentTarget: input } = event;
          if (event.key === "Escape") input.value = "";
          else if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
          event.stopPropagation();
          const reason = input.value.trim() === "" ? null : accept(input.value);
          if (reason !== null) {
            // What was typed stays, to be mended.
            input.setAttribute("aria-invalid", "true");
            say(reason, "bad");
            return;
          }
          input.value = "";
          returns.current = true;
          event.currentTarget.blur();
        }}
      />
    );
  }
  return (
    <div
      ref={slider}
      className={`field number ${bad ? "bad" : ""}`}
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuenow={Number.isFinite(now) ? now : 0}
      aria-valuetext={shown(value)}
      {...(Number.isFinite(low) && { "aria-valuemin": low })}
      {...(Number.isFinite(high) && { "aria-valuemax": high })}
      style={{ ["--part" as string]: `${filled(bounds, now) * 100}%` }}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.current = { from: event.clientX, x: event.clientX, start: now, exact: now, on: false };
      }}
      onPointerMove={(event) => {
        const { current: held } = drag;
        if (held === null) return;
        held.on ||= Math.abs(event.clientX - held.from) >= DRAG;
        if (!held.on) return;
        const { width } = event.currentTarget.getBoundingClientRect();
        const per = perPixel(bounds, held.start, width) * (event.shiftKey ? FINELY : 1);
        // Beyond a bound nothing is gathered: on the way back the value follows at once.
        const exact = held.exact + (event.clientX - held.x) * per;
        held.exact = Math.min(high, Math.max(low, exact));
        held.x = event.clientX;
        write(snapTo(held.exact, bounds), true);
      }}
      onPointerUp={() => {
        // A link let go here was pressed elsewhere.
        const { current: held } = drag;
        drag.current = null;
        if (held?.on) onDone();
        else if (held !== null) setTyping(shown(value));
      }}
      onPointerCancel={() => {
        if (drag.current?.on) onDone();
        drag.current = null;
      }}
      onKeyDown={(event) => {
        const steps = STEPS[event.key];
        if (steps !== undefined) {
          event.preventDefault();
          event.stopPropagation();
          by(steps * (event.shiftKey ? 10 : 1));
        } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
          event.preventDefault();
          setTyping(shown(value));
        } else if (/^[-+*/(\d.,]$/.test(event.key) && !event.ctrlKey && !event.metaKey) {
          event.preventDefault();
          setTyping(event.key);
        }
      }}
      onBlur={onDone}
    >
      <span className="label">{label}</span>
      <span className="value">{shown(value)}</span>
    </div>
  );
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowUp: 1,
  ArrowRight: 1,
  ArrowDown: -1,
  ArrowLeft: -1,
  PageUp: 10,
  PageDown: -10,
};

function shown(value: Value | undefined): string {
  if (!isNumeric(value)) return value === undefined ? "" : JSON.stringify(value);
  const text = value.toString();
  const number = Number(text);
  return text.length > 9 && !Number.isInteger(number) ? String(Number(number.toFixed(6))) : text;
}
