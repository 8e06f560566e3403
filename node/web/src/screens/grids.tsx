import { api } from "../api";
import { t } from "../i18n";
import { useLoad } from "../load";
import { GridMap } from "./map";
import { link, Loading, Tag, When, Wide } from "../parts";
import { params, syncState } from "../state";

export function Grids() {
  const grid = params.value.grid;
  const { data, error, again } = useLoad("grids" + (grid ?? ""), () => api.tree({ grid, level: 3 }));
  const now = syncState.value?.now_ms ?? Date.now();

  return (
    <>
      <h1>{t("grids")}</h1>
      <p class="quiet">{t("fresh_help")}</p>
      {grid && <p><a href="#/grids">{t("back")}</a></p>}
      {!data ? <Loading error={error} again={again} /> : (
        <>
        <p class="quiet">{t("map_help")}</p>
        <GridMap grids={data.grids} />
        <Wide name={t("grids")}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t("grid")}</th><th scope="col">{t("open")}</th><th scope="col">{t("overdue")}</th>
                <th scope="col">{t("severe")}</th><th scope="col">{t("closed")}</th><th scope="col">{t("visits")}</th>
                <th scope="col">{t("places")}</th><th scope="col">{t("groups")}</th><th scope="col">{t("fresh")}</th>
              </tr>
            </thead>
            <tbody>
              {data.grids.filter((g) => g.level < 3 || grid).map((g) => (
                <tr class={"level" + g.level}>
                  <th scope="row">
                    {g.level === 2 && !grid ? <a href={link("/grids", { grid: g.grid })}>{g.name ?? g.grid}</a> : g.name ?? g.grid}{" "}
                    {g.synthetic && <Tag kind="calm">{t("synthetic")}</Tag>}
                    {!g.declared && <Tag kind="warn">{t("undeclared")}</Tag>}
                  </th>
                  <td><a href={link("/hazards", { grid: g.grid })}>{g.open}</a></td>
                  <td>{g.overdue > 0 ? <a class="bad" href={link("/hazards", { grid: g.grid, overdue: 1 })}>{g.overdue}</a> : 0}</td>
                  <td>{g.severe}</td><td>{g.closed}</td><td>{g.visits}</td><td>{g.places}</td>
                  <td>{g.level < 3 ? g.groups : ""}</td>
                  <td>{g.level === 2 && <span class={g.stale ? "bad" : ""}><When ms={g.heard_ms ?? 0} now={now} /></span>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
        </>
      )}
    </>
  );
}
