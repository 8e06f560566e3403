// Reporting a hazard on a phone-sized screen: what it takes, what is missing is named, and what is
// shown as saved is on the disk of the node and signed by who reported.
import { check, GROUP, logIn, open, PHONE, scenario, sees, show, streetAndVillage, visitor } from "./lib.mjs";

await scenario(async () => {
  const { village } = await streetAndVillage();
  const page = await open(await visitor({ size: PHONE }), village);
  await logIn(page, "wang");

  await page.click("header nav a.first");
  await page.locator("#f-code").waitFor();
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  check(!sideways, "the form is wider than the phone");
  check(await page.inputValue("#f-grid") === "500118003206", "the officer's grid is not chosen beforehand");

  // what lacks is named, and nothing is written
  await page.click("main button.main");
  await sees(page, "隐患代码：必填");
  check(village.json("list", "hazards", "--state", "all").length === 0, "written without a code");

  // by a word, by touch; the list is in reach of a thumb
  await page.fill("#f-code", "充电");
  await page.locator(".codes label").first().click();
  await page.selectOption("#f-grid", GROUP);
  await page.fill("#f-text", "三楼楼梯间电动车充电");
  const box = await page.locator("main button.main").boundingBox();
  check(box.height >= 44 && box.y + box.height <= PHONE.height, "the save button is not in reach");
  await page.click("main button.main");

  await page.waitForFunction(() => location.hash.indexOf("#/hazard/") === 0);
  await sees(page, "已保存在「黄瓜山村节点」");
  const id = (await page.evaluate(() => location.hash)).slice(9);
  const [shown] = village.json("show", id);
  check(shown.text === "三楼楼梯间电动车充电" && shown.grid === GROUP, "not what was typed: " + JSON.stringify(shown));
  check(shown.history[0].signer === "王网格" && shown.history[0].verified, "not signed by the officer");
  check(await page.evaluate(() => !document.querySelector(".notice.warn")), "a draft is left");

  // an emergency goes another way, and says so
  await show(page, "/report");
  await page.fill("#f-code", "G02");
  await page.locator(".codes label").first().click();
  await page.fill("#f-text", "楼内存放汽油");
  await page.check("#urgent");
  await page.click("main button.main");
  await page.waitForFunction((i) => location.hash.indexOf("#/hazard/") === 0 && location.hash.indexOf(i) < 0, id);
  await sees(page, "楼内存放汽油");
  await page.locator("main .tag.bad", { hasText: "紧急" }).first().waitFor();

  // in the ledger, and to be found again by reload
  await show(page, "/hazards");
  await sees(page, "三楼楼梯间电动车充电");
  await page.reload();
  await sees(page, "三楼楼梯间电动车充电");
});
