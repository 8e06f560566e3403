// A name that somebody else's DNS points at this node shows no page and no data (rebinding), and a
// page of another origin can neither read nor write.
import * as http from "node:http";
import { check, logIn, open, scenario, streetAndVillage, visitor } from "./lib.mjs";

await scenario(async () => {
  const { village } = await streetAndVillage();
  const port = village.http.split(":")[1];
  const context = await visitor();
  const page = await open(context, village);
  await logIn(page, "wang");
  const token = await page.evaluate(() => sessionStorage.getItem("fengsui.token"));

  // Chromium resolves every *.localhost to the loopback, as a rebound name would be
  const rebound = await context.newPage();
  const answer = await rebound.goto("http://evil.localhost:" + port + "/");
  check(answer.status() === 421, "a foreign name is answered by " + answer.status());
  const read = await rebound.evaluate(async (t) => {
    const r = await fetch("/api/v1/hazards", { headers: { Authorization: "Bearer " + t } });
    return r.status + " " + (await r.text());
  }, token);
  check(/^421/.test(read) && !/rows/.test(read), "read through a foreign name: " + read);

  // another site on this machine
  const other = http.createServer((q, r) => { r.setHeader("Content-Type", "text/html"); r.end("<h1>other</h1>"); });
  await new Promise((r) => other.listen(0, "127.0.0.1", r));
  const foreign = await context.newPage();
  await foreign.goto("http://127.0.0.1:" + other.address().port + "/");
  const tried = await foreign.evaluate(async ([base, t]) => {
    const out = [];
    const attempt = async (name, path, o) => { try { out.push(name + " " + (await fetch(base + path, o)).type); } catch { out.push(name + " refused"); } };
    await attempt("read", "api/v1/me", {});
    await attempt("token", "api/v1/hazards", { headers: { Authorization: "Bearer " + t } });
    await attempt("write", "api/v1/hazards", {
      method: "POST", headers: { Authorization: "Bearer " + t, "Content-Type": "application/json", "X-Fengsui": "zh" },
      body: JSON.stringify({ grid: "500118003206", code: "A01" }),
    });
    await fetch(base + "api/v1/hazards", { method: "POST", mode: "no-cors", body: JSON.stringify({ grid: "500118003206", code: "A01" }) }).catch(() => 0);
    return out.join(", ");
  }, [village.url, token]);
  check(tried === "read refused, token refused, write refused", tried);
  // a frame of ours in a page of theirs
  await foreign.evaluate((u) => { const f = document.createElement("iframe"); f.src = u; document.body.append(f); }, village.url);
  await foreign.waitForTimeout(500);
  const framed = foreign.frames().find((f) => f !== foreign.mainFrame());
  check(!framed || (await framed.locator("#app").count().catch(() => 0)) === 0, "the page can be framed");
  other.close();
  check(village.json("list", "hazards", "--state", "all").length === 0, "a foreign page wrote");
});
