import { useState } from "preact/hooks";
import { label, t } from "./i18n";
import { api } from "./api";
import { useLoad } from "./load";
import { catalog, gridName, grids, recordType } from "./state";
import type { Field, RecordType } from "./types";

type Set = (name: string, value: unknown) => void;

function CodePicker({ id, value, set }: { id: string; value: unknown; set: (v: unknown) => void }) {
  const [text, setText] = useState("");
  const q = text.trim().toLowerCase();
  const all = catalog.value?.codes ?? [];
  const hits = q === "" ? all : all.filter((c) => (c.code + c.zh + c.en).toLowerCase().indexOf(q) >= 0);
  return (
    <div>
      <input id={id} type="search" placeholder={t("search_code")} value={text} autocomplete="off"
        onInput={(e) => setText(e.currentTarget.value)} />
      <div class="codes" role="radiogroup" aria-label={t("what")}>
        {hits.slice(0, q === "" ? 66 : 20).map((c) => (
          <label class={value === c.code ? "code on" : "code"}>
            <input type="radio" name={id + "-code"} checked={value === c.code} onChange={() => set(c.code)} />
            <b>{c.code}</b> {label({ name: c.code, zh: c.zh, en: c.en })}
          </label>
        ))}
      </div>
    </div>
  );
}

function GridPicker({ id, value, set }: { id: string; value: unknown; set: (v: unknown) => void }) {
  return (
    <select id={id} value={String(value ?? "")} onChange={(e) => set(e.currentTarget.value || null)}>
      <option value="">{t("choose")}</option>
      {grids.value.filter((g) => g.level > 1).map((g) => (
        <option value={g.grid}>{g.level === 3 ? "\u2003" : ""}{g.name ?? g.grid}</option>
      ))}
    </select>
  );
}

// Another record, by its name.
function RecordPicker({ id, f, value, set }: { id: string; f: Field; value: unknown; set: (v: unknown) => void }) {
  const types = (f.targets ?? []).map(recordType).filter((r): r is RecordType => !!r && r.fold === "lww");
  const { data } = useLoad("pick" + id + types.map((r) => r.name).join(), () => Promise.all(types.map((r) => api.records(r.name, { limit: 200 }))));
  return (
    <select id={id} value={String(value ?? "")} onChange={(e) => set(e.currentTarget.value || null)}>
      <option value="">{t("choose")}</option>
      {types.map((r, i) => (
        <optgroup label={label(r)}>
          {(data?.[i]?.rows ?? []).map((x) => <option value={x.id}>{String(x.name ?? x.text ?? x.address ?? x.id.slice(0, 8)).slice(0, 40)} · {gridName(x.grid)}</option>)}
        </optgroup>
      ))}
    </select>
  );
}

// The dates of a phone's own picker, as China's time.
function toLocal(ms: unknown): string {
  return typeof ms === "number" ? new Date(ms + 8 * 3600000).toISOString().slice(0, 16) : "";
}
function fromLocal(text: string): number | null {
  const ms = Date.parse(text + ":00Z");
  return isNaN(ms) ? null : ms - 8 * 3600000;
}

function Input({ f, id, value, set }: { f: Field; id: string; value: unknown; set: (v: unknown) => void }) {
  const text = value === null || value === undefined ? "" : String(value);
  if (f.kind === "code") return <CodePicker id={id} value={value} set={set} />;
  if (f.kind === "grid") return <GridPicker id={id} value={value} set={set} />;
  if (f.kind === "id") return <RecordPicker id={id} f={f} value={value} set={set} />;
  if (f.kind === "bool")
    return <input id={id} type="checkbox" checked={value === true} onChange={(e) => set(e.currentTarget.checked)} />;
  if (f.kind === "enum" && f.choices)
    return (
      <select id={id} value={text} onChange={(e) => set(e.currentTarget.value || null)}>
        <option value="">{t("choose")}</option>
        {f.choices.map((c) => <option value={c.name}>{label(c)}</option>)}
      </select>
    );
  if (f.kind === "u64s" && f.choices) {
    const list = Array.isArray(value) ? (value as string[]) : [];
    return (
      <div class="codes" id={id}>
        {f.choices.map((c) => (
          <label class={list.indexOf(c.name) >= 0 ? "code on" : "code"}>
            <input type="checkbox" checked={list.indexOf(c.name) >= 0}
              onChange={(e) => set(e.currentTarget.checked ? [...list, c.name] : list.filter((x) => x !== c.name))} />
            {label(c)}
          </label>
        ))}
      </div>
    );
  }
  if (f.kind === "time")
    return <input id={id} type="datetime-local" value={toLocal(value)} onInput={(e) => set(fromLocal(e.currentTarget.value))} />;
  if (f.kind === "u64" || f.kind === "i64")
    return (
      <input id={id} type="number" inputMode="numeric" value={text}
        onInput={(e) => set(e.currentTarget.value === "" ? null : Number(e.currentTarget.value))} />
    );
  if (f.kind === "texts")
    return (
      <input id={id} type="text" value={Array.isArray(value) ? value.join("；") : ""}
        onInput={(e) => set(e.currentTarget.value === "" ? null : e.currentTarget.value.split("；"))} />
    );
  if (f.kind === "text" && f.max > 300)
    return <textarea id={id} rows={3} value={text} maxLength={Math.floor(f.max / 3)} onInput={(e) => set(e.currentTarget.value || null)} />;
  return <input id={id} type="text" value={text} maxLength={Math.floor(f.max / 3) || 100} onInput={(e) => set(e.currentTarget.value || null)} />;
}

const SHOWN = ["text", "enum", "code", "grid", "bool", "time", "u64", "texts"];

// What this page can ask for: a list of numbers only where it is a list of choices, another record only
// where there are some to choose from.
function askable(f: Field): boolean {
  if (f.kind === "u64s") return !!f.choices;
  if (f.kind === "id") return (f.targets ?? []).some((n) => recordType(n)?.fold === "lww");
  return SHOWN.indexOf(f.kind) >= 0;
}

// A form out of the catalogue: a new field of a record needs nothing here.
export function Fields({ fields, values, set, skip }: { fields: Field[]; values: Record<string, unknown>; set: Set; skip?: string[] }) {
  return (
    <>
      {fields
        .filter((f) => askable(f) && (skip ?? []).indexOf(f.name) < 0)
        .map((f) => {
          const id = "f-" + f.name;
          return (
            <div class="field">
              <label for={id}>
                {label(f)}{f.unit && f.unit !== "ms" ? " (" + f.unit + ")" : ""}
                {f.required && <span class="need"> {t("field_required")}</span>}
              </label>
              <Input f={f} id={id} value={values[f.name]} set={(v) => set(f.name, v)} />
            </div>
          );
        })}
    </>
  );
}

export function missing(fields: Field[], values: Record<string, unknown>, skip?: string[]): Field | undefined {
  return fields.find((f) => f.required && (skip ?? []).indexOf(f.name) < 0 &&
    (values[f.name] === undefined || values[f.name] === null || values[f.name] === ""));
}
