import { api } from "../api";
import { label, t } from "../i18n";
import { useLoad } from "../load";
import { HazardLine, Loading, Tag } from "../parts";
import { catalog, grids, me, syncState } from "../state";
import type { Hazard } from "../types";

const DAY = 86400000;

function List({ title, rows, now, more }: { title: string; rows: Hazard[]; now: number; more: string }) {
  if (rows.length === 0) return null;
  return (
    <section>
      <h2>{title} <span class="count">{rows.length}</span></h2>
      <ul class="lines">{rows.slice(0, 8).map((h) => <HazardLine h={h} now={now} />)}</ul>
      {rows.length > 8 && <p><a href={more}>{t("details")}</a></p>}
    </section>
  );
}

export function Home() {
  const grid = me.value?.user?.grids[0];
  const now = syncState.value?.now_ms ?? Date.now();
  const { data, error, again } = useLoad("home" + (grid ?? ""), () => api.hazards({ state: "open", grid }));
  const stale = grids.value.filter((g) => g.stale);
  const sum = grids.value.filter((g) => g.level === 2);
  const total = (f: (g: (typeof sum)[number]) => number) => sum.reduce((n, g) => n + f(g), 0);
  const rows = data?.rows ?? [];
  const overdue = rows.filter((h) => h.deadline_ms > 0 && h.deadline_ms < now);
  const soon = rows.filter((h) => h.deadline_ms >= now && h.deadline_ms < now + 3 * DAY);
  const check = rows.filter((h) => h.state === "fix-claimed");
  const urgent = rows.filter((h) => h.flags.indexOf("emergency") >= 0);
  const idle = rows.filter((h) => h.assignees.length === 0 && overdue.indexOf(h) < 0 && urgent.indexOf(h) < 0);

  return (
    <>
      <h1>{t("home")}</h1>
      <p class="quiet">{me.value?.user ? t("as_user", me.value.user.name, me.value.user.roles.map((x) => label(catalog.value?.roles.find((c) => c.name === x), x)).join(t("comma"))) : t("as_node")}</p>
      <ul class="tiles">
        <li><a href="#/hazards?state=open"><b>{total((g) => g.open)}</b> {t("open")}</a></li>
        <li><a href="#/hazards?state=open&overdue=1"><b>{total((g) => g.overdue)}</b> {t("overdue")}</a></li>
        <li><a href="#/hazards?state=open&severity=3"><b>{total((g) => g.severe)}</b> {t("severe")}</a></li>
        <li><a href="#/hazards?state=closed"><b>{total((g) => g.closed)}</b> {t("closed")}</a></li>
      </ul>
      {stale.length > 0 && <p class="notice warn"><Tag kind="warn">{t("stale", stale.length)}</Tag> {t("fresh_help")}</p>}
      {(syncState.value?.held ?? 0) > 0 && (
        <p class="notice"><a href="#/held">{t("held_count", syncState.value?.held ?? 0)}</a> · {t("held")}</p>
      )}
      {!data ? <Loading error={error} again={again} /> : rows.length === 0 ? <p>{t("todo_none")}</p> : (
        <>
          <List title={t("emergency")} rows={urgent} now={now} more="#/hazards?state=open" />
          <List title={t("overdue")} rows={overdue} now={now} more="#/hazards?state=open&overdue=1" />
          <List title={t("to_check")} rows={check} now={now} more="#/hazards?state=open" />
          <List title={t("due_soon")} rows={soon} now={now} more="#/hazards?state=open" />
          <List title={t("unassigned")} rows={idle} now={now} more="#/hazards?state=open" />
        </>
      )}
    </>
  );
}
