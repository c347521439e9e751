// A web site: its pages, what they need to know, and what they report.

import { readFileSync } from "node:fs";
import http from "node:http";

const TYPES = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8" };
const PIXEL = Buffer.from("R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==", "base64");
/** How long a request may take to reach the bridge before it counts as never sent. */
const NEVER = 2_000;

export async function openSite(name, recorder) {
  const attempts = [];
  const unfinished = [];
  let known = {};
  let finished = false;

  async function handle(path, request, response) {
    const reply = (type, body) => response.writeHead(200, { "Content-Type": type, "Cache-Control": "no-store" }).end(body);
    if (path === "/site/known") return reply("application/json", JSON.stringify(known));
    if (path === "/site/finished.gif") {
      const send = () => reply("image/gif", PIXEL);
      return finished ? send() : unfinished.push(send);
    }
    if (path.startsWith("/site/")) {
      let body = "";
      for await (const piece of request) body += piece;
      await take(path.slice("/site/".length), JSON.parse(body));
      return reply("application/json", "{}");
    }
    const file = path.slice(1);
    if (!/^[a-z]+\.(html|js)$/.test(file)) return response.writeHead(404).end();
    return reply(TYPES[file.split(".")[1]], readFileSync(new URL(file, import.meta.url)));
  }

  async function take(what, { label, outcome }) {
    if (what === "begin") recorder.begin(label);
    if (what === "answered") await recorder.answered(label, NEVER);
    if (what === "end") attempts.push({ label, outcome });
    if (what === "finish") {
      finished = true;
      for (const send of unfinished.splice(0)) send();
    }
  }

  const server = http.createServer((request, response) => handle(new URL(request.url, "http://site").pathname, request, response));
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return { name, port: server.address().port, attempts, handle, knows: (facts) => (known = facts) };
}
