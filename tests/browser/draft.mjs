// What somebody typed survives reload, log-out and a node that is killed, and is sent when the node is
// back; nothing is called saved before.
import { check, GROUP, logIn, open, PHONE, scenario, sees, show, streetAndVillage, until, visitor } from "./lib.mjs";

await scenario(async () => {
  const { village } = await streetAndVillage();
  const context = await visitor({ size: PHONE });
  const page = await open(context, village, "/", /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE|ERR_CONNECTION_RESET|ERR_EMPTY|status of 401/);
  const reports = () => village.json("list", "hazards", "--state", "all").length;
  await logIn(page, "wang");

  await show(page, "/report");
  await page.fill("#f-code", "A01");
  await page.locator(".codes label").first().click();
  await page.selectOption("#f-grid", GROUP);
  await page.fill("#f-text", "安全出口上锁");
  await sees(page, "草稿已存在本浏览器，尚未上报");

  // reload: counted, opened, whole
  await page.reload();
  await page.locator("#f-text").waitFor();
  check(await page.inputValue("#f-text") === "安全出口上锁", "not the draft after a reload");
  await show(page, "/");
  await sees(page, "草稿 1 份");
  await page.getByText("继续填写").click();
  await page.locator("#f-text").waitFor();
  check(await page.inputValue("#f-text") === "安全出口上锁" && await page.inputValue("#f-grid") === GROUP, "lost by a reload");

  // log-out, and another tab later
  await page.click("header .bar button.plain");
  await page.locator("#pin").waitFor();
  await sees(page, "草稿 1 份");
  await logIn(page, "wang"); // comes back to the form
  await page.locator("#f-text").waitFor();

  // the node dies under it
  await village.stop("SIGKILL");
  await page.fill("#f-text", "安全出口上锁，二楼");
  await page.click("main button.main");
  await sees(page, /没有保存/);
  await sees(page, /连不上本机节点/);
  await page.close();
  await village.start();
  check(reports() === 0, "something was written");

  // back: the draft is there, goes out, and is then gone
  const again = await open(context, village, "/", /status of 401/);
  await sees(again, "草稿 1 份");
  await logIn(again, "wang");
  await again.getByText("继续填写").click();
  await again.locator("#f-text").waitFor();
  check(await again.inputValue("#f-text") === "安全出口上锁，二楼", "lost by the node's death");
  await again.click("main button.main");
  await sees(again, "已保存在「黄瓜山村节点」");
  await until("the draft is gone", async () => (await again.getByText("草稿 1 份").count()) === 0);
  check(reports() === 1, "not one report: " + reports());
  await again.close();
  await village.stop("SIGKILL");
  await village.start();
  check(reports() === 1, "a report that was called saved is lost");
});
