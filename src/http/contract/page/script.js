'use strict';
// Shows the forms, and sends them to the bridge that this page came from. The key stays in its field.
document.documentElement.classList.add('script');
for (const place of document.querySelectorAll('.origin')) place.textContent = location.origin;

function request(form) {
  const headers = {}, query = new URLSearchParams();
  let path = form.dataset.path;
  for (const input of form.querySelectorAll('input')) {
    const value = input.value;
    if (input.dataset.in === 'path') path = path.replace(`{${input.name}}`, encodeURIComponent(value));
    else if (value && input.dataset.in === 'query') query.set(input.name, value);
    else if (value) headers[input.name] = value;
  }
  const key = document.getElementById('key').value;
  if (key && form.dataset.keyed === 'true') headers.Authorization = `Bearer ${key}`;
  const body = form.querySelector('textarea')?.value;
  if (body) headers['Content-Type'] = 'application/json';
  const search = query.size ? `?${query}` : '';
  return [path + search, { method: form.dataset.method.toUpperCase(), headers, body: body || undefined, credentials: 'omit', cache: 'no-store' }];
}

async function answered(response) {
  const lines = [`${response.status} ${response.statusText}`];
  for (const name of ['Location', 'Retry-After']) {
    if (response.headers.has(name)) lines.push(`${name}: ${response.headers.get(name)}`);
  }
  const text = await response.text();
  let body = text;
  try { body = JSON.stringify(JSON.parse(text), null, 2); } catch { /* no JSON */ }
  return `${lines.join('\n')}\n\n${body}`;
}

for (const form of document.querySelectorAll('.try form')) {
  form.addEventListener('submit', async event => {
    event.preventDefault();
    const [output, button] = [form.querySelector('output'), form.querySelector('button')];
    output.classList.add('told');
    if (form.dataset.keyed === 'true' && !document.getElementById('key').value) {
      output.textContent = 'Type the till\u2019s key first, beside the list of calls: a browser is never a till without one.';
      document.getElementById('key').focus();
      return;
    }
    output.textContent = 'Waiting \u2026';
    button.disabled = true;
    try {
      output.textContent = await answered(await fetch(...request(form)));
    } catch (error) {
      output.textContent = `No answer: ${error.message}. Ask again with the same reference.`;
    }
    button.disabled = false;
  });
}
