import { useEffect, useState } from "preact/hooks";
import { api } from "../api";
import { drafts, dropDraft, keepDraft, newDraftId, type Draft } from "../drafts";
import { Fields, missing } from "../form";
import { label, t, type Key } from "../i18n";
import { useLoad } from "../load";
import { link, Loading, Pager, Tag, valueText, Wide } from "../parts";
import { catalog, go, grids, me, params, recordType, toast } from "../state";
import type { RecordType } from "../types";

const SKIP = ["ext", "crs", "lat", "lon", "outline", "list", "checklist"];
const HIDDEN = ["answers", "bytes", "ids", "id"]; // kinds that no column shows
const COLUMNS = 6;

// The ledgers by kind of work; a record that is in none of them is in the last.
const AREAS: [Key, string[]][] = [
  ["area_work", ["visit", "duty-day", "duty-check", "task", "patrol-plan", "self-check", "dissuasion", "emergency-measure", "situation-note", "fire", "dossier"]],
  ["area_places", ["place", "building", "key-point", "facility", "household", "board", "building-notice", "contact-card", "poster"]],
  ["area_people", ["person", "appointment", "leading-group", "personnel-action", "award", "discipline", "assessment"]],
  ["area_teach", ["education", "knowledge-check", "learning", "training", "meeting", "attendance"]],
  ["area_papers", ["notice", "notice-receipt", "policy-doc", "doc-ack", "doc-file", "instruction", "instruction-reply"]],
  ["area_voices", ["opinion", "complaint"]],
];

export function RecordTypes() {
  const all = (catalog.value?.records ?? []).filter((r) => r.fold === "lww");
  const named = AREAS.reduce<string[]>((l, a) => l.concat(a[1]), []);
  const areas: [Key, RecordType[]][] = [
    ...AREAS.map(([key, names]): [Key, RecordType[]] => [key, all.filter((r) => names.indexOf(r.name) >= 0)]),
    ["area_other", all.filter((r) => named.indexOf(r.name) < 0)],
  ];
  return (
    <>
      <h1>{t("records")}</h1>
      {areas.filter((a) => a[1].length > 0).map(([key, list]) => (
        <section>
          <h2>{t(key)}</h2>
          <ul class="tiles">{list.map((r) => <li><a href={"#/records/" + r.name}>{label(r)}</a></li>)}</ul>
        </section>
      ))}
    </>
  );
}

// What a new record begins with: the officer's grid, and now.
function first(record: RecordType): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  if (me.value?.user?.grids[0]) fields.grid = me.value.user.grids[0];
  if (record.fields.some((f) => f.name === "when" && f.required)) fields.when = Date.now();
  return fields;
}

// What is typed is a draft until a node has it, as for reports.
function Add({ record, done }: { record: RecordType; done: () => void }) {
  const [d, setDraft] = useState<Draft>(() => drafts.value.find((x) => x.kind === record.name) ??
    { id: newDraftId(), kind: record.name, fields: first(record), changed_ms: 0 });
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const needed = record.fields.filter((f) => f.required), rest = record.fields.filter((f) => !f.required);
  const set = (k: string, v: unknown): void => setDraft({ ...d, fields: { ...d.fields, [k]: v }, changed_ms: Date.now() });

  useEffect(() => { if (d.changed_ms > 0) void keepDraft(d).catch(() => 0); }, [d]);

  async function submit(e: Event): Promise<void> {
    e.preventDefault();
    const lacking = missing(record.fields, d.fields, SKIP);
    if (lacking) { setFault(t("lacks", label(lacking))); return; }
    setBusy(true);
    try {
      const saved = await api.addRecord(record.name, d.fields);
      await dropDraft(d.id).catch(() => 0);
      toast.value = { kind: "good", text: t("saved_here", saved.node), more: t("saved_note") };
      done();
    } catch (x) {
      setFault(t("not_saved", x instanceof Error ? x.message : String(x)));
      setBusy(false);
    }
  }
  return (
    <form class="narrow act" onSubmit={(e) => { void submit(e); }}>
      <Fields fields={needed} values={d.fields} skip={SKIP} set={set} />
      <Fields fields={rest.slice(0, 3)} values={d.fields} skip={SKIP} set={set} />
      {rest.length > 3 && (
        <details>
          <summary>{t("fields_more")}</summary>
          <Fields fields={rest.slice(3)} values={d.fields} skip={SKIP} set={set} />
        </details>
      )}
      {fault && <p class="notice bad" role="alert">{fault}</p>}
      <p>
        <button type="submit" class="main" disabled={busy}>{busy ? t("saving") : t("save")}</button>{" "}
        <button type="button" onClick={() => { void dropDraft(d.id).catch(() => 0).then(done); }}>{t("cancel")}</button>
      </p>
    </form>
  );
}

// Any record that folds field by field: its columns and its form come from the catalogue.
export function Records({ type }: { type: string }) {
  const record = recordType(type), p = params.value;
  const offset = Number(p.offset ?? 0) || 0, grid = p.grid;
  const { data, error, again } = useLoad(type + offset + (grid ?? ""), () => api.records(type, { offset, grid }));
  if (!record) return <><h1>{t("records")}</h1><p>{t("not_found")}</p></>;
  const columns = record.fields.filter((f) => SKIP.indexOf(f.name) < 0 && HIDDEN.indexOf(f.kind) < 0).slice(0, COLUMNS);
  const may = record.writers.some((w) => (me.value?.user?.roles ?? []).indexOf(w) >= 0);
  const here = (values: Record<string, string | number | undefined>): string => link("/records/" + type, { grid, ...values });

  return (
    <>
      <h1>{label(record)}</h1>
      {may && !p.add && <p><a class="button main" href={here({ add: 1 })}>{t("add")}</a></p>}
      {may && p.add && <Add record={record} done={() => { go(here({}).slice(1)); again(); }} />}
      {!record.public && (
        <p><label>{t("grid")}{" "}
          <select value={grid ?? ""} onChange={(e) => go(link("/records/" + type, { grid: e.currentTarget.value }).slice(1))}>
            <option value="">{t("all")}</option>
            {grids.value.filter((g) => g.level === 2).map((g) => <option value={g.grid}>{g.name ?? g.grid}</option>)}
          </select></label></p>
      )}
      {!data ? <Loading error={error} again={again} /> : (
        <>
          {data.rows.length === 0 && <p>{t("none_here")}</p>}
          {data.rows.length > 0 && (
            <Wide name={label(record)}>
              <table class="cards">
                <thead><tr>{columns.map((f) => <th scope="col">{label(f)}</th>)}</tr></thead>
                <tbody>
                  {data.rows.map((r) => (
                    <tr>{columns.map((f, i) => <td data-label={label(f)}>{valueText(f, r[f.name])}{i === 0 && r.contested && <> <Tag kind="warn">{t("conflict")}</Tag></>}</td>)}</tr>
                  ))}
                </tbody>
              </table>
            </Wide>
          )}
          <Pager total={data.total} offset={offset} to={(o) => here({ offset: o })} />
        </>
      )}
    </>
  );
}
