import { useLayoutEffect, useRef, useState } from "react";
import { floatNumber, isNumeric, numberOf, type Value } from "../api/json";
import { t } from "../app/messages";
import { say } from "../app/ui";
import { evaluate } from "../graph/expression";
import { mainType, socketType } from "../graph/types";
import type { FieldProps } from "./Widget";

const DRAG = 4;

/** A number: drag to change it, press to type it or arithmetic, arrows for steps. */
export function NumberField({ label, schema, value, onChange, onDone }: FieldProps) {
  const [typing, setTyping] = useState<string | null>(null);
  const whole = mainType(socketType(schema)).name === "INT";
  const low = schema.min ?? Number.NEGATIVE_INFINITY;
  const high = schema.max === undefined ? Number.POSITIVE_INFINITY : numberOf(schema.max);
  const step = schema.step ?? (whole ? 1 : 0.01);
  const now = numberOf(value);
  const bounded = Number.isFinite(low) && Number.isFinite(high) && high - low <= 10_000 * step;
  const part = bounded && Number.isFinite(now) ? (now - low) / (high - low) : 0;
  const between = schema.multiple !== undefined && now % schema.multiple !== 0;
  const bad = !Number.isFinite(now) || now < low || now > high || between;
  const start = useRef({ x: 0, value: 0, moved: false });
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
  const by = (steps: number) => write(snapTo(now + steps * step, step, low), true);

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
      style={{ ["--part" as string]: `${Math.max(0, Math.min(1, part)) * 100}%` }}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, value: now, moved: false };
      }}
      onPointerMove={(event) => {
        if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
        const dx = event.clientX - start.current.x;
        if (!start.current.moved && Math.abs(dx) < DRAG) return;
        start.current.moved = true;
        const width = event.currentTarget.getBoundingClientRect().width;
        const fine = event.shiftKey ? 0.1 : 1;
        const per = bounded ? ((high - low) / width) * fine : (step / 4) * fine;
        write(snapTo(start.current.value + dx * per, step, low), true);
      }}
      onPointerUp={() => {
        if (start.current.moved) onDone();
        else setTyping(shown(value));
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

function decimals(step: number): number {
  const text = String(step);
  const exponent = /e-(\d+)$/.exec(text)?.[1];
  return exponent ? Number(exponent) : (text.split(".")[1]?.length ?? 0);
}

/** The nearest value on the grid of steps that begins at the lower bound. */
function snapTo(value: number, step: number, low: number): number {
  const base = Number.isFinite(low) ? low : 0;
  return Number((base + Math.round((value - base) / step) * step).toFixed(decimals(step) + 2));
}
