import { useState } from "preact/hooks";
import { api } from "../api";
import { Fields, missing } from "../form";
import { label, t } from "../i18n";
import { useLoad } from "../load";
import { link, Loading, Pager, valueText, Wide } from "../parts";
import { me, params, recordType, toast } from "../state";

const SKIP = ["ext", "crs", "lat", "lon"];

// Any record that folds field by field: its columns and its form come from the catalogue.
export function Records({ type }: { type: string }) {
  const record = recordType(type);
  const offset = Number(params.value.offset ?? 0) || 0;
  const { data, error, again } = useLoad(type + offset, () => api.records(type, { offset }));
  const [adding, setAdding] = useState(false);
  const [values, setValues] = useState<Record<string, unknown>>({});
  const [fault, setFault] = useState<string | null>(null);
  if (!record) return <p>{t("not_found")}</p>;
  const columns = record.fields.filter((f) => SKIP.indexOf(f.name) < 0 && f.kind !== "answers").slice(0, 6);
  const may = record.writers.some((w) => (me.value?.user?.roles ?? []).indexOf(w) >= 0);

  async function submit(e: Event): Promise<void> {
    e.preventDefault();
    const fields = record?.fields ?? [];
    const lacking = missing(fields, values, SKIP);
    if (lacking) { setFault(t("lacks", label(lacking))); return; }
    try {
      const saved = await api.addRecord(type, values);
      toast.value = { kind: "good", text: t("saved_here", saved.node), more: t("saved_note") };
      setAdding(false);
      setValues({});
      again();
    } catch (x) {
      setFault(t("not_saved", x instanceof Error ? x.message : String(x)));
    }
  }
  return (
    <>
      <h1>{label(record)}</h1>
      {may && !adding && <p><button type="button" class="main" onClick={() => setAdding(true)}>{t("add")}</button></p>}
      {adding && (
        <form class="narrow act" onSubmit={(e) => { void submit(e); }}>
          <Fields fields={record.fields} values={values} skip={SKIP} set={(k, v) => setValues({ ...values, [k]: v })} />
          {fault && <p class="notice bad" role="alert">{fault}</p>}
          <p><button type="submit" class="main">{t("save")}</button> <button type="button" onClick={() => setAdding(false)}>{t("cancel")}</button></p>
        </form>
      )}
      {!data ? <Loading error={error} again={again} /> : (
        <>
          {data.rows.length === 0 && <p>{t("none_here")}</p>}
          {data.rows.length > 0 && (
            <Wide name={label(record)}>
              <table>
                <thead><tr>{columns.map((f) => <th scope="col">{label(f)}</th>)}</tr></thead>
                <tbody>{data.rows.map((r) => <tr>{columns.map((f) => <td>{valueText(f, r[f.name])}</td>)}</tr>)}</tbody>
              </table>
            </Wide>
          )}
          <Pager total={data.total} offset={offset} to={(o) => link("/records/" + type, { offset: o })} />
        </>
      )}
    </>
  );
}
