import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { api, lastOk, reachable, setToken, token } from "./api";
import { draftAddress, drafts, loadDrafts } from "./drafts";
import { lang, setLang, t, time, type Key } from "./i18n";
import { changes, connect, disconnect } from "./live";
import { catalog, me, path, refreshMe, refreshShell, syncState, toast } from "./state";
import { Home } from "./screens/home";
import { Ledger } from "./screens/ledger";
import { HazardScreen } from "./screens/hazard";
import { Report } from "./screens/report";
import { Login } from "./screens/login";
import { Grids } from "./screens/grids";
import { Analysis } from "./screens/analysis";
import { Notices } from "./screens/notices";
import { Records, RecordTypes } from "./screens/records";
import { HeldScreen, Sync } from "./screens/sync";
import { Setup } from "./screens/setup";
import { Settings } from "./screens/settings";
import "./style.css";

// A phone shows the first four and what leads to the rest.
const FEW = 4;
const NAV: [string, Key][] = [
  ["/", "home"], ["/hazards", "ledger"], ["/report", "nav_report"], ["/notices", "notices"],
  ["/records/visit", "patrol"], ["/grids", "grids"], ["/records", "records"], ["/analysis", "analysis"],
  ["/sync", "sync"], ["/settings", "settings"],
];

function More() {
  return (
    <>
      <h1>{t("more")}</h1>
      <ul class="lines">{NAV.slice(FEW).map(([to, key]) => <li class="line"><a href={"#" + to}>{t(key)}</a></li>)}</ul>
    </>
  );
}

function Screen() {
  const p = path.value;
  if (p === "/settings") return <Settings />;
  if (!token.value || p === "/login") return <Login />;
  if (p === "/") return <Home />;
  if (p === "/hazards") return <Ledger />;
  if (p.indexOf("/hazard/") === 0) return <HazardScreen id={p.slice(8)} key={p} />;
  if (p === "/report" || p.indexOf("/report/") === 0) return <Report draft={p.slice(8)} key={p} />;
  if (p === "/grids") return <Grids />;
  if (p === "/more") return <More />;
  if (p === "/notices") return <Notices />;
  if (p === "/analysis") return <Analysis />;
  if (p === "/records") return <RecordTypes />;
  if (p.indexOf("/records/") === 0) return <Records type={p.slice(9)} key={p} />;
  if (p === "/sync") return <Sync />;
  if (p === "/held") return <HeldScreen />;
  return <p>{t("not_found")}</p>;
}

function syncWord(): { kind: string; text: string } {
  const peers = syncState.value?.peers.filter((x) => x.enabled) ?? [];
  const up = peers.filter((x) => x.connected);
  if (peers.length === 0) return { kind: "warn", text: t("sync_none") };
  if (up.length === 0) return { kind: "bad", text: t("sync_bad") };
  if (up.length < peers.length || up.some((x) => !x.synced)) return { kind: "warn", text: t("sync_some") };
  return { kind: "good", text: t("sync_good") };
}

function Header() {
  const user = me.value?.user, light = syncWord();
  return (
    <header>
      <a class="skip" href="#main" onClick={(e) => { e.preventDefault(); document.getElementById("main")?.focus(); }}>{t("skip")}</a>
      <div class="bar">
        <a class="brand" href="#/"><img src="./icon.svg" alt="" width="28" height="28" />{" "}
          <b>{t("app")}</b> <span class="of">{me.value?.node || t("tagline")}</span></a>
        {user && <a class={"light " + light.kind} href="#/sync"><span aria-hidden="true">●</span> {light.text}</a>}
        {user ? (
          <button type="button" class="plain" onClick={() => { void api.logout().catch(() => 0).then(() => { setToken(null); return refreshMe(); }); }}>
            {user.name} · {t("logout")}
          </button>
        ) : (
          <a class="plain" href="#/login">{t("login")}</a>
        )}
      </div>
      {user ? (
        <nav aria-label={t("menu")}>
          {NAV.map(([to, key], i) => (
            <a href={"#" + to} aria-current={path.value === to ? "page" : undefined} class={to === "/report" ? "first" : i < FEW ? "" : "rest"}>{t(key)}</a>
          ))}
          <a href="#/more" class="few" aria-current={path.value === "/more" ? "page" : undefined}>{t("more")}</a>
        </nav>
      ) : <nav aria-label={t("menu")}><a href="#/settings">{t("settings")}</a></nav>}
    </header>
  );
}

function App() {
  const asked = useRef(token.value);
  useEffect(() => {
    if (asked.current !== token.value) void refreshMe().catch(() => 0);
    asked.current = token.value;
  }, [token.value]);
  useEffect(() => {
    if (token.value) connect();
    else disconnect();
  }, [token.value]);
  useEffect(() => { if (token.value) void refreshShell().catch(() => 0); }, [changes.value, token.value]);
  useEffect(() => {
    if (!me.value) void refreshMe().catch(() => 0);
    else if (!me.value.setup && !catalog.value) void api.catalog().then((c) => { catalog.value = c; }).catch(() => 0);
  }, [changes.value, me.value]);
  const note = toast.value;
  if (me.value?.setup) return <Setup />;
  return (
    <>
      <Header />
      {!reachable.value && (
        <p class="notice bad" role="alert">{t("offline")} {lastOk.value > 0 && t("offline_since", time(lastOk.value))}</p>
      )}
      {drafts.value.length > 0 && (!token.value || (path.value.indexOf("/report") !== 0 && path.value.indexOf("/records/") !== 0)) && (
        <p class="notice warn">{t("drafts", drafts.value.length)} · <a href={draftAddress(drafts.value[0])}>{t("draft_open")}</a></p>
      )}
      <main id="main" tabIndex={-1}>{catalog.value ? <Screen /> : <p class="quiet">{t("loading")}</p>}</main>
      {note && (
        <div class={"toast " + note.kind} role={note.kind === "bad" ? "alert" : "status"}>
          <span>{note.text}{note.more && <small>{note.more}</small>}</span>
          <button type="button" class="plain" onClick={() => { toast.value = null; }}>{t("confirm")}</button>
        </div>
      )}
    </>
  );
}

async function start(): Promise<void> {
  const read = token.value ? [api.catalog().then((c) => { catalog.value = c; }), refreshShell()] : [];
  await Promise.all([setLang(lang.value), loadDrafts(), refreshMe(), ...read].map((p) => p.catch(() => 0)));
  const app = document.getElementById("app") as HTMLElement;
  app.textContent = ""; // what index.html shows meanwhile
  render(<App />, app);
}
void start();
