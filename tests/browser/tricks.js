// Everything that a page can make a browser send somewhere else.

const SALE = '{"reference":"H-1","amount":100}';

/** Adds an element, and waits until it loaded or failed. */
const added = (name, properties) =>
  new Promise((resolve) => {
    const element = Object.assign(document.createElement(name), properties);
    element.onload = () => resolve("loaded");
    element.onerror = () => resolve("error");
    document.body.append(element);
  });

/** Submits a form into a frame, so that the page stays. */
function submitted(action, enctype, fields) {
  const frame = Object.assign(document.createElement("iframe"), { name: `frame-${Math.random()}` });
  document.body.append(frame);
  const form = Object.assign(document.createElement("form"), { action, enctype, method: "POST", target: frame.name });
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement("input"), { name, value, type: "hidden" }));
  }
  document.body.append(form);
  return new Promise((resolve) => {
    frame.onload = () => resolve("submitted");
    form.submit();
  });
}

/** Runs a request from a frame without an origin. */
const fromSandbox = (url) =>
  added("iframe", {
    sandbox: "allow-scripts",
    srcdoc: `<script>fetch("${url}", {method: "POST", mode: "no-cors", body: '${SALE}'})</` + "script>",
  });

const overSocket = (url) =>
  new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.onopen = () => resolve("open");
    socket.onerror = () => resolve("error");
  });

const asStream = (url, options) =>
  new Promise((resolve) => {
    const stream = new EventSource(url, options);
    const end = (word) => () => {
      stream.close();
      resolve(word);
    };
    [stream.onopen, stream.onerror] = [end("open"), end("error")];
  });

function oldRequest(url) {
  const request = new XMLHttpRequest();
  request.open("POST", url);
  request.withCredentials = true;
  return new Promise((resolve) => {
    request.onload = () => resolve(request.status);
    request.onerror = () => resolve("error");
    request.send(SALE);
  });
}

async function everyTrick(bridge, key) {
  const pay = `${bridge}/pay`;
  const post = { method: "POST", body: SALE };
  const json = { "Content-Type": "application/json" };
  const tricks = {
    "form": () => submitted(pay, "application/x-www-form-urlencoded", { reference: "H-1", amount: 100 }),
    "form that spells JSON": () => submitted(pay, "text/plain", { '{"reference":"H-1","amount":100,"x":"': '"}' }),
    "form with a file's type": () => submitted(pay, "multipart/form-data", { reference: "H-1", amount: 100 }),
    "form to cancel": () => submitted(`${pay}/R-1001/cancel`, "text/plain", {}),
    "form to refund": () => submitted(`${bridge}/refund`, "text/plain", { '{"reference":"H-2","x":"': '"}' }),
    "image": () => added("img", { src: `${pay}/R-1001` }),
    "image without a referrer": () => added("img", { referrerPolicy: "no-referrer", src: `${bridge}/last` }),
    "script": () => added("script", { src: `${bridge}/operations` }),
    "style sheet": () => added("link", { rel: "stylesheet", href: `${bridge}/terminals` }),
    "frame": () => added("iframe", { src: `${bridge}/operations` }),
    "frame on the health": () => added("iframe", { src: `${bridge}/health` }),
    "fetch": () => fetch(pay, { ...post, headers: json }).then(read),
    "fetch with credentials": () => fetch(pay, { ...post, headers: json, credentials: "include" }).then(read),
    "fetch with the right key": () => fetch(pay, { ...post, headers: { ...json, "X-Api-Key": key } }).then(read),
    "fetch text": () => fetch(pay, post).then(read),
    "fetch no-cors": () => fetch(pay, { ...post, mode: "no-cors" }).then(read),
    "fetch no-cors with credentials": () => fetch(pay, { ...post, mode: "no-cors", credentials: "include" }).then(read),
    "fetch no-cors without a referrer": () => fetch(pay, { ...post, mode: "no-cors", referrerPolicy: "no-referrer" }).then(read),
    "fetch to read": () => fetch(`${bridge}/operations`).then(read),
    "fetch no-cors to read": () => fetch(`${bridge}/last`, { mode: "no-cors" }).then(read),
    "fetch the metrics": () => fetch(`${bridge}/metrics`, { mode: "no-cors" }).then(read),
    "request of the old kind": () => oldRequest(pay),
    "beacon": () => navigator.sendBeacon(pay, SALE),
    "event stream": () => asStream(`${bridge}/events`),
    "event stream with credentials": () => asStream(`${bridge}/events`, { withCredentials: true }),
    "web socket": () => overSocket(`${bridge.replace("http", "ws")}/events`),
    "sandbox without an origin": () => fromSandbox(pay),
  };
  for (const [label, trick] of Object.entries(tricks)) await attempt(label, trick);
}
