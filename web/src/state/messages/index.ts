/** Every text of the page, in English and Chinese: one file a room, joined here. */

import type { Progress } from "../../api/server";
import { useUi } from "../ui";
import * as canvas from "./canvas";
import * as fields from "./fields";
import * as form from "./form";
import * as library from "./library";
import * as page from "./page";
import * as panels from "./panels";
import * as running from "./running";
import * as search from "./search";
import * as sharing from "./sharing";
import * as shortcuts from "./shortcuts";

const en = {
  ...panels.en,
  ...running.en,
  ...canvas.en,
  ...fields.en,
  ...search.en,
  ...form.en,
  ...shortcuts.en,
  ...library.en,
  ...sharing.en,
  ...page.en,
} as const;

export type MessageKey = keyof typeof en;

const zh: Record<MessageKey, string> = {
  ...panels.zh,
  ...running.zh,
  ...canvas.zh,
  ...fields.zh,
  ...search.zh,
  ...form.zh,
  ...shortcuts.zh,
  ...library.zh,
  ...sharing.zh,
  ...page.zh,
};

const catalogs = { en, zh };

/** A text in the chosen language, with `{name}` replaced. */
export function t(key: MessageKey, values: Readonly<Record<string, string | number>> = {}): string {
  const text: string = catalogs[useUi.getState().language][key];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Seconds in words. */
export function duration(seconds: number): string {
  if (seconds < 10) return t("time.seconds", { n: seconds.toFixed(seconds < 1 ? 2 : 1) });
  if (seconds < 60) return t("time.seconds", { n: Math.round(seconds) });
  const whole = Math.round(seconds);
  return t("time.minutes", { m: Math.floor(whole / 60), s: whole % 60 });
}

/** How far a node is: its step, how many a second, the time that is left. */
export function paceOf({ value, total, rate, remaining }: Progress): string {
  const parts = [t("run.step", { value, total })];
  if (rate) parts.push(t("run.rate", { rate: rate.toFixed(rate < 10 ? 1 : 0) }));
  if (remaining) parts.push(t("run.left", { time: duration(remaining) }));
  return parts.join(" · ");
}

/** How long ago something was, in words; `at` in seconds since 1970. */
export function ago(at: number): string {
  const language = useUi.getState().language === "zh" ? "zh-CN" : "en";
  const words = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  const seconds = Math.max(0, Date.now() / 1000 - at);
  if (seconds < 45) return words.format(0, "second");
  if (seconds < 2700) return words.format(-Math.max(1, Math.round(seconds / 60)), "minute");
  if (seconds < 79_200) return words.format(-Math.max(1, Math.round(seconds / 3600)), "hour");
  if (seconds < 6 * 86_400) return words.format(-Math.max(1, Math.round(seconds / 86_400)), "day");
  return new Date(at * 1000).toLocaleDateString(language, { dateStyle: "medium" });
}
