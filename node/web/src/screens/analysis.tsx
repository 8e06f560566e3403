import { api } from "../api";
import { label, t } from "../i18n";
import { useLoad } from "../load";
import { link, Loading } from "../parts";
import { catalog, grids, severityName } from "../state";

interface Bar { name: string; n: number; to: string; note?: string }

// Bars whose numbers open the records behind them. Of grids and states, never of persons.
function Bars({ title, bars, help }: { title: string; bars: Bar[]; help?: string }) {
  const most = Math.max(1, ...bars.map((b) => b.n));
  return (
    <section>
      <h2>{title}</h2>
      {help && <p class="quiet">{help}</p>}
      <ul class="bars">
        {bars.map((b) => (
          <li>
            <span>{b.name}</span>
            <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect width={(100 * b.n) / most} height="10" /></svg>
            <a href={b.to}>{b.n}{b.note && <small> {b.note}</small>}</a>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Analysis() {
  const states = catalog.value?.states ?? [];
  const { data, error, again } = useLoad("analysis", () => Promise.all([
    Promise.all(states.map((s) => api.count({ state: s.name === "closed" ? "closed" : s.name }))),
    Promise.all([1, 2, 3, 4].map((n) => api.count({ state: "open", severity: n }))),
  ]));
  const villages = grids.value.filter((g) => g.level === 2);
  if (!data) return <><h1>{t("analysis")}</h1><Loading error={error} again={again} /></>;
  const [steps, severe] = data;
  const voided = steps[states.length - 1] ?? 0;
  const of = (name: string, n: number): number => (name === "closed" ? n - voided : n); // "closed" counts those as well
  return (
    <>
      <h1>{t("analysis")}</h1>
      <p class="quiet">{t("fresh_help")}</p>
      <Bars title={t("by_step")} bars={states.map((s, i) => ({ name: label(s), n: of(s.name, steps[i] ?? 0), to: link("/hazards", { state: s.name }) }))} />
      <Bars title={t("by_severity")} help={t("by_severity_help")}
        bars={[1, 2, 3, 4].map((n, i) => ({ name: label(severityName(n), String(n)), n: (severe[i] ?? 0) - (severe[i + 1] ?? 0), to: link("/hazards", { state: "open", severity: n }) }))} />
      <Bars title={t("by_village")} help={t("by_village_help")} bars={villages.map((g) => ({
        name: g.name ?? g.grid, n: g.open, to: link("/hazards", { grid: g.grid }), note: g.overdue > 0 ? t("overdue") + " " + g.overdue : undefined }))} />
      <Bars title={t("by_closed")} help={t("by_closed_help")} bars={villages.map((g) => ({
        name: g.name ?? g.grid, n: g.closed, to: link("/hazards", { grid: g.grid, state: "closed" }),
        note: g.open + g.closed > 0 ? Math.round((100 * g.closed) / (g.open + g.closed)) + "%" : undefined }))} />
    </>
  );
}
