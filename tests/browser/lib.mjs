// Shared by the browser tests: a street and a village node on loopback whose data the command line
// makes, and pages of them in headless Chromium. Everything lives in a directory that is removed at
// the end; every wait is bounded; what a page logs as an error fails the test.
import { execFileSync, spawn } from "node:child_process";
import { createRequire } from "node:module";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const require = createRequire(path.join(process.env.FS_MODULES, "package.json"));
const { chromium } = require("playwright-core");
const program = process.argv[2];

export const STREET = "500118003";
export const VILLAGE = "500118003206";
export const GROUP = "500118003206001";
export const OTHER = "500118003205";
export const PIN = "749203";
export const PHONE = { width: 360, height: 640 };
export const DESK = { width: 1366, height: 768 };
const WAIT_MS = 20000;

const undo = []; // what is to be ended, last first
let work;

export function check(truth, what) {
  if (!truth) throw new Error(what);
}

export async function until(what, test, ms = WAIT_MS) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await test();
    if (value) return value;
    if (Date.now() > end) throw new Error("not within " + ms + " ms: " + what);
    await new Promise((r) => setTimeout(r, 50));
  }
}

export const directory = () => work;

// A node's data directory and, while it runs, its process. The ports are kept over restarts, as they
// are in the field.
export class Node {
  constructor(name) {
    this.name = name;
    this.dir = path.join(work, name);
    this.listen = "127.0.0.1:0";
    this.http = "127.0.0.1:0";
    this.process = null;
  }
  // The program's standard output; an exit code other than 0 is an error.
  run(...args) {
    return execFileSync(program, ["--data", this.dir, ...args],
      { encoding: "utf8", timeout: 60000, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, LANG: "en" } }).trim();
  }
  json(...args) {
    return this.run("--json", ...args).split("\n").filter(Boolean).map((l) => JSON.parse(l));
  }
  pinFile(pin = PIN) {
    const file = path.join(work, "pin");
    fs.writeFileSync(file, pin + "\n", { mode: 0o600 });
    return file;
  }
  // An officer: a key sealed by PIN (none: not sealed), certified for the grid.
  officer(key, name, role, grid, pin = PIN, as = []) {
    const file = this.pinFile(pin);
    this.run("key", "new", key, "--pin-file", file);
    this.run("cert", "issue", "--key", key, "--name", name, "--role", role, "--grid", grid, "--pin-file", file, ...as);
  }
  log() {
    return fs.readFileSync(path.join(work, this.name + ".log"), "utf8");
  }
  spawn(...more) {
    const log = fs.openSync(path.join(work, this.name + ".log"), "w");
    const child = spawn(program, ["--data", this.dir, "run", "--listen", this.listen, "--http", this.http, ...more],
      { stdio: ["ignore", log, log], env: { ...process.env, LANG: "en" } });
    fs.closeSync(log);
    this.process = child;
    this.ended = new Promise((r) => child.on("exit", r));
    undo.push(() => { if (this.process === child) child.kill("SIGKILL"); });
  }
  // Its terminal shows the pattern, and it still runs.
  async says(pattern) {
    await until(this.name + " says " + pattern, () => pattern.test(this.log()) || this.process.exitCode !== null);
    check(this.process.exitCode === null, this.name + " ended: " + this.log());
    return pattern.exec(this.log());
  }
  async serves() {
    this.http = (await this.says(/^page http:\/\/(.*)\/$/m))[1];
    this.listen = /^listening on (.*)$/m.exec(this.log())[1];
    this.url = "http://" + this.http + "/";
  }
  async start() {
    this.spawn();
    await this.serves();
  }
  // The page of the first run, before there is a node.
  async startSetup() {
    this.spawn("--setup");
    const said = await this.says(/^http:\/\/(.*)\/#\/setup\/([0-9a-f]+)$/m);
    this.url = "http://" + said[1] + "/";
    this.setupCode = said[2];
  }
  async stop(signal = "SIGTERM") {
    this.process.kill(signal);
    await this.ended;
    this.process = null;
  }
}

const CHINESE = {
  space: "南大街街道", grids: ["代家店村", "黄瓜山村", "第1组"], node: "黄瓜山村节点", chen: "陈街道", wang: "王网格", li: "李村长", zhao: "赵组长",
};
const LATIN = {
  space: "South Street", grids: ["Daijiadian", "Huangguashan", "Group 1"], node: "Huangguashan node", chen: "Chen", wang: "Wang", li: "Li", zhao: "Zhao",
};

