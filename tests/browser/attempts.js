// What both pages use: an attempt is announced, made, waited for, and reported.

const site = (what, body = {}) =>
  fetch(`/site/${what}`, { method: "POST", body: JSON.stringify(body) }).then((answer) => answer.json());

const known = fetch("/site/known").then((answer) => answer.json());

/** What a promise came to, in words. */
const told = (promise) =>
  promise.then(
    (answer) => `${answer}`,
    (error) => `${error.name}: ${error.message}`,
  );

async function attempt(label, make) {
  await site("begin", { label });
  const outcome = await told(Promise.resolve().then(make));
  await site("answered", { label });
  await site("end", { label, outcome });
  const row = document.querySelector("#attempts")?.insertRow();
  if (row) for (const text of [label, outcome]) row.insertCell().textContent = text;
}

/** An answer as a page reads it. */
async function read(answer) {
  if (answer.type === "opaque") return "opaque";
  const body = await answer.json();
  return `${answer.status} ${body.code ?? body.status} ${body.message ?? ""}`.trim();
}
