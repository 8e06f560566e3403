// No serious or critical finding of axe-core on any screen, on a phone and on a desk, in both languages;
// and nothing is wider than a phone.
import { createRequire } from "node:module";
import * as fs from "node:fs";
import * as path from "node:path";
import { check, DESK, everything, logIn, open, PHONE, scenario, screens, settled, show, streetAndVillage, unfold, visitor } from "./lib.mjs";

const require = createRequire(path.join(process.env.FS_MODULES, "package.json"));
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const shots = process.env.FS_SHOTS; // a directory: keeps a picture of each screen there

async function look(page, what) {
  await settled(page);
  await unfold(page);
  if (shots) await page.screenshot({ path: path.join(shots, what.replace(/[^\w-]+/g, "_") + ".png"), fullPage: true });
  // by the protocol, since the page's own rules allow no script from elsewhere
  await page.evaluate(axe);
  const found = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ["violations"] })).violations
    .filter((v) => v.impact === "serious" || v.impact === "critical")
    .map((v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" ")));
  check(found.length === 0, what + "\n" + found.join("\n"));
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  check(wide <= 0, what + " is " + wide + " pixels wider than the screen");
}

await scenario(async () => {
  const nodes = await streetAndVillage();
  const data = await everything(nodes, "三楼楼梯间停放电动自行车并飞线充电，已当面告知户主", "南街小卖部");
  const names = {};
  Object.keys(data).forEach((k) => { names[data[k]] = k; });
  for (const lang of ["zh", "en"])
    for (const size of [PHONE, DESK]) {
      const page = await open(await visitor({ lang, size }), nodes.village);
      const at = (to) => lang + " " + size.width + " " + to.replace(/[0-9a-f]{32}/, (id) => names[id]);
      await look(page, at("/login"));
      await logIn(page, "li");
      for (const to of screens(data)) {
        await show(page, to);
        await look(page, at(to));
      }
      await show(page, "/hazard/" + data.open);
      await page.locator(".acts button").nth(2).click();
      await look(page, at("act"));
      for (const type of ["visit", "place"]) {
        await show(page, "/records/" + type);
        const add = page.locator("main > p > button.main");
        if ((await add.count()) > 0) await add.click();
        await look(page, at("add " + type));
      }
      await page.close();
    }
});
