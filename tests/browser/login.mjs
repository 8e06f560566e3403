// Logging in: who may, what a wrong PIN does, and that it is limited; logging out.
import { check, logIn, open, PHONE, scenario, sees, show, streetAndVillage, visitor } from "./lib.mjs";

await scenario(async () => {
  const { village } = await streetAndVillage();
  const page = await open(await visitor({ size: PHONE }), village, "/", /status of 4(01|29)/);

  // nothing can be read without a session
  for (const to of ["/", "/hazards", "/grids", "/sync", "/records/place"]) {
    await show(page, to);
    check(await page.locator("#pin").isVisible(), "no log-in at " + to);
  }
  const names = await page.locator("#who option").allTextContents();
  check(names.join() === "李村长,王网格,赵组长", "who may log in: " + names.join());

  // five wrong PINs, each said so, and then not even the right one is tried
  await page.selectOption("#who", "wang");
  for (let i = 0; i < 5; i++) {
    await page.fill("#pin", "000000");
    await page.click("main button.main");
    await page.locator(".notice.bad").waitFor();
    await page.waitForFunction(() => document.querySelector("#pin").value === "");
  }
  await page.fill("#pin", "749203");
  await page.click("main button.main");
  await sees(page, /输错次数过多，请在 \d+ 秒后再试/);
  check((await page.evaluate(() => sessionStorage.getItem("fengsui.token"))) === null, "logged in all the same");

  // after a restart the brake by address is new, the counter of the key is not
  await village.stop();
  await village.start();
  await page.reload();
  await page.selectOption("#who", "wang");
  await page.fill("#pin", "749203");
  await page.click("main button.main");
  await sees(page, /输错次数过多/);
  // another officer is not kept out
  await logIn(page, "li");
  await sees(page, "李村长");
  await show(page, "/hazards");
  check(!(await page.locator("#pin").isVisible()), "not let in");

  // logging out takes what the page could read
  await page.click("header .bar button.plain");
  await page.locator("#pin").waitFor();
  check((await page.evaluate(() => sessionStorage.length)) === 0, "the token is kept");
});
