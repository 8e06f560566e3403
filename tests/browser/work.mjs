// The day's work on the page: the to-do says what waits and for what, a notice is read and the street sees
// by whom, a visit is recorded (and survives a reload half way), the diagram and the numbers lead to what
// they count.
import { check, everything, GROUP, logIn, open, PHONE, scenario, sees, show, streetAndVillage, visitor } from "./lib.mjs";

await scenario(async () => {
  const nodes = await streetAndVillage(), { street, village } = nodes;
  const data = await everything(nodes, "三楼楼道", "南街小卖部");
  village.run("hazard", "report", "--grid", GROUP, "--code", "D01", "--text", "组里的", "--as", "wang", "--pin-file", village.pinFile());
  const page = await open(await visitor({ size: PHONE }), village);
  await logIn(page, "li");
  await show(page, "/");

  // each hazard under what it waits for, once
  const under = await page.evaluate(() => [...document.querySelectorAll("main section")].map((s) => [s.querySelector("h2").textContent,
    [...s.querySelectorAll("li.line a")].map((a) => a.getAttribute("href").slice(9))]));
  const of = (title) => (under.find((u) => u[0].indexOf(title) === 0) ?? ["", []])[1];
  check(of("紧急").join() === data.urgent, "emergencies: " + JSON.stringify(under));
  check(of("超期").join() === data.late, "overdue: " + JSON.stringify(under));
  check(of("待复查").join() === data.blocked, "to be checked: " + JSON.stringify(under));
  check(of("待受理").indexOf(data.open) >= 0 && of("待受理").indexOf(data.urgent) < 0, "to be accepted: " + JSON.stringify(under));

  // a notice: read here, seen at the street
  await show(page, "/notices"); // wang has answered for the village, nobody for the group
  await sees(page, "回执 1 份");
  check((await page.getByRole("button", { name: "已阅" }).count()) === 0, "asked to answer twice");
  const group = await open(await visitor({ size: PHONE }), village);
  await logIn(group, "zhao");
  await show(group, "/notices");
  await group.getByRole("button", { name: "已阅" }).click();
  await group.getByRole("button", { name: "已阅" }).waitFor({ state: "detached" });
  await sees(page, "回执 2 份");
  const office = await open(await visitor(), street);
  await logIn(office, "chen");
  await show(office, "/notices");
  await office.getByText("回执 2 份").click();
  await sees(office, /黄瓜山村 已阅/);
  await sees(office, /代家店村/); // has not answered

  // a visit, with a reload before it is saved
  await show(page, "/records/visit");
  await page.getByRole("link", { name: "登记" }).click();
  await page.fill("#f-text", "查看了三户");
  await page.selectOption("#f-grid", GROUP);
  await page.waitForTimeout(300); // IndexedDB
  await page.reload();
  await page.locator("#f-text").waitFor();
  check((await page.inputValue("#f-text")) === "查看了三户", "the visit is lost by a reload");
  await page.click("form.act button.main");
  await sees(page, "已保存在「黄瓜山村节点」");
  await page.locator("td", { hasText: "查看了三户" }).waitFor();
  const visits = village.json("list", "visits");
  check(visits.some((v) => v.text === "查看了三户"), "not written: " + JSON.stringify(visits));

  // a cell of the diagram, and a number of the analysis
  await show(page, "/grids");
  await page.locator(".map a[aria-label^='第1组']").click();
  await sees(page, "组里的");
  check((await page.locator("ul.lines > li").count()) === 1, "the cell leads to more than its grid");
  await show(page, "/analysis");
  const open_ = village.json("list", "hazards", "--state", "open", "--limit", "0").length;
  await page.locator(".bars a[href='#/hazards?state=fix-claimed']", { hasText: /^1$/ }).waitFor();
  await page.locator(".bars li", { hasText: "黄瓜山村" }).locator("a", { hasText: new RegExp("^" + open_ + " ") }).waitFor();
});
