import { lang, setLang, t, type Key } from "../i18n";
import { me, size, sizes } from "../state";
import type { Lang } from "../types";

export function Settings() {
  return (
    <section class="narrow">
      <h1>{t("settings")}</h1>
      <fieldset>
        <legend>{t("language")}</legend>
        {(["zh", "en"] as Lang[]).map((l) => (
          <label class="code"><input type="radio" name="lang" checked={lang.value === l} onChange={() => { void setLang(l); }} /> {l === "zh" ? "简体中文" : "English"}</label>
        ))}
      </fieldset>
      <fieldset>
        <legend>{t("text_size")}</legend>
        {sizes.map((s) => (
          <label class="code"><input type="radio" name="size" checked={size.value === s} onChange={() => { size.value = s; }} /> {t(("size_" + s) as Key)}</label>
        ))}
      </fieldset>
      <h2>{t("about")}</h2>
      <dl class="facts">
        <div><dt>{t("node_name")}</dt><dd>{me.value?.node ?? "—"}</dd></div>
        <div><dt>{t("space_name")}</dt><dd>{me.value?.space ?? "—"}</dd></div>
      </dl>
    </section>
  );
}
