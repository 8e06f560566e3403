import { api } from "../api";
import { label, t, time } from "../i18n";
import { useLoad } from "../load";
import { link, Loading, Pager, Tag, When, Wide } from "../parts";
import { gridName, params, recordType, toast } from "../state";

export function Sync() {
  const { data, error, again } = useLoad("sync", () => api.sync());
  if (!data) return <Loading error={error} again={again} />;
  return (
    <>
      <h1>{t("sync")}</h1>
      <p>
        {t("entries", data.entries)} · <a href="#/held">{t("held_count", data.held)}</a> · {t("forks_count", data.forks)} · {t("quarantined_count", data.quarantined)}
        {data.unread > 0 && <> · {t("unread_count", data.unread)}</>}
      </p>
      <p>
        <button type="button" class="main" onClick={() => { void api.syncNow().then(() => { toast.value = { kind: "good", text: t("sync_started") }; again(); }); }}>
          {t("sync_now")}
        </button>
      </p>
      <ul class="lines">
        {data.peers.map((p) => (
          <li class="line">
            <div>
              <strong>{p.name || p.addr || p.kx.slice(0, 16)}</strong>{" "}
              <Tag kind={p.connected ? "good" : p.enabled ? "bad" : "calm"}>{p.connected ? t("connected") : p.enabled ? t("disconnected") : t("paused")}</Tag>{" "}
              {p.connected && p.synced && <Tag kind="good">{t("peer_equal")}</Tag>}
              {p.backlog > 0 && <span class="sub">{t("backlog", p.backlog)}</span>}
              <span class="sub">{p.addr} · {t("last_contact")} <When ms={p.connected ? data.now_ms : p.last_ok_ms} now={data.now_ms} /></span>
              {p.last_error && !p.connected && <span class="sub bad">{p.last_error}</span>}
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

export function HeldScreen() {
  const offset = Number(params.value.offset ?? 0) || 0;
  const { data, error, again } = useLoad("held" + offset, () => api.held({ offset }));
  return (
    <>
      <h1>{t("held")}</h1>
      <p class="quiet">{t("held_help")}</p>
      {!data ? <Loading error={error} again={again} /> : (
        <>
          <Wide name={t("held")}>
            <table class="cards">
              <thead>
                <tr><th scope="col">{t("record")}</th><th scope="col">{t("who")}</th><th scope="col">{t("grid")}</th><th scope="col">{t("when")}</th><th scope="col">{t("reason")}</th></tr>
              </thead>
              <tbody>
                {data.rows.map((r) => (
                  <tr>
                    <td data-label={t("record")}>{r.subject ? <a href={"#/hazard/" + r.subject}>{label(recordType(r.record), r.record)}</a> : label(recordType(r.record), r.record)}</td>
                    <td data-label={t("who")}>{r.signer}</td><td data-label={t("grid")}>{gridName(r.grid)}</td><td data-label={t("when")}>{time(r.wall_ms)}</td><td data-label={t("reason")}>{r.reason}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Wide>
          <Pager total={data.total} offset={offset} to={(o) => link("/held", { offset: o })} />
        </>
      )}
    </>
  );
}
