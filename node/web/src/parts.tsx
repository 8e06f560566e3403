import type { ComponentChildren } from "preact";
import { age, day, label, t, time } from "./i18n";
import { api, PAGE, query } from "./api";
import { catalog, codeOf, gridName, labelOf, severityName } from "./state";
import type { Field, Hazard, Label } from "./types";

export function Loading({ error, again }: { error: string | null; again: () => void }) {
  return error ? (
    <p class="notice bad" role="alert">
      {t("failed", error)} <button type="button" class="plain" onClick={again}>{t("retry")}</button>
    </p>
  ) : (
    <p class="quiet" aria-live="polite">{t("loading")}</p>
  );
}

// What may be wider than a phone is scrolled by itself, by keyboard, too.
export function Wide({ name, children }: { name: string; children: ComponentChildren }) {
  return <div class="wide" role="region" aria-label={name} tabIndex={0}>{children}</div>;
}

// Colour never speaks alone: a word and a shape go with it.
export function Tag({ kind, children }: { kind: "bad" | "warn" | "good" | "calm"; children: ComponentChildren }) {
  const shape = { bad: "▲", warn: "◆", good: "●", calm: "○" }[kind];
  return <span class={"tag " + kind}><span aria-hidden="true">{shape}</span> {children}</span>;
}

const STEPS = ["step_report", "step_accept", "step_assign", "step_fix", "step_check", "step_close"] as const;
const AT: Record<string, number> = { reported: 1, accepted: 2, assigned: 3, rectifying: 4, "fix-claimed": 5, closed: 6 };

export function StepBar({ state }: { state: string }) {
  const at = AT[state] ?? 0;
  if (state === "void") return <p class="steps"><Tag kind="calm">{t("step_void")}</Tag></p>;
  return (
    <ol class="steps">
      {STEPS.map((s, i) => (
        <li class={i + 1 < at ? "done" : i + 1 === at ? "at" : ""} aria-current={i + 1 === at ? "step" : undefined}>
          <span>{t(s)}</span>
        </li>
      ))}
    </ol>
  );
}

export function stateLabel(state: string): string {
  return label(labelOf(catalog.value?.states, state), state);
}

export function dueTag(h: Hazard, now: number) {
  if (!h.deadline_ms || h.state === "closed" || h.state === "void") return null;
  const left = h.deadline_ms - now;
  if (left < 0) return <Tag kind="bad">{t("overdue")} {day(h.deadline_ms)}</Tag>;
  if (left < 3 * 86400000) return <Tag kind="warn">{t("due_soon")} {day(h.deadline_ms)}</Tag>;
  return <span class="quiet">{t("deadline")} {day(h.deadline_ms)}</span>;
}

export function HazardLine({ h, now }: { h: Hazard; now: number }) {
  const code = codeOf(h.code);
  return (
    <li class="line">
      <a href={"#/hazard/" + h.id}>
        <strong>{h.code ? h.code + " " : ""}{label(code && { name: "", zh: code.zh, en: code.en }, "")}</strong>
        <span class="sub">{h.text ?? h.address ?? ""}</span>
        <span class="sub">
          {gridName(h.grid)} · {stateLabel(h.state)} · {label(severityName(h.severity), String(h.severity))} {dueTag(h, now)}{" "}
          {h.flags.indexOf("emergency") >= 0 && <Tag kind="bad">{t("emergency")}</Tag>}{" "}
          {h.flags.indexOf("conflict") >= 0 && <Tag kind="warn">{t("conflict")}</Tag>}{" "}
          {(h.unverified ?? 0) > 0 && <Tag kind="warn">{t("unverified")}</Tag>}
        </span>
      </a>
    </li>
  );
}

export function Pager({ total, offset, to }: { total: number; offset: number; to: (offset: number) => string }) {
  const pages = Math.max(1, Math.ceil(total / PAGE)), page = Math.floor(offset / PAGE) + 1;
  return (
    <nav class="pager" aria-label={t("page_of", page, pages)}>
      {page > 1 ? <a class="button" href={to(offset - PAGE)}>{t("prev")}</a> : <span />}
      <span class="quiet">{t("total", total)} · {t("page_of", page, pages)}</span>
      {page < pages ? <a class="button" href={to(offset + PAGE)}>{t("next")}</a> : <span />}
    </nav>
  );
}

export function When({ ms, now }: { ms: number; now: number }) {
  return <time title={time(ms)}>{age(ms, now)}</time>;
}

export function valueText(f: Field | undefined, v: unknown): string {
  if (v === null || v === undefined) return "—";
  if (f?.kind === "time" && typeof v === "number") return time(v);
  if (f?.kind === "grid") return gridName(String(v));
  if (f?.kind === "bool") return v ? t("yes") : t("no");
  if (Array.isArray(v)) return v.map((x) => valueText(f && { ...f, kind: "item" }, x)).join(t("comma"));
  const choice: Label | undefined = f?.choices?.find((c) => c.name === v);
  return choice ? label(choice) : String(v);
}

export function link(base: string, values: Record<string, string | number | undefined>): string {
  return "#" + base + query(values);
}

export { api };
