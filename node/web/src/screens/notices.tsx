import { useState } from "preact/hooks";
import { api } from "../api";
import { label, t, time } from "../i18n";
import { useLoad } from "../load";
import { Loading, Pager, Tag, link } from "../parts";
import { fieldOf, gridName, grids, me, params, recordType, syncState, toast } from "../state";
import type { RecordRow } from "../types";

function Notice({ n, receipts, again, now }: { n: RecordRow; receipts: RecordRow[]; again: () => void; now: number }) {
  const [busy, setBusy] = useState(false);
  const user = me.value?.user, grid = user?.grids[0];
  const levels = fieldOf(recordType("notice"), "level")?.choices, kinds = fieldOf(recordType("notice-receipt"), "receipt")?.choices;
  const writers = recordType("notice-receipt")?.writers ?? [];
  const may = !!grid && writers.some((w) => (user?.roles ?? []).indexOf(w) >= 0);
  const mine = receipts.some((r) => r.grid === grid);
  const over = !!n["valid-to"] && Number(n["valid-to"]) < now;
  const missing = grids.value.filter((g) => g.level === 2 && !receipts.some((r) => String(r.grid).indexOf(g.grid) === 0));

  async function read(): Promise<void> {
    setBusy(true);
    try {
      const saved = await api.addRecord("notice-receipt", { grid, notice: n.id, receipt: "read" });
      toast.value = { kind: "good", text: t("saved_here", saved.node), more: t("saved_note") };
      again();
    } catch (x) {
      toast.value = { kind: "bad", text: t("not_saved", x instanceof Error ? x.message : String(x)) };
    }
    setBusy(false);
  }
  return (
    <li class="line">
      <div>
        <h2><Tag kind={over ? "calm" : n.level === "red" || n.level === "orange" ? "bad" : "warn"}>{label(levels?.find((c) => c.name === n.level), String(n.level))}</Tag>{" "}
          {String(n.name ?? "")} {over && <Tag kind="calm">{t("notice_over")}</Tag>}</h2>
        <p class="text">{String(n.text ?? "")}</p>
        {n["valid-to"] ? <p class="quiet">{t("notice_until", time(Number(n["valid-to"])))}</p> : null}
        {may && !mine && <p><button type="button" class="main" disabled={busy} onClick={() => { void read(); }}>{t("notice_read")}</button></p>}
        <details>
          <summary>{t("notice_receipts", receipts.length)}</summary>
          {receipts.length > 0 && <p>{receipts.map((r) => gridName(String(r.grid)) + " " + label(kinds?.find((c) => c.name === r.receipt), String(r.receipt))).join(t("comma"))}</p>}
          {missing.length > 0 && <p class="quiet">{t("notice_missing", missing.length)}{t("colon")}{missing.map((g) => g.name ?? g.grid).join(t("comma"))}</p>}
        </details>
      </div>
    </li>
  );
}

// Notices and who has read them: by grid, as their receipts have come in.
export function Notices() {
  const offset = Number(params.value.offset ?? 0) || 0;
  const { data, error, again } = useLoad("notices" + offset, () => Promise.all([api.records("notice", { offset }), api.records("notice-receipt", { limit: 200 })]));
  const may = (recordType("notice")?.writers ?? []).some((w) => (me.value?.user?.roles ?? []).indexOf(w) >= 0);
  const now = syncState.value?.now_ms ?? Date.now();
  return (
    <>
      <h1>{t("notices")}</h1>
      {may && <p><a class="button" href="#/records/notice?add=1">{t("add")}</a></p>}
      {!data ? <Loading error={error} again={again} /> : (
        <>
          {data[0].rows.length === 0 && <p>{t("none_here")}</p>}
          <ul class="lines">{data[0].rows.map((n) => <Notice n={n} receipts={data[1].rows.filter((r) => r.notice === n.id)} again={again} now={now} />)}</ul>
          <Pager total={data[0].total} offset={offset} to={(o) => link("/notices", { offset: o })} />
        </>
      )}
    </>
  );
}
