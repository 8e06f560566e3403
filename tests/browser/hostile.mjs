// Text that is a script, a formula, a template or a control word, in every text field of every record
// that the API takes: pages show it as text, nothing of it runs, and nothing is lost.
import { check, logIn, open, scenario, screens, settled, show, streetAndVillage, unfold, until, VILLAGE, visitor } from "./lib.mjs";

const EVIL = "<img src=x onerror=\"window.pwned=1\"><script>window.pwned=2</script>=HYPERLINK(\"http://evil.example\")&lt;b&gt; {0} \u202eabc\u202c ' -- ${1}";

// A value for a field of the catalogue; hostile where it is text.
function value(f, id) {
  if (f.kind === "text") return EVIL.slice(0, Math.floor(f.max / 3));
  if (f.kind === "texts") return [EVIL.slice(0, 40), "@SUM(1)"];
  if (!f.required) return undefined;
  if (f.kind === "grid") return VILLAGE;
  if (f.kind === "code") return "A01";
  if (f.kind === "enum") return f.choices[f.choices.length - 1].name;
  if (f.kind === "time") return Date.now();
  if (f.kind === "id") return id;
  return undefined;
}

await scenario(async () => {
  const { village, street } = await streetAndVillage();
  const page = await open(await visitor(), village, "/", /status of 4(03|22)/);
  page.on("dialog", (d) => { throw new Error("a dialog: " + d.message()); });
  await logIn(page, "li");
  const post = (path, body) => page.evaluate(async ([p, b]) => {
    const r = await fetch("/api/v1" + p, {
      method: "POST", body: JSON.stringify(b),
      headers: { "Content-Type": "application/json", "X-Fengsui": "zh", Authorization: "Bearer " + sessionStorage.getItem("fengsui.token") },
    });
    return { status: r.status, body: await r.json() };
  }, [path, body]);
  const catalog = await page.evaluate(async () => (await fetch("/api/v1/catalog")).json());

  // two hazards, so that one can be linked to the other
  const ids = [];
  for (let i = 0; i < 2; i++) {
    const r = await post("/hazards", { grid: VILLAGE, code: "A01", text: EVIL });
    check(r.status === 200, "the report: " + JSON.stringify(r));
    ids.push(r.body.id);
  }
  const taken = [], data = { open: ids[0], closed: ids[1], blocked: ids[0] };
  for (const r of catalog.records) {
    const fields = {};
    r.fields.forEach((f) => { const v = value(f, ids[1]); if (v !== undefined) fields[f.name] = v; });
    const path = r.fold === "lww" ? "/records/" + r.name : r.name === "hazard-report" ? "/hazards"
      : r.name === "hazard-emergency" ? "/emergencies" : r.fold === "hazard" ? "/hazards/" + ids[0] + "/" + r.name.slice(7) : null;
    if (!path) continue;
    if (r.name === "hazard-emergency") { fields.grid = VILLAGE; fields.code = "G02"; }
    const answer = await post(path, fields);
    check(answer.status === 200 || answer.status === 403 || answer.status === 422, r.name + ": " + JSON.stringify(answer));
    if (answer.status === 200) taken.push(r.name);
  }
  check(taken.length >= 20, "taken were only " + taken.join());
  street.run("record", "add", "notice", "--name", EVIL.slice(0, 60), "--text", EVIL, "--level", "red");
  await until("the notice is here", () => village.json("list", "notices").length > 0);

  for (const lang of ["zh", "en"]) {
    await page.evaluate((l) => localStorage.setItem("fengsui.lang", l), lang);
    await page.reload();
    await settled(page);
    let shown = 0;
    for (const to of screens(data)) {
      await show(page, to);
      await unfold(page);
      const found = await page.evaluate(() => ({
        pwned: window.pwned, elements: document.querySelectorAll("img[src=x], main script, main b > b").length,
        text: document.body.innerText.indexOf("onerror=") >= 0,
      }));
      check(!found.pwned && found.elements === 0, "runs or is an element at " + to);
      shown += found.text ? 1 : 0;
    }
    check(shown >= 5, "shown on " + shown + " screens only: was it looked at?");
  }
  check(village.json("show", ids[0])[0].text === EVIL || village.json("show", ids[1])[0].text === EVIL, "the text is not what was sent");
  village.run("sync", "--timeout", "20s");
});
