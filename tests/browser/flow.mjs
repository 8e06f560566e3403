// A hazard's way through the page: report, accept, assign, fix, re-check by a second person, close;
// and that the re-check of who fixed it closes nothing, with the reason in words.
import { check, logIn, open, PHONE, scenario, sees, streetAndVillage, until, VILLAGE, visitor } from "./lib.mjs";

async function act(page, name, fields = {}) {
  await page.getByRole("button", { name, exact: true }).click();
  for (const f of Object.keys(fields)) await page.fill("form.act #f-" + f, fields[f]);
  await page.click("form.act button.main");
  await page.locator("form.act").waitFor({ state: "detached" });
}
const step = (page, name) => page.locator(".steps li.at").getByText(name, { exact: true }).waitFor();

await scenario(async () => {
  const { street, village } = await streetAndVillage();
  village.officer("sun", "孙主任", "village,officer", VILLAGE);
  const id = village.run("hazard", "report", "--grid", VILLAGE, "--code", "B01", "--text", "灭火器失效",
    "--as", "wang", "--pin-file", village.pinFile());
  const state = () => village.json("show", id)[0].state;

  const sun = await open(await visitor(), village);
  await logIn(sun, "sun");
  await sun.getByText("灭火器失效").first().click();
  await step(sun, "上报");
  await act(sun, "受理");
  await step(sun, "受理");
  await sun.getByRole("button", { name: "交办", exact: true }).click();
  await sun.click("form.act button.main");
  await sees(sun, "承办人：必填");
  await sun.fill("form.act #f-assignee", "孙主任");
  await sun.click("form.act button.main");
  await sun.locator("form.act").waitFor({ state: "detached" });
  await step(sun, "交办");
  await act(sun, "整改完成申报", { text: "已更换灭火器" });
  await step(sun, "复查");

  // the same person cannot close it
  await act(sun, "复查通过", { text: "看过了" });
  await sees(sun, "尚不能销案的原因");
  await sees(sun, "须由另一人复查");
  check(state() === "fix-claimed", "closed by one person: " + state());

  // an officer without a role for it is not offered what would not count
  const wang = await open(await visitor({ size: PHONE }), village, "/hazard/" + id);
  await logIn(wang, "wang");
  await wang.evaluate((i) => { location.hash = "/hazard/" + i; }, id);
  await wang.locator(".acts button").first().waitFor();
  const offered = await wang.locator(".acts button").allTextContents();
  check(offered.indexOf("复查不通过") >= 0 && offered.indexOf("交办") < 0, "offered: " + offered.join());

  // the second person fails it once, then passes it
  const li = await open(await visitor({ size: PHONE }), village, "/hazard/" + id);
  await logIn(li, "li");
  await li.evaluate((i) => { location.hash = "/hazard/" + i; }, id);
  await act(li, "复查不通过", { text: "压力不足" });
  await sees(sun, "压力不足"); // live, on the page of the other
  await act(sun, "整改完成申报", { text: "已换新" });
  await li.getByRole("button", { name: "复查通过", exact: true }).waitFor();
  await act(li, "复查通过", { text: "压力正常" });
  await step(li, "销案");
  check(state() === "closed", "not closed: " + state());
  await step(sun, "销案");

  // the street has it closed as well, with who did what
  await until("the street has it closed", () => street.json("show", id)[0].state === "closed");
  const signers = street.json("show", id)[0].history.map((e) => e.record + " " + e.signer);
  check(signers.indexOf("hazard-pass 李村长") >= 0 && signers.indexOf("hazard-fix 孙主任") >= 0, signers.join("; "));
});