// A street and its village, both running and equal. Officers of the village, PIN 749203: wang (officer),
// li (village), zhao (officer of one group); of the street: chen. latin: no Chinese in the data, so that
// what is Chinese on a page is the page's.
export async function streetAndVillage({ latin = false } = {}) {
  const street = new Node("street"), village = new Node("village"), is = latin ? LATIN : CHINESE;
  fs.writeFileSync(path.join(work, "grids.csv"), "code,name,synthetic\n" +
    [OTHER, VILLAGE, GROUP].map((g, i) => g + "," + is.grids[i] + "," + (i === 2 ? 1 : 0) + "\n").join(""));
  street.run("init", "--name", is.space, "--street", STREET, "--grids", path.join(work, "grids.csv"));
  street.run("import", "grids", path.join(work, "grids.csv"));
  street.officer("chen", is.chen, "street", STREET, PIN, ["--as", "root"]);
  await street.start();
  const invite = path.join(work, "invite");
  street.run("invite", "--grid", VILLAGE, "--addr", street.listen, "--file", invite);
  village.run("join", invite, "--name", is.node);
  village.officer("wang", is.wang, "officer", VILLAGE);
  village.officer("li", is.li, "village", VILLAGE);
  village.officer("zhao", is.zhao, "officer", GROUP);
  await village.start();
  village.run("sync", "--timeout", "20s");
  return { street, village };
}

// ---- pages ----

let browser;
const faults = [];

// A context of its own: other storage, other session.
export async function visitor({ size = DESK, lang = "zh" } = {}) {
  if (!browser) {
    browser = await chromium.launch({
      executablePath: process.env.FS_CHROMIUM, headless: true, chromiumSandbox: false, timeout: 60000,
      args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server",
        "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
    undo.push(() => browser.close());
  }
  const context = await browser.newContext({ viewport: size });
  context.setDefaultTimeout(WAIT_MS);
  await context.addInitScript((l) => { if (!localStorage.getItem("fengsui.lang")) localStorage.setItem("fengsui.lang", l); }, lang);
  return context;
}

// expect: faults that this page may report, as a pattern (a node that is killed is in its console).
export async function open(context, node, to = "/", allowed = null) {
  const page = await context.newPage();
  const fault = (text) => { if (!allowed || !allowed.test(text)) faults.push(text); };
  page.on("pageerror", (e) => fault("page: " + e.message));
  page.on("console", (m) => { if (m.type() === "error") fault("console: " + m.text() + " " + m.location().url); });
  page.on("request", (r) => {
    if (!/^(data|blob):/.test(r.url()) && r.url().indexOf(node.url) !== 0) faults.push("asks elsewhere: " + r.url());
  });
  await page.goto(node.url + "#" + to);
  await page.locator("main h1").waitFor();
  return page;
}

export async function logIn(page, key, pin = PIN) {
  await page.selectOption("#who", key);
  await page.fill("#pin", pin);
  await page.click("main button.main");
  await page.locator("header .bar button.plain").waitFor();
}

export async function show(page, to) {
  await page.evaluate((h) => { location.hash = h; }, to);
  await settled(page);
}

// The screen has what it reads from the node. (The network is never idle: the event stream.)
export async function settled(page) {
  await page.locator("main h1").waitFor();
  await page.waitForFunction(() => !document.querySelector("main [aria-live=polite]"));
}

export async function sees(page, text) {
  await page.getByText(text).first().waitFor();
}

// Every screen, as an address. data: what everything() made.
export const screens = (data) => ["/", "/hazards", "/hazards?state=closed", "/hazard/" + data.open, "/hazard/" + data.closed,
  "/hazard/" + data.blocked, "/report", "/notices", "/grids", "/grids?grid=" + VILLAGE, "/records", "/records/visit", "/records/place",
  "/records/visit?add=1", "/records/place?add=1", "/records/appointment?add=1", "/analysis", "/more", "/sync", "/held", "/settings"];

// One of each that a screen can show: hazards of several states, records, an entry that is held. text
// and name go into the data.
export async function everything({ street, village }, text, name) {
  const pin = ["--pin-file", village.pinFile()];
  const report = (code, ...more) => village.run("hazard", "report", "--grid", VILLAGE, "--code", code, "--text", text, "--as", "wang", ...pin, ...more);
  const data = { open: report("A01"), blocked: report("B01"), closed: report("C01"), late: report("E02"), urgent: report("G02") };
  for (const id of [data.blocked, data.closed]) {
    village.run("hazard", "assign", id, "--assignee", name);
    village.run("hazard", "fix", id, "--text", text, "--as", "wang", ...pin);
  }
  village.run("hazard", "pass", data.blocked, "--text", text, "--as", "wang", ...pin);
  village.run("hazard", "pass", data.closed, "--text", text);
  village.run("hazard", "deadline", data.late, "--deadline", "2026-01-02");
  village.run("hazard", "emergency", data.urgent, "--text", text, "--as", "wang", ...pin);
  village.run("record", "add", "visit", "--as", "wang", ...pin, "--grid", VILLAGE, "--when", "2026-03-01", "--text", text);
  village.run("record", "add", "place", "--as", "wang", ...pin, "--grid", VILLAGE, "--name", name, "--kind", "shop");
  street.run("record", "add", "notice", "--name", name, "--text", text, "--level", "yellow");
  village.run("sync", "--timeout", "20s");
  village.run("record", "add", "notice-receipt", "--as", "wang", ...pin, "--grid", VILLAGE, "--receipt", "read", "--notice", village.json("list", "notices")[0].id);
  // of a key that is lost: held, and the report among it shown as unverified
  village.officer("qian", name + " 2", "officer", VILLAGE);
  village.run("hazard", "report", "--grid", VILLAGE, "--code", "F01", "--text", text, "--as", "qian", ...pin);
  village.run("person", "lost", name + " 2", "--since", "2020-01-01", "--yes");
  village.run("sync", "--timeout", "20s");
  return data;
}

// Opens what a screen shows only when asked: forms of acts, of records, "more".
export async function unfold(page) {
  await page.evaluate(() => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
}

// ---- what every screen must keep ----

const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const shots = process.env.FS_SHOTS; // a directory: keeps a picture of each screen there

// axe-core finds nothing serious, and nothing is wider than the screen.
export async function accessible(page, what) {
  if (shots) await page.screenshot({ path: path.join(shots, what.replace(/[^\w-]+/g, "_") + ".png"), fullPage: true });
  await page.evaluate(axe); // by the protocol, since the page's own rules allow no script from elsewhere
  const found = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ["violations"] })).violations
    .filter((v) => v.impact === "serious" || v.impact === "critical")
    .map((v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" ")));
  check(found.length === 0, what + "\n" + found.join("\n"));
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  check(wide <= 0, what + " is " + wide + " pixels wider than the screen");
}

