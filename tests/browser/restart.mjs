// A page that is left open while the node restarts says that it cannot be reached, recovers by itself,
// asks for the PIN again (sessions do not outlive the node) and is live as before.
import { check, GROUP, logIn, open, scenario, sees, show, streetAndVillage, visitor } from "./lib.mjs";

await scenario(async () => {
  const { village } = await streetAndVillage();
  const page = await open(await visitor(), village, "/",
    /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE|ERR_CONNECTION_RESET|ERR_EMPTY|status of 401/);
  await logIn(page, "li");
  await show(page, "/hazards");
  await page.getByText("没有符合条件的记录").waitFor();

  await village.stop("SIGKILL");
  await sees(page, /连不上本机节点/);
  await village.start();
  await page.locator("#pin").waitFor({ timeout: 40000 });
  check((await page.getByText(/连不上本机节点/).count()) === 0, "still says that the node is away");
  await logIn(page, "li");
  await show(page, "/hazards");
  await page.getByText("没有符合条件的记录").waitFor();
  await page.evaluate(() => { for (let i = 0; i < 10000; i++) clearInterval(i); });
  village.run("hazard", "report", "--grid", GROUP, "--code", "A01", "--text", "重启之后", "--as", "wang",
    "--pin-file", village.pinFile());
  await sees(page, "重启之后");
});
