import { useEffect, useState } from "preact/hooks";
import { api } from "../api";
import { downloadDrafts, drafts, dropDraft, keepDraft, newDraftId, type Draft } from "../drafts";
import { Fields, missing } from "../form";
import { label, t } from "../i18n";
import { go, me, recordType, toast } from "../state";

const FIRST = ["code", "grid", "text", "severity"];
const SKIP = ["ext", "crs", "lat", "lon", "visit", "place", "when", "evidence"];

export function Report({ draft }: { draft: string }) {
  const [d, setDraft] = useState<Draft>(() => drafts.value.find((x) => x.id === draft) ??
    { id: newDraftId(), kind: "report", fields: me.value?.user?.grids[0] ? { grid: me.value.user.grids[0] } : {}, changed_ms: 0 });
  const [urgent, setUrgent] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const record = recordType("hazard-report");
  const kept = drafts.value.some((x) => x.id === d.id);

  const others = drafts.value.filter((x) => x.id !== d.id);

  useEffect(() => {
    if (d.changed_ms === 0) return;
    void keepDraft(d).catch(() => 0);
    // a reload comes back to this draft; the screen stays as it is
    if (draft === "") history.replaceState(null, "", "#/report/" + d.id);
  }, [d]);
  if (!record) return null;
  const fields = record.fields;
  const set = (k: string, v: unknown): void => setDraft({ ...d, fields: { ...d.fields, [k]: v }, changed_ms: Date.now() });

  async function submit(e: Event): Promise<void> {
    e.preventDefault();
    const values: Record<string, unknown> = {};
    fields.forEach((f) => { if (d.fields[f.name] !== undefined) values[f.name] = d.fields[f.name]; });
    const lacking = missing(fields, values) ?? (values.grid ? undefined : fields.find((f) => f.name === "grid"));
    if (lacking) { setError(t("lacks", label(lacking))); return; }
    setBusy(true);
    try {
      const saved = await api.report(values, urgent);
      await dropDraft(d.id).catch(() => 0);
      toast.value = { kind: "good", text: t("saved_here", saved.node), more: t("saved_note") };
      go("/hazard/" + saved.id);
    } catch (x) {
      setError(t("not_saved", x instanceof Error ? x.message : String(x)));
      setBusy(false);
    }
  }
  return (
    <form class="narrow" onSubmit={(e) => { void submit(e); }}>
      <h1>{t("report")}</h1>
      {draft === "" && d.changed_ms === 0 && others.length > 0 && (
        <p class="notice warn">{t("drafts", others.length)} · <a href={"#/report/" + (others[0]?.id ?? "")}>{t("draft_open")}</a></p>
      )}
      <Fields fields={FIRST.map((n) => fields.find((f) => f.name === n)).filter((f): f is NonNullable<typeof f> => !!f)} values={d.fields} set={set} />
      <div class="field check">
        <input id="urgent" type="checkbox" checked={urgent} onChange={(e) => setUrgent(e.currentTarget.checked)} />
        <label for="urgent">{t("urgent_report")}</label>
        <p class="quiet">{t("urgent_help")}</p>
      </div>
      <details>
        <summary>{t("more")}</summary>
        <Fields fields={fields} values={d.fields} set={set} skip={[...FIRST, ...SKIP]} />
      </details>
      {error && <p class="notice bad" role="alert">{error}</p>}
      <p class="sticky"><button type="submit" class="main" disabled={busy}>{busy ? t("saving") : t("save")}</button></p>
      {kept && (
        <p class="quiet">{t("draft_kept")} ·{" "}
          <button type="button" class="plain" onClick={() => downloadDrafts([d])}>{t("draft_download")}</button>{" "}
          <button type="button" class="plain" onClick={() => { void dropDraft(d.id).then(() => go("/")); }}>{t("draft_discard")}</button>
        </p>
      )}
    </form>
  );
}
