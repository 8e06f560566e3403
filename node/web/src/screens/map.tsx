import { t } from "../i18n";
import { link } from "../parts";
import type { Grid } from "../types";

const CELL = 26, GAP = 4, HEAD = 22, COLUMNS = 6, PAD = 8;

// What a grid looks like: by a word and a shape, never by colour alone.
function look(g: Grid): { kind: string; word: string; mark: string } {
  if (g.emergency > 0) return { kind: "bad", word: t("emergency"), mark: "!" };
  if (g.overdue > 0) return { kind: "bad", word: t("overdue"), mark: "▲" };
  if (g.open > 0) return { kind: "warn", word: t("open"), mark: String(g.open) };
  return { kind: "good", word: t("map_none"), mark: "" };
}

// Not a map of places (nobody has given outlines) but of who belongs where: the street, in it each
// village, in it a cell for each group.
export function GridMap({ grids }: { grids: Grid[] }) {
  const villages = grids.filter((g) => g.level === 2);
  return (
    <div class="map">
      {villages.map((v) => {
        const cells = grids.filter((g) => g.level === 3 && g.grid.indexOf(v.grid) === 0);
        const rows = Math.max(1, Math.ceil(cells.length / COLUMNS)), is = look(v);
        const width = COLUMNS * (CELL + GAP) + 2 * PAD, height = HEAD + rows * (CELL + GAP) + 2 * PAD;
        return (
          <svg width={width} height={height} viewBox={"0 0 " + width + " " + height} role="group" aria-label={(v.name ?? v.grid) + " " + is.word + " " + v.open}>
            <a href={link("/grids", { grid: v.grid })}>
              <rect class={"village " + is.kind + (v.stale ? " stale" : "")} x="1" y="1" width={width - 2} height={height - 2} rx="6" />
              <text x={PAD} y={HEAD - 4}>{v.name ?? v.grid}</text>
              <text class="n" x={width - PAD} y={HEAD - 4} text-anchor="end">{v.open}</text>
            </a>
            {cells.map((g, i) => {
              const c = look(g), x = PAD + (i % COLUMNS) * (CELL + GAP), y = HEAD + PAD + Math.floor(i / COLUMNS) * (CELL + GAP);
              const name = (g.name ?? g.grid) + t("colon") + c.word + (g.open > 0 ? " " + g.open : "");
              return (
                <a href={link("/hazards", { grid: g.grid })} aria-label={name}>
                  <title>{name}</title>
                  <rect class={"cell " + c.kind} x={x} y={y} width={CELL} height={CELL} rx="3" />
                  <text class="n" x={x + CELL / 2} y={y + CELL / 2 + 5} text-anchor="middle">{c.mark}</text>
                </a>
              );
            })}
          </svg>
        );
      })}
    </div>
  );
}
