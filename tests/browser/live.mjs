// What one page writes appears on the pages of others by itself: at the same node, and at the street.
import { check, GROUP, logIn, open, scenario, show, streetAndVillage, visitor } from "./lib.mjs";

await scenario(async () => {
  const { street, village } = await streetAndVillage();
  const writer = await open(await visitor(), village), reader = await open(await visitor(), village);
  const office = await open(await visitor(), street);
  await logIn(writer, "wang");
  await logIn(reader, "li");
  await logIn(office, "chen");
  for (const p of [reader, office]) {
    await show(p, "/hazards");
    await p.getByText("没有符合条件的记录").waitFor();
    // the poll beside the stream would hide that the stream is dead: it is stopped here
    await p.evaluate(() => { for (let i = 0; i < 10000; i++) clearInterval(i); });
  }
  await writer.evaluate(async (grid) => {
    const r = await fetch("/api/v1/hazards", {
      method: "POST", body: JSON.stringify({ grid, code: "D03", text: "液化气瓶放在卧室" }),
      headers: { "Content-Type": "application/json", "X-Fengsui": "zh", Authorization: "Bearer " + sessionStorage.getItem("fengsui.token") },
    });
    if (!r.ok) throw new Error(await r.text());
  }, GROUP);
  await reader.getByText("液化气瓶放在卧室").waitFor({ timeout: 10000 });
  await office.getByText("液化气瓶放在卧室").waitFor({ timeout: 10000 });
  check(await office.evaluate(() => !document.querySelector(".notice.bad")), "the page shows a fault");
});
