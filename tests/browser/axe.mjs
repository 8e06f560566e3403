// No serious or critical finding of axe-core on any screen, on a phone and on a desk, in both languages;
// and nothing is wider than a phone.
import { accessible, DESK, everything, logIn, open, PHONE, scenario, screens, settled, show, streetAndVillage, unfold, visitor } from "./lib.mjs";

async function look(page, what) {
  await settled(page);
  await unfold(page);
  await accessible(page, what);
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
      await page.close();
    }
});
