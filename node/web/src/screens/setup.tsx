import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { api, reachable } from "../api";
import { lang, setLang, t, type Key } from "../i18n";
import { me, refreshMe } from "../state";
import type { Lang } from "../types";

// The first run: what the terminal showed as an address carries the code; it is kept in this tab.
const CODE = "fengsui.setup";
const arrived = /^#\/setup\/([0-9a-f]+)$/.exec(location.hash);
if (arrived && arrived[1]) {
  sessionStorage.setItem(CODE, arrived[1]);
  history.replaceState(null, "", "#/");
}

const WAYS = ["join", "files", "street", "restore"] as const;
type Way = (typeof WAYS)[number];
type Values = Record<string, string>;

function Text({ id, value, set, help, area, secret }: { id: string; value: Values; set: (v: Values) => void; help?: Key; area?: boolean; secret?: boolean }) {
  const put = (x: string): void => set({ ...value, [id]: x });
  return (
    <div class="field">
      <label for={"s-" + id}>{t(("setup_" + id) as Key)}</label>
      {area ? <textarea id={"s-" + id} rows={5} value={value[id] ?? ""} onInput={(e) => put(e.currentTarget.value)} />
        : secret ? <input id={"s-" + id} type="password" autocomplete="new-password" value={value[id] ?? ""} onInput={(e) => put(e.currentTarget.value)} />
        : <input id={"s-" + id} type="text" autocomplete="off" value={value[id] ?? ""} onInput={(e) => put(e.currentTarget.value)} />}
      {help && <p class="quiet">{t(help)}</p>}
    </div>
  );
}

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array((hex.match(/../g) ?? []).map((x) => parseInt(x, 16)));
}

function Form({ name, busy, wait, error, send, children }: { name: string; busy: boolean; wait?: boolean; error: string | null; send: () => void; children: ComponentChildren }) {
  return (
    <form class="act" onSubmit={(e) => { e.preventDefault(); send(); }}>
      {children}
      {error && <p class="notice bad" role="alert">{error}</p>}
      <button type="submit" class="main" disabled={busy || wait}>{busy ? t("setup_busy") : name}</button>
    </form>
  );
}

// Without a network: a request is carried up, an answer comes back.
function Files({ code, v, set, run, busy, error }: { code: string; v: Values; set: (v: Values) => void; run: (f: () => Promise<void>) => void; busy: boolean; error: string | null }) {
  const [print, setPrint] = useState("");
  const [answer, setAnswer] = useState<File | null>(null);
  const [look, setLook] = useState("");
  const ask = async (): Promise<void> => {
    const got = await api.setup<{ request: string; fingerprint: string }>("request", { name: v.name ?? "", grid: v.grid ?? "" }, code);
    const a = document.createElement("a");
    a.href = URL.createObjectURL(new Blob([bytesOf(got.request) as BlobPart], { type: "application/octet-stream" }));
    a.download = "fengsui-join-request.bin";
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 10000);
    setPrint(got.fingerprint);
  };
  const take = async (): Promise<void> => {
    if (!answer) return;
    const got = await api.setup<{ look?: string }>("answer" + (look ? "?yes=1" : ""), answer.slice(), code);
    if (got.look) setLook(got.look);
    else await refreshMe();
  };
  return (
    <>
      <Form name={t("setup_ask")} busy={busy} error={print ? null : error} send={() => run(ask)}>
        <h2>{t("setup_files_1")}</h2>
        <Text id="name" value={v} set={set} />
        <Text id="grid" value={v} set={set} help="setup_grid_help" />
      </Form>
      {print && <p class="notice">{t("setup_print")} <b class="print">{print}</b></p>}
      <Form name={t(look ? "setup_agree" : "setup_look")} busy={busy} wait={!answer} error={error} send={() => run(take)}>
        <h2>{t("setup_files_2")}</h2>
        <div class="field">
          <label for="s-answer">{t("setup_answer")}</label>
          <input id="s-answer" type="file" onChange={(e) => { setLook(""); setAnswer(e.currentTarget.files?.[0] ?? null); }} />
        </div>
        {look && <pre class="notice">{look}</pre>}
      </Form>
    </>
  );
}

