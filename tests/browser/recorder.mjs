// Stands between the browser and the bridge, passes every request on as it came, and notes what the bridge answered.
// It is also the browser's proxy for evil.example: the name shows first a page of its owner's, then the bridge.

import http from "node:http";

export async function openRecorder(bridgePort) {
  const answers = [];
  const waiting = [];
  let label = "";
  let page = () => false;

  function note(answer) {
    answers.push(answer);
    for (const wake of waiting.splice(0)) wake();
  }

  const server = http.createServer((request, response) => {
    const { pathname, search } = new URL(request.url, "http://bridge.localhost");
    // The browser's own errands elsewhere are none of ours.
    if (!/^(bridge\.localhost|evil\.example):/.test(request.headers.host)) return response.writeHead(502).end();
    if (page(pathname, request, response)) return;
    const path = pathname + search;
    const noted = { label, method: request.method, path };
    const onwards = http.request(
      { host: "127.0.0.1", port: bridgePort, method: request.method, path, headers: request.rawHeaders, setHost: false },
      (answer) => {
        response.writeHead(answer.statusCode, answer.rawHeaders);
        answer.pipe(response);
        note({ ...noted, status: answer.statusCode });
      },
    );
    onwards.on("error", () => response.destroy());
    request.pipe(onwards);
  });
  // A WebSocket asks for another protocol; the bridge has none, and answers as it does to any request.
  server.on("upgrade", (request, socket) => {
    const noted = { label, method: request.method, path: request.url };
    const onwards = http.request(
      { host: "127.0.0.1", port: bridgePort, path: request.url, headers: request.rawHeaders, setHost: false },
      (answer) => {
        note({ ...noted, status: answer.statusCode });
        socket.end(`HTTP/1.1 ${answer.statusCode} Refused\r\nContent-Length: 0\r\n\r\n`);
      },
    );
    onwards.on("upgrade", (_, upgraded) => {
      note({ ...noted, status: 101 });
      upgraded.destroy();
      socket.destroy();
    });
    onwards.on("error", () => socket.destroy());
    onwards.end();
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));

  return {
    port: server.address().port,
    /** From now on requests belong to this attempt. */
    begin: (attempt) => (label = attempt),
    answersTo: (attempt) => answers.filter((answer) => answer.label === attempt),
    /** The next answer, or that none came. */
    answered: (attempt, milliseconds) =>
      new Promise((resolve) => {
        if (answers.some((answer) => answer.label === attempt)) return resolve();
        waiting.push(resolve);
        setTimeout(resolve, milliseconds);
      }),
    /** A page of the hostile site that the hostile name shows. */
    serves: (path, site) => {
      page = (asked, request, response) => {
        const ofTheSite = asked === path || asked.endsWith(".js") || asked.startsWith("/site/");
        if (ofTheSite) site.handle(asked, request, response);
        return ofTheSite;
      };
    },
  };
}
