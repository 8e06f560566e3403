import { computed, signal } from "@preact/signals";
import type { Label, Lang } from "./types";
import { zh } from "./locale/zh";

export type Key = keyof typeof zh;
type Words = Record<Key, string>;

const stored = localStorage.getItem("fengsui.lang");
export const lang = signal<Lang>(stored === "en" ? "en" : "zh");
const english = signal<Words | null>(null);
const words = computed<Words>(() => (lang.value === "en" && english.value ? english.value : zh));

// Chinese is part of the page; English comes when it is asked for.
export async function setLang(l: Lang): Promise<void> {
  if (l === "en" && !english.value) english.value = (await import("./locale/en")).en;
  lang.value = l;
  localStorage.setItem("fengsui.lang", l);
  document.documentElement.lang = l === "en" ? "en" : "zh-CN";
  document.title = t("app");
}

export function t(key: Key, ...values: (string | number)[]): string {
  let s: string = words.value[key];
  values.forEach((v, i) => { s = s.split("{" + i + "}").join(String(v)); });
  return s;
}

export function label(l: Label | undefined, fallback = ""): string {
  return l ? (lang.value === "en" ? l.en : l.zh) : fallback;
}

const two = (n: number): string => (n < 10 ? "0" : "") + n;

// China has one time zone; a phone set to another still shows the street's time.
export function day(ms: number): string {
  if (!ms) return "—";
  const d = new Date(ms + 8 * 3600000);
  return d.getUTCFullYear() + "-" + two(d.getUTCMonth() + 1) + "-" + two(d.getUTCDate());
}
export function time(ms: number): string {
  if (!ms) return "—";
  const d = new Date(ms + 8 * 3600000);
  return day(ms) + " " + two(d.getUTCHours()) + ":" + two(d.getUTCMinutes());
}
export function age(ms: number, now: number): string {
  if (!ms) return t("never");
  const s = Math.max(0, Math.round((now - ms) / 1000));
  if (s < 60) return t("just_now");
  if (s < 3600) return t("minutes_ago", Math.floor(s / 60));
  if (s < 86400) return t("hours_ago", Math.floor(s / 3600));
  return t("days_ago", Math.floor(s / 86400));
}
