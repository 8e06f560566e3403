// The first run: a street is begun, a village joins it by invitation, another by files without a network,
// and a backup is restored, each on the page alone; without the code of the terminal nothing can be made,
// and afterwards each is a node like any other.
import * as fs from "node:fs";
import * as path from "node:path";
import { accessible, check, directory, logIn, Node, open, OTHER, PHONE, PIN, scenario, sees, STREET, translated, until, VILLAGE, visitor } from "./lib.mjs";

// Begins a first run and opens its page with the code of the terminal.
async function first(node, options) {
  await node.startSetup();
  return open(await visitor(options), node, "/setup/" + node.setupCode, /status of (4|503)|ERR_CONNECTION|ERR_EMPTY|ERR_INCOMPLETE/);
}

async function officer(page, name) {
  await sees(page, "第一位使用者");
  await page.fill("#s-officer", name);
  await page.fill("#s-pin", PIN);
  await page.fill("#s-again", "111111");
  await page.click("form.act button.main");
  await sees(page, "两次输入的 PIN 码不一样");
  await page.fill("#s-again", PIN);
  await page.click("form.act button.main");
  await page.locator("#who").waitFor({ timeout: 30000 });
  await logIn(page, name);
}

async function report(page, grid, text) {
  await page.click("header nav a.first");
  await page.fill("#f-code", "A01");
  await page.locator(".codes label").first().click();
  await page.selectOption("#f-grid", grid);
  await page.fill("#f-text", text);
  await page.click("main button.main");
  await page.waitForFunction(() => location.hash.indexOf("#/hazard/") === 0);
}

await scenario(async () => {
  const street = new Node("street");
  let page = await first(street, { size: PHONE });

  // every way of both languages
  for (const lang of ["en", "zh"]) {
    await page.getByText(lang === "en" ? "English" : "简体中文").click();
    for (let i = 0; i < 4; i++) {
      await page.locator(".ways label").nth(i).click();
      await translated(page, lang, "way " + i, /PIN|USB|backup|media|usb|fengsui|fs1/g);
      await accessible(page, "setup " + lang + " " + i);
    }
  }

  // a wrong code makes nothing
  await page.fill("#s-code", "00000000000000000000");
  await page.getByText("新建一个街道").click();
  await page.fill("#s-name", "南大街街道");
  await page.fill("#s-street", STREET);
  await page.fill("#s-grids", VILLAGE + ",黄瓜山村\n" + OTHER + ",代家店村");
  await page.click("form.act button.main");
  await sees(page, "设置码不对");
  check(!fs.existsSync(path.join(street.dir, "fengsui.db")), "made without the code");

  // what is wrong is said, and what was typed stays
  await page.fill("#s-code", street.setupCode);
  await page.fill("#s-street", "123");
  await page.click("form.act button.main");
  await page.locator(".notice.bad").waitFor();
  check((await page.inputValue("#s-name")) === "南大街街道", "what was typed is lost");
  await page.fill("#s-street", STREET);
  await page.click("form.act button.main");
  await officer(page, "陈街道");
  await street.serves();
  check(street.json("grid", "list").length >= 3, "the villages are missing");

  // by invitation
  const invite = street.run("invite", "--grid", VILLAGE, "--addr", street.listen);
  const village = new Node("village");
  page = await first(village);
  await page.getByText("有邀请码").click();
  await page.fill("#s-invite", "fs1-nonsense");
  await page.fill("#s-name", "黄瓜山村节点");
  await page.click("form.act button.main");
  await page.locator(".notice.bad").waitFor();
  await page.fill("#s-invite", invite);
  await page.click("form.act button.main");
  await officer(page, "李村长");
  await report(page, VILLAGE, "由邀请加入之后");
  await until("the street has it", () => street.json("list", "hazards").some((h) => h.text === "由邀请加入之后"));

  // by files, with no network between them
  const other = new Node("other");
  page = await first(other);
  await page.getByText("没有网络").click();
  await page.fill("#s-name", "代家店村节点");
  await page.fill("#s-grid", OTHER);
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("form.act button.main").first().click()]);
  const request = path.join(directory(), "request"), answer = path.join(directory(), "answer");
  await download.saveAs(request);
  const print = await page.locator(".print").textContent();
  check(/^(\d{5} ){5}\d{5}$/.test(print), "no fingerprint: " + print);
  street.run("invite", "answer", request, "--out", answer, "--yes");
  await page.setInputFiles("#s-answer", answer);
  await page.getByRole("button", { name: "查看答复" }).click();
  await sees(page, /代家店村节点/);
  await page.getByRole("button", { name: "核对无误，加入" }).click();
  await officer(page, "周村长");
  await report(page, OTHER, "由文件加入之后");

  // a backup of it, restored elsewhere
  await other.serves();
  await other.stop();
  fs.writeFileSync(path.join(directory(), "phrase"), "correct horse battery\n", { mode: 0o600 });
  other.run("backup", "create", path.join(directory(), "backup"), "--passphrase-file", path.join(directory(), "phrase"));
  const again = new Node("again");
  page = await first(again);
  await page.getByText("由备份恢复").click();
  await page.fill("#s-file", path.join(directory(), "backup"));
  await page.fill("#s-phrase", "wrong");
  await page.click("form.act button.main");
  await page.locator(".notice.bad").waitFor();
  await page.fill("#s-phrase", "correct horse battery");
  await page.click("form.act button.main");
  await page.locator("#who").waitFor({ timeout: 30000 });
  await logIn(page, "周村长");
  await page.evaluate(() => { location.hash = "/hazards"; });
  await sees(page, "由文件加入之后");
});
