import { api, type Filter } from "../api";
import { age, label, t } from "../i18n";
import { useLoad } from "../load";
import { HazardLine, link, Loading, Tag } from "../parts";
import { catalog, fieldOf, grids, me, recordType, syncState } from "../state";
import type { Hazard, Page } from "../types";

const SHOWN = 5, DUE_DAYS = 3;

function List({ title, rows, total, now, more }: { title: string; rows: Hazard[]; total: number; now: number; more: string }) {
  if (rows.length === 0) return null;
  return (
    <section>
      <h2>{title} <span class="count">{total}</span></h2>
      <ul class="lines">{rows.slice(0, SHOWN).map((h) => <HazardLine h={h} now={now} />)}</ul>
      {total > Math.min(rows.length, SHOWN) && <p><a href={more}>{t("all_of", total)}</a></p>}
    </section>
  );
}

// The to-do, each list by a question of its own, so that it is whole at any number of hazards. What was
// shown in a list before is not shown again.
const LISTS: { title: "overdue" | "to_check" | "due_soon" | "to_accept"; filter: Filter }[] = [
  { title: "overdue", filter: { state: "open", overdue: 1 } },
  { title: "to_check", filter: { state: "fix-claimed" } },
  { title: "due_soon", filter: { state: "open", due: DUE_DAYS } },
  { title: "to_accept", filter: { state: "reported" } },
];

export function Home() {
  const grid = me.value?.user?.grids[0];
  const now = syncState.value?.now_ms ?? Date.now();
  const { data, error, again } = useLoad("home" + (grid ?? ""), () =>
    Promise.all([{ state: "open" } as Filter, ...LISTS.map((l) => l.filter)].map((f) => api.hazards({ ...f, grid, limit: SHOWN + 15 }))));
  const notices = useLoad("home notices", () => api.records("notice", { limit: 20 }));
  const stale = grids.value.filter((g) => g.stale);
  const sum = grids.value.filter((g) => g.level === 2);
  const total = (f: (g: (typeof sum)[number]) => number) => sum.reduce((n, g) => n + f(g), 0);
  const seen: Record<string, boolean> = {};
  const fresh = (p: Page<Hazard> | undefined): Hazard[] => (p?.rows ?? []).filter((h) => !seen[h.id] && (seen[h.id] = true));
  const urgent = (data?.[0]?.rows ?? []).filter((h) => h.flags.indexOf("emergency") >= 0);
  urgent.forEach((h) => { seen[h.id] = true; });
  const levels = fieldOf(recordType("notice"), "level")?.choices;
  const valid = (notices.data?.rows ?? []).filter((n) => !n["valid-to"] || Number(n["valid-to"]) > now);

  return (
    <>
      <h1>{t("todo")}</h1>
      <p class="quiet">{me.value?.user ? t("as_user", me.value.user.name, me.value.user.roles.map((x) => label(catalog.value?.roles.find((c) => c.name === x), x)).join(t("comma"))) : t("as_node")}</p>
      {valid.slice(0, 2).map((n) => (
        <p class="notice warn"><a href="#/notices"><Tag kind={n.level === "red" || n.level === "orange" ? "bad" : "warn"}>{label(levels?.find((c) => c.name === n.level), String(n.level))}</Tag> {String(n.name ?? n.text ?? "").slice(0, 60)}</a></p>
      ))}
      <ul class="tiles">
        <li><a href="#/hazards?state=open"><b>{total((g) => g.open)}</b> {t("open")}</a></li>
        <li><a href="#/hazards?state=open&overdue=1"><b>{total((g) => g.overdue)}</b> {t("overdue")}</a></li>
        <li><a href="#/hazards?state=open&severity=3"><b>{total((g) => g.severe)}</b> {t("severe")}</a></li>
        <li><a href="#/hazards?state=closed"><b>{total((g) => g.closed)}</b> {t("closed")}</a></li>
      </ul>
      {!data ? <Loading error={error} again={again} /> : (
        <>
          <List title={t("emergency")} rows={urgent} total={urgent.length} now={now} more="#/hazards?state=open" />
          {LISTS.map((l, i) => (
            <List title={t(l.title)} rows={fresh(data[i + 1])} total={data[i + 1]?.total ?? 0} now={now} more={link("/hazards", { ...l.filter, grid })} />
          ))}
          {data.every((p) => p.total === 0) && <p>{t("todo_none")}</p>}
        </>
      )}
      {stale.length > 0 && (
        <section>
          <h2>{t("fresh")}</h2>
          <p class="notice"><Tag kind="warn">{t("stale", stale.length)}</Tag> {t("fresh_help")}{" "}
            {stale.slice(0, 6).map((g) => (g.name ?? g.grid) + " (" + age(g.heard_ms ?? 0, now) + ")").join(t("comma"))}{" "}
            <a href="#/grids">{t("details")}</a></p>
        </section>
      )}
      {(syncState.value?.held ?? 0) > 0 && (
        <p class="notice"><a href="#/held">{t("held_count", syncState.value?.held ?? 0)}</a></p>
      )}
    </>
  );
}
