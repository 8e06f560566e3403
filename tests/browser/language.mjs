// English everywhere when it is chosen, Chinese everywhere when it is not, on every screen: with data
// without Chinese no Chinese character is left on an English page, and no English word on a Chinese one
// but for data and the words below.
import { everything, logIn, open, scenario, screens, show, sees, streetAndVillage, translated, unfold, visitor } from "./lib.mjs";

const NAME = "Xx", TEXT = "0000 xx"; // no word of either language
const DATA = /\b(PIN|CSV|JSON|QR|Xx|xx|Huangguashan|Daijiadian|South|Street|Group|Chen|Wang|Li|Zhao|node|fengsui|key|new)\b/g;

const walk = (page, lang, what) => translated(page, lang, what, DATA);

await scenario(async () => {
  const nodes = await streetAndVillage({ latin: true });
  const data = await everything(nodes, TEXT, NAME);
  for (const lang of ["en", "zh"]) {
    const page = await open(await visitor({ lang }), nodes.village, "/", /status of 4(01|22)/);
    await walk(page, lang, "log-in");
    await page.fill("#pin", "1");
    await page.click("main button.main");
    await page.locator(".notice.bad").waitFor();
    await walk(page, lang, "wrong PIN");
    await logIn(page, "li");
    for (const to of screens(data)) {
      await show(page, to);
      await unfold(page);
      await walk(page, lang, to);
      // each act and each form, and what it says when something lacks
      const acts = page.locator(".acts button");
      for (let i = 0; i < (await acts.count()); i++) {
        await acts.nth(i).click();
        await walk(page, lang, to + " act " + i);
        if ((await page.locator(".act .need").count()) > 0) {
          await page.click(".act button.main");
          await page.locator(".act .notice.bad").waitFor();
          await walk(page, lang, to + " act " + i + " lacking");
        }
      }
      if (/add=1/.test(to) && !/visit/.test(to)) { // a visit needs nothing more than its grid
        await page.click(".act button.main");
        await page.locator(".act .notice.bad").waitFor();
        await walk(page, lang, to + " lacking");
      }
    }
    // switched while it is open, both ways
    await show(page, "/settings");
    await page.getByText(lang === "en" ? "简体中文" : "English").click();
    await sees(page, lang === "en" ? "隐患台账" : "Hazards");
    await walk(page, lang === "en" ? "zh" : "en", "switched");
    await page.close();
  }
});