const SAME = /简体中文|English/g; // what a language is called, in itself

// No Chinese on an English page, no English word on a Chinese one; also in what is read out. data: a
// pattern of words of the data.
export async function translated(page, lang, what, data) {
  const words = await page.evaluate(() => {
    const out = [document.title];
    const all = document.createTreeWalker(document.body, NodeFilter.SHOW_ALL);
    for (let n = all.nextNode(); n; n = all.nextNode()) {
      if (n.nodeType === Node.TEXT_NODE && n.parentElement.tagName !== "NOSCRIPT" && n.parentElement.tagName !== "SCRIPT") out.push(n.nodeValue);
      if (n.nodeType === Node.ELEMENT_NODE)
        for (const a of ["placeholder", "aria-label", "title", "alt"]) if (n.getAttribute(a)) out.push(n.getAttribute(a));
    }
    return out;
  });
  const left = words.filter((w) => (lang === "en"
    ? /[\u2e80-\u9fff\uff00-\uffef]/.test(w.replace(SAME, ""))
    : /[A-Za-z]{2,}/.test(w.replace(SAME, "").replace(data, "").replace(/\b[0-9a-f]{8,}\b/g, ""))));
  check(left.length === 0, lang + " " + what + ": " + [...new Set(left)].join(" | "));
}

// Runs the test and ends with its exit code.
export async function scenario(test) {
  work = fs.mkdtempSync(path.join(os.tmpdir(), "fengsui-browser."));
  let code = 0;
  try {
    await test();
    check(faults.length === 0, "faults of the page:\n" + faults.join("\n"));
    console.log("passed");
  } catch (e) {
    code = 1;
    console.error("FAILED: " + (e.stack || e));
    faults.forEach((f) => console.error(f));
    for (const f of fs.readdirSync(work).filter((n) => n.endsWith(".log")))
      console.error("--- " + f + "\n" + fs.readFileSync(path.join(work, f), "utf8").split("\n").slice(-20).join("\n"));
  }
  for (const f of undo.reverse()) await Promise.resolve(f()).catch(() => 0);
  if (process.env.FS_KEEP_TMP) console.log("kept: " + work);
  else fs.rmSync(work, { recursive: true, force: true, maxRetries: 5 });
  process.exit(code);
}
