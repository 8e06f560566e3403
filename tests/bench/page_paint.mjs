// First paint and first rows of the page with the processor slowed six times, for page.sh: medians of
// seven loads with an empty cache.
import { createRequire } from "node:module";
import * as path from "node:path";

const [base, pin] = process.argv.slice(2);
const { chromium } = createRequire(path.join(process.env.FS_MODULES, "package.json"))("playwright-core");
const browser = await chromium.launch({ executablePath: process.env.FS_CHROMIUM ?? "/usr/bin/chromium", chromiumSandbox: false,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server", "--disable-background-networking"] });
const page = await browser.newPage({ viewport: { width: 360, height: 640 } });
const cdp = await page.context().newCDPSession(page);

await page.goto(base + "/");
await page.selectOption("#who", "chen");
await page.fill("#pin", pin);
await page.click("main button.main");
await page.locator(".tiles").waitFor();
await cdp.send("Emulation.setCPUThrottlingRate", { rate: 6 });
await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
await cdp.send("Network.setCacheDisabled", { cacheDisabled: true });
for (const [name, to, ready] of [["to-do", "#/", "ul.lines li, main p"], ["ledger", "#/hazards", "ul.lines li"], ["three levels", "#/grids", ".map svg"]]) {
  const runs = [];
  for (let i = 0; i < 7; i++) {
    await page.goto("about:blank");
    await page.goto(base + "/" + to);
    await page.locator(ready).first().waitFor();
    runs.push(await page.evaluate(() => [performance.getEntriesByName("first-contentful-paint")[0].startTime, performance.now()]));
  }
  // on a machine that others use as well: what the page's own thread works, without the slowing
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: 1 });
  await page.goto("about:blank");
  const busy = async () => (await cdp.send("Performance.getMetrics")).metrics.find((m) => m.name === "TaskDuration").value * 1000;
  const before = await busy();
  await page.goto(base + "/" + to);
  await page.locator(ready).first().waitFor();
  const work = (await busy()) - before;
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: 6 });
  const median = (k) => runs.map((r) => r[k]).sort((a, b) => a - b)[3];
  console.log(`${name}: first paint ${Math.round(median(0))} ms, rows there by ${Math.round(median(1))} ms (360x640, 6 x slower processor); ` +
    `work of its thread until then ${Math.round(work)} ms, six times that ${Math.round(6 * work)} ms`);
}
await browser.close();
