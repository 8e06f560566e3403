import { useState } from "preact/hooks";
import { api, ApiError, setToken } from "../api";
import { t } from "../i18n";
import { go, me, path, refreshMe } from "../state";

export function Login() {
  const officers = me.value?.officers ?? [];
  const [key, setKey] = useState("");
  const [pin, setPin] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const who = key || (officers[0]?.key ?? "");

  async function submit(e: Event): Promise<void> {
    e.preventDefault();
    setBusy(true);
    try {
      const { token } = await api.login(who, pin);
      setToken(token);
      await refreshMe();
      if (path.value === "/login") go("/"); // else to what was asked for
    } catch (x) {
      setError(x instanceof ApiError && x.wait > 0 ? t("login_wait", x.wait) : x instanceof Error ? x.message : String(x));
    }
    setPin("");
    setBusy(false);
  }
  return (
    <section class="narrow">
      <h1>{t("login")}</h1>
      {officers.length === 0 ? <p class="notice">{t("login_none")}</p> : (
        <form onSubmit={(e) => { void submit(e); }}>
          <div class="field">
            <label for="who">{t("login_who")}</label>
            <select id="who" value={who} onChange={(e) => setKey(e.currentTarget.value)}>
              {officers.map((o) => <option value={o.key}>{o.name ?? o.key}</option>)}
            </select>
          </div>
          <div class="field">
            <label for="pin">{t("login_pin")}</label>
            <input id="pin" type="password" autocomplete="current-password" value={pin} onInput={(e) => setPin(e.currentTarget.value)} />
          </div>
          {error && <p class="notice bad" role="alert">{error}</p>}
          <button type="submit" class="main" disabled={busy || pin === ""}>{t("login")}</button>
          <p class="quiet">{t("login_help")}</p>
        </form>
      )}
    </section>
  );
}
