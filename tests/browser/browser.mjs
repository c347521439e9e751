// Starts a simulator, a bridge with one web till and one keyless till, and two web sites; sends a headless Chromium to
// each site; prints what the pages tried and what the bridge answered; and compares that with the provider's books.
//
//   node browser.mjs PROGRAM CHROMIUM [SCREENSHOT]

import { spawn, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRecorder } from "./recorder.mjs";
import { openSite } from "./site.mjs";

const [program, chromium, screenshot] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "pos-bridge-browser-"));
const children = [];
const PATIENCE = 60_000;

function start(...command) {
  const child = spawn(program, command, { stdio: ["ignore", "ignore", "inherit"] });
  children.push(child);
}

async function freePort() {
  const server = http.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Not `fetch`, which marks its requests as a browser's. */
function get(url) {
  return new Promise((resolve, reject) => {
    const request = http.get(url, (answer) => {
      let body = "";
      answer.on("data", (piece) => (body += piece));
      answer.on("end", () => resolve({ status: answer.statusCode, body }));
    });
    request.on("error", reject);
  });
}

async function ready(url) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const answer = await get(url).catch(() => undefined);
    if (answer?.status === 200) return;
    if (Date.now() > deadline) throw new Error(`${url} does not get ready`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function configuration({ bridge, simulator, allowedOrigin }) {
  const demo = readFileSync(new URL("../../config/demo.toml", import.meta.url), "utf8");
  return demo
    .replace("127.0.0.1:7117\"", `127.0.0.1:${bridge}"\nallowed_hosts = ["bridge.localhost"]\nallowed_origins = ["${allowedOrigin}"]`)
    .replaceAll("127.0.0.1:7119", `127.0.0.1:${simulator}`)
    .replace("sqlite://data/demo.db", `sqlite://${join(folder, "demo.db")}`)
    .replace('level = "warn"', 'level = "error"');
}

/** Opens a page and returns when it has finished, which it tells by an image that comes last. */
function browse(url, recorderPort, picture) {
  const browser = spawn(chromium, [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=900,520",
    // The hostile name goes where the name's owner wants it; *.localhost goes there without a proxy.
    `--proxy-server=127.0.0.1:${recorderPort}`,
    `--user-data-dir=${mkdtempSync(join(folder, "profile-"))}`,
    `--screenshot=${picture}`,
    url,
  ], { stdio: "ignore" });
  children.push(browser);
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${url} does not finish`)), PATIENCE);
    browser.once("error", reject);
    browser.once("exit", () => {
      clearTimeout(late);
      resolve();
    });
  });
}

function show(title, site, recorder) {
  console.log(`\n${title}`);
  for (const { label, outcome } of site.attempts) {
    const answers = recorder.answersTo(label).map(({ method, path, status }) => `${method} ${path} -> ${status}`);
    console.log(`  ${label.padEnd(46)} ${(answers.join(", ") || "never sent").padEnd(52)} page: ${outcome}`);
  }
}

async function main() {
  const [simulator, bridge] = [await freePort(), await freePort()];
  const recorder = await openRecorder(bridge);
  const address = `http://bridge.localhost:${recorder.port}`;
  const allowed = await openSite("allowed", recorder);
  const hostile = await openSite("hostile", recorder);

  const config = join(folder, "pos-bridge.toml");
  const allowedOrigin = `http://allowed.localhost:${allowed.port}`;
  writeFileSync(config, configuration({ bridge, simulator, allowedOrigin }), { mode: 0o600 });
  const added = execFileSync(program, ["--config", config, "till", "add", "web", "--terminal", "back", "--json"]);
  const { key } = JSON.parse(added);

  start("simulate", "--listen", `127.0.0.1:${simulator}`, "--speed", "100");
  await ready(`http://127.0.0.1:${simulator}/simulator/ledger`);
  start("serve", "--config", config);
  await ready(`http://127.0.0.1:${bridge}/ready`);

  allowed.knows({ bridge: address, key });
  // It even has the key, as a page might that a careless person gave it to.
  hostile.knows({ bridge: address, key, rebound: `http://evil.example:${recorder.port}` });
  recorder.serves("/rebound.html", hostile);
  await browse(`${allowedOrigin}/allowed.html`, recorder.port, screenshot || join(folder, "allowed.png"));
  await browse(`http://hostile.localhost:${hostile.port}/hostile.html`, recorder.port, join(folder, "hostile.png"));

  show("A page of an allowed origin", allowed, recorder);
  show("A page from anywhere else, and one whose name was pointed to the bridge", hostile, recorder);

  const ledger = JSON.parse((await get(`http://127.0.0.1:${simulator}/simulator/ledger`)).body);
  judge(allowed, hostile, recorder, ledger);
}

function judge(allowed, hostile, recorder, ledger) {
  const wrong = [];
  const paid = allowed.attempts.find(({ label }) => label === "pay with the key");
  if (!paid?.outcome.startsWith("200 approved")) wrong.push(`the allowed page did not pay: ${paid?.outcome}`);
  const keyless = allowed.attempts.find(({ label }) => label === "pay without a key");
  if (!keyless?.outcome.startsWith("403")) wrong.push(`a page paid by an address: ${keyless?.outcome}`);
  if (hostile.attempts.length < 20) wrong.push(`the hostile page tried only ${hostile.attempts.length} ways`);
  for (const { label } of hostile.attempts) {
    for (const { method, path, status } of recorder.answersTo(label)) {
      if (status !== 403) wrong.push(`${label}: ${method} ${path} was answered ${status}`);
    }
  }
  const sent = Object.values(ledger.create_requests).reduce((sum, count) => sum + count, 0);
  const captured = ledger.transactions.map((transaction) => transaction.captured);
  if (sent !== 1 || captured.length !== 1 || captured[0] !== 39900 || ledger.refunded !== 0) {
    wrong.push(`the provider's books: ${sent} payments begun, captured ${captured}, refunded ${ledger.refunded}`);
  }
  console.log(`\nThe provider's books: ${sent} payment begun, captured ${captured}, refunded ${ledger.refunded}`);
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
  console.log("The allowed page paid; the hostile one moved nothing.");
}

let failed = false;
try {
  await main();
} catch (error) {
  failed = true;
  console.error(`\n${error.message}`);
} finally {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? new Promise((resolve) => child.once("exit", resolve))));
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
process.exit(failed ? 1 : 0);
