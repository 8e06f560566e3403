import { useState } from "preact/hooks";
import { api } from "../api";
import { label, t, time } from "../i18n";
import { useLoad } from "../load";
import { Fields, missing } from "../form";
import { dueTag, Loading, StepBar, stateLabel, Tag, valueText } from "../parts";
import { catalog, codeOf, fieldOf, gridName, labelOf, me, recordType, severityName, syncState, toast } from "../state";
import type { Entry, Hazard, RecordType } from "../types";

// What makes sense where a hazard stands; whether a role may do it is the catalogue's word, and
// whether it counts is the node's.
const OFFERED: Record<string, string[]> = {
  reported: ["accept", "assess", "assign", "deadline", "escalate", "void", "fix", "pass"],
  accepted: ["assign", "deadline", "assess", "escalate", "fix", "void"],
  assigned: ["progress", "fix", "deadline", "remind", "escalate", "assess", "assign"],
  rectifying: ["progress", "fix", "deadline", "remind", "escalate", "assess", "assign"],
  "fix-claimed": ["pass", "fail", "progress", "escalate"],
  closed: ["reopen", "recur"],
  void: ["reopen"],
};

function actsFor(h: Hazard): RecordType[] {
  const roles = me.value?.user?.roles ?? [];
  return (OFFERED[h.state] ?? [])
    .map((name) => recordType("hazard-" + name))
    .filter((r): r is RecordType => !!r && (r.open_report || r.writers.some((w) => roles.indexOf(w) >= 0)));
}

function ActForm({ h, record, done }: { h: Hazard; record: RecordType; done: () => void }) {
  const [values, setValues] = useState<Record<string, unknown>>({});
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const skip = ["ext", "when", "crs", "lat", "lon"];

  async function submit(e: Event): Promise<void> {
    e.preventDefault();
    const lacking = missing(record.fields, values, skip);
    if (lacking) { setError(t("lacks", label(lacking))); return; }
    setBusy(true);
    try {
      const saved = await api.act(h.id, record.name.slice(7), values);
      toast.value = { kind: "good", text: t("saved_here", saved.node), more: t("saved_note") };
      done();
    } catch (x) {
      setError(t("not_saved", x instanceof Error ? x.message : String(x)));
      setBusy(false);
    }
  }
  return (
    <form class="act" onSubmit={(e) => { void submit(e); }}>
      <h3>{label(record)}</h3>
      <Fields fields={record.fields} values={values} skip={skip} set={(k, v) => setValues({ ...values, [k]: v })} />
      {error && <p class="notice bad" role="alert">{error}</p>}
      <p>
        <button type="submit" class="main" disabled={busy}>{busy ? t("saving") : t("save")}</button>{" "}
        <button type="button" onClick={done}>{t("cancel")}</button>
      </p>
    </form>
  );
}

function HistoryLine({ e }: { e: Entry }) {
  const record = recordType(e.record);
  return (
    <li class={e.held ? "entry held" : "entry"}>
      <p>
        <b>{record ? label(record) : t("newer_entry")}</b> · {e.signer}{" "}
        <Tag kind={e.verified ? "good" : "warn"}>{e.verified ? t("verified") : t("unsigned")}</Tag>{" "}
        {e.held && <Tag kind="warn">{t("held_entry")}{e.held_reason ? t("colon") + e.held_reason : ""}</Tag>}{" "}
        {e.urgent && <Tag kind="bad">{t("urgent_entry")}</Tag>}{" "}
        {e.pruned && <Tag kind="calm">{t("erased")}</Tag>}
      </p>
      {e.body && (
        <dl>
          {Object.keys(e.body).map((k) => {
            const f = fieldOf(record, k);
            return <div><dt>{label(f, k)}</dt><dd>{valueText(f, e.body?.[k])}</dd></div>;
          })}
        </dl>
      )}
      <p class="quiet">{time(e.wall_ms)} · {t("arrived")} {time(e.received_ms)}</p>
    </li>
  );
}

export function HazardScreen({ id }: { id: string }) {
  const { data: h, error, again } = useLoad("hazard" + id, () => api.hazard(id));
  const [act, setAct] = useState<string | null>(null);
  if (!h) return <Loading error={error} again={again} />;
  const code = codeOf(h.code), now = syncState.value?.now_ms ?? Date.now();
  const acts = actsFor(h), open = act ? recordType(act) : undefined;

  return (
    <article>
      <h1>{h.code} {label(code && { name: code.code, zh: code.zh, en: code.en }, "")}</h1>
      <StepBar state={h.state} />
      <p>
        <Tag kind={h.state === "closed" ? "good" : "calm"}>{stateLabel(h.state)}</Tag>{" "}
        <Tag kind={h.severity >= 3 ? "bad" : "calm"}>{label(severityName(h.severity), String(h.severity))}</Tag> {dueTag(h, now)}{" "}
        {h.flags.map((f) => <><Tag kind={f === "emergency" ? "bad" : "warn"}>{label(labelOf(catalog.value?.flags, f), f)}</Tag>{" "}</>)}
        {(h.unverified ?? 0) > 0 && <Tag kind="warn">{t("unverified")}</Tag>}
      </p>
      <dl class="facts">
        <div><dt>{t("grid")}</dt><dd>{gridName(h.grid)}</dd></div>
        {h.text && <div><dt>{t("text")}</dt><dd>{h.text}</dd></div>}
        {h.address && <div><dt>{t("address")}</dt><dd>{h.address}</dd></div>}
        <div><dt>{t("reported")}</dt><dd>{time(h.reported_ms)}</dd></div>
        {h.assignees.length > 0 && <div><dt>{t("assignees")}</dt><dd>{h.assignees.join(t("comma"))}</dd></div>}
        {h.deadline_ms > 0 && <div><dt>{t("deadline")}</dt><dd>{time(h.deadline_ms)}</dd></div>}
        {h.closed_ms > 0 && <div><dt>{t("closed_at")}</dt><dd>{time(h.closed_ms)}</dd></div>}
        <div><dt>{t("required_level")}</dt><dd>{label(labelOf(catalog.value?.levels, h.required), h.required)}</dd></div>
      </dl>
      {h.blocks.length > 0 && (
        <section class="notice">
          <h2>{t("why_open")}</h2>
          <ul>{h.blocks.map((b) => <li>{label(labelOf(catalog.value?.blocks, b), b)}</li>)}</ul>
        </section>
      )}
      <section>
        <h2>{t("acts")}</h2>
        {!me.value?.user ? <p><a href="#/login">{t("act_login")}</a></p> : acts.length === 0 ? <p class="quiet">{t("act_none")}</p> : (
          <p class="acts">{acts.map((r) => <button type="button" aria-pressed={act === r.name} onClick={() => setAct(act === r.name ? null : r.name)}>{label(r)}</button>)}</p>
        )}
        {open && <ActForm h={h} record={open} key={open.name} done={() => { setAct(null); again(); }} />}
      </section>
      <section>
        <h2>{t("history")}</h2>
        <ol class="entries">{(h.history ?? []).map((e) => <HistoryLine e={e} />)}</ol>
      </section>
    </article>
  );
}
