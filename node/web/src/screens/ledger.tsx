import { useState } from "preact/hooks";
import { api } from "../api";
import { label, t } from "../i18n";
import { useLoad } from "../load";
import { HazardLine, link, Loading, Pager } from "../parts";
import { catalog, go, grids, params, severityName, syncState } from "../state";

export function Ledger() {
  const p = params.value;
  const filter = { state: p.state ?? "open", grid: p.grid, severity: p.severity, code: p.code, overdue: p.overdue, due: p.due };
  const used = ["grid", "severity", "code", "overdue", "due"].filter((k) => p[k]).length + (filter.state === "open" ? 0 : 1);
  const [wide] = useState(() => window.matchMedia("(min-width: 40rem)").matches);
  const offset = Number(p.offset ?? 0) || 0;
  const { data, error, again } = useLoad(JSON.stringify([filter, offset]), () => api.hazards({ ...filter, offset }));
  const set = (name: string, value: string): void => { go(link("/hazards", { ...filter, [name]: value }).slice(1)); };
  const now = syncState.value?.now_ms ?? Date.now();

  return (
    <>
      <h1>{t("ledger")}</h1>
      <details open={wide}>
      <summary>{t("filter")}{used > 0 && t("colon") + used}</summary>
      <form class="filters" onSubmit={(e) => e.preventDefault()}>
        <label>{t("state")}{" "}
          <select value={filter.state} onChange={(e) => set("state", e.currentTarget.value)}>
            <option value="open">{t("open")}</option>
            <option value="closed">{t("closed")}</option>
            <option value="all">{t("all")}</option>
            {(catalog.value?.states ?? []).filter((s) => s.name !== "closed").map((s) => <option value={s.name}>{label(s)}</option>)}
          </select>
        </label>
        <label>{t("grid")}{" "}
          <select value={filter.grid ?? ""} onChange={(e) => set("grid", e.currentTarget.value)}>
            <option value="">{t("all")}</option>
            {grids.value.filter((g) => g.level === 2).map((g) => <option value={g.grid}>{g.name ?? g.grid}</option>)}
          </select>
        </label>
        <label>{t("severity")}{" "}
          <select value={filter.severity ?? ""} onChange={(e) => set("severity", e.currentTarget.value)}>
            <option value="">{t("all")}</option>
            {[2, 3, 4].map((n) => <option value={String(n)}>≥ {label(severityName(n), String(n))}</option>)}
          </select>
        </label>
        <label>{t("code")}{" "}
          <select value={filter.code ?? ""} onChange={(e) => set("code", e.currentTarget.value)}>
            <option value="">{t("all")}</option>
            {(catalog.value?.codes ?? []).map((c) => <option value={c.code}>{c.code} {label({ name: c.code, zh: c.zh, en: c.en })}</option>)}
          </select>
        </label>
        <label class="check">
          <input type="checkbox" checked={filter.overdue === "1"} onChange={(e) => set("overdue", e.currentTarget.checked ? "1" : "")} /> {t("overdue")}
        </label>
        <a href="#/hazards">{t("clear")}</a>
      </form>
      </details>
      {!data ? <Loading error={error} again={again} /> : (
        <>
          {data.rows.length === 0 && <p>{t("none_here")}</p>}
          <ul class="lines">{data.rows.map((h) => <HazardLine h={h} now={now} />)}</ul>
          <Pager total={data.total} offset={offset} to={(o) => link("/hazards", { ...filter, offset: o })} />
        </>
      )}
    </>
  );
}