function Space({ code }: { code: string }) {
  const [way, setWay] = useState<Way | null>(null);
  const [v, set] = useState<Values>({});
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const run = (f: () => Promise<void>): void => {
    setBusy(true);
    setError(null);
    void f().catch((x: unknown) => setError(x instanceof Error ? x.message : String(x))).then(() => setBusy(false));
  };
  const post = (step: string, names: string[]) => (): void => run(async () => {
    const body: Values = {};
    names.forEach((n) => { body[n] = (v[n] ?? "").trim(); });
    await api.setup(step, body, code);
    await refreshMe();
  });
  return (
    <>
      <div class="ways" role="radiogroup" aria-label={t("setup_what")}>
        {WAYS.map((w) => (
          <label class={way === w ? "code on" : "code"}>
            <input type="radio" name="way" checked={way === w} onChange={() => { setWay(w); setError(null); }} />{" "}
            <b>{t(("setup_way_" + w) as Key)}</b><span class="sub">{t(("setup_way_" + w + "_help") as Key)}</span>
          </label>
        ))}
      </div>
      {way === "join" && (
        <Form name={t("setup_join")} busy={busy} error={error} send={post("join", ["invite", "name"])}>
          <Text id="invite" value={v} set={set} area help="setup_invite_help" />
          <Text id="name" value={v} set={set} />
        </Form>
      )}
      {way === "files" && <Files code={code} v={v} set={set} run={run} busy={busy} error={error} />}
      {way === "street" && (
        <Form name={t("setup_street_make")} busy={busy} error={error} send={post("street", ["name", "street", "grids"])}>
          <Text id="name" value={v} set={set} />
          <Text id="street" value={v} set={set} help="setup_street_help" />
          <Text id="grids" value={v} set={set} area help="setup_grids_help" />
        </Form>
      )}
      {way === "restore" && (
        <Form name={t("setup_restore")} busy={busy} error={error} send={post("restore", ["file", "phrase"])}>
          <Text id="file" value={v} set={set} help="setup_file_help" />
          <Text id="phrase" value={v} set={set} secret />
        </Form>
      )}
    </>
  );
}

function Officer({ code }: { code: string }) {
  const [v, set] = useState<Values>({});
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const send = (step: string): void => {
    if (step === "officer" && v.pin !== v.again) { setError(t("setup_differ")); return; }
    setBusy(true);
    setError(null);
    void api.setup(step, step === "officer" ? { name: (v.officer ?? "").trim(), pin: v.pin ?? "" } : {}, code).then(refreshMe)
      .catch((x: unknown) => setError(x instanceof Error ? x.message : String(x))).then(() => setBusy(false));
  };
  return (
    <>
      <h2>{t("setup_officer_title")}</h2>
      <p class="quiet">{t("setup_officer_help")}</p>
      <Form name={t("setup_officer_make")} busy={busy} error={error} send={() => send("officer")}>
        <Text id="officer" value={v} set={set} />
        <Text id="pin" value={v} set={set} secret help="setup_pin_help" />
        <Text id="again" value={v} set={set} secret />
      </Form>
      <p><button type="button" class="plain" disabled={busy} onClick={() => send("skip")}>{t("setup_skip")}</button></p>
    </>
  );
}

export function Setup() {
  const [code, setCode] = useState(sessionStorage.getItem(CODE) ?? "");
  const stage = me.value?.setup;
  // The node starts where this page was; then there is a log-in.
  useEffect(() => {
    if (stage !== "done") return;
    const timer = setInterval(() => { void refreshMe().catch(() => 0); }, 700);
    return () => clearInterval(timer);
  }, [stage]);
  const keep = (c: string): void => { setCode(c); sessionStorage.setItem(CODE, c); };
  return (
    <>
      <header>
        <div class="bar">
          <span class="brand"><img src="./icon.svg" alt="" width="28" height="28" /> <b>{t("app")}</b></span>
          {(["zh", "en"] as Lang[]).map((l) => (
            <button type="button" class="plain" aria-pressed={lang.value === l} lang={l} onClick={() => { void setLang(l); }}>{l === "zh" ? "简体中文" : "English"}</button>
          ))}
        </div>
      </header>
      <main id="main" class="narrow" tabIndex={-1}>
        <h1>{t("setup")}</h1>
        {!reachable.value && stage !== "done" && <p class="notice bad" role="alert">{t("offline")}</p>}
        {stage === "done" ? <p class="notice">{t("setup_starting")}</p> : (
          <>
            <div class="field">
              <label for="s-code">{t("setup_code")}</label>
              <input id="s-code" type="text" value={code} autocomplete="off" spellcheck={false} onInput={(e) => keep(e.currentTarget.value.trim().toLowerCase())} />
              <p class="quiet">{t("setup_code_help")}</p>
            </div>
            {stage === "space" ? <Space code={code} /> : <Officer code={code} />}
          </>
        )}
      </main>
    </>
  );
}
