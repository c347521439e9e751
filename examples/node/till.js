#!/usr/bin/env node
// A small, complete till with nothing but Node's own library.
//
//   node till.js sale REFERENCE AMOUNT               399.00 is 39900
//   node till.js refund REFERENCE ORIGINAL [AMOUNT]  all that is left, when no amount is given
//   node till.js cancel REFERENCE                    stop a sale that another till process waits for
//   node till.js signature REFERENCE yes|no          is the customer's signature on a sale the card's?
//   node till.js recover                             after a crash or a power cut: how did it end? It begins nothing
//
// BRIDGE_URL, TILL_KEY and TILL_NOTE (the file that remembers what is open) configure it; TILL_TERMINAL names another
// terminal than the till's own; for https, TILL_CA is the file with the authority to trust.
// Exit codes: 0 done, 1 not done and nothing was taken, 2 refused, 3 not known yet: run `recover`.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const https = require('https');

const BRIDGE = process.env.BRIDGE_URL || 'http://127.0.0.1:7117';
const KEY = process.env.TILL_KEY || 'demo-key';
const NOTE = process.env.TILL_NOTE || 'till-open.txt';
const TERMINAL = process.env.TILL_TERMINAL; // the till's own, when it is not set
const AUTHORITY = process.env.TILL_CA; // those that Node knows, when it is not set
const WAIT = 30; // seconds that the bridge may hold a call; the socket below waits longer
const PATIENCE = 180; // seconds until the cashier is told that the outcome is open
const [DONE, NOT_DONE, REFUSED, OPEN] = [0, 1, 2, 3];

/** Proven: nothing left this machine, and asking again would change nothing. */
class NotAsked extends Error {}

function notAsked(error) {
  if (/^(ENOTFOUND|EAI_)/.test(error.code)) {
    return new NotAsked(`BRIDGE_URL: the name is not known here (${error.message})`);
  }
  if (/CERT|UNABLE_TO_VERIFY|ISSUER/.test(error.code)) {
    return new NotAsked(`its certificate is not trusted (${error.message}); set TILL_CA to the store's authority.pem`);
  }
  return error;
}

/** One call and its reply. It fails when there was no answer. */
function call(method, path, fields) {
  const url = new URL(path, BRIDGE);
  const body = fields === undefined ? '' : JSON.stringify(fields);
  const headers = { Authorization: `Bearer ${KEY}`, 'Content-Length': Buffer.byteLength(body) };
  if (body) headers['Content-Type'] = 'application/json';
  const options = { method, headers, timeout: (WAIT + 10) * 1000 };
  if (AUTHORITY) {
    try { options.ca = fs.readFileSync(AUTHORITY); } catch (error) {
      throw new NotAsked(`TILL_CA: the authority cannot be read: ${error.message}`);
    }
  }
  return new Promise((answered, failed) => {
    const request = (url.protocol === 'https:' ? https : http).request(url, options, response => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', piece => { text += piece; });
      response.on('error', failed);
      response.on('end', () => {
        try { answered(JSON.parse(text)); } catch (error) { failed(error); }
      });
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', error => failed(notAsked(error)));
    request.end(body);
  });
}

const pause = seconds => new Promise(done => setTimeout(done, seconds * 1000));

/** Asks with the same reference until the outcome is proven. That is safe: it never charges twice. */
async function askUntilFinal(method, path, fields, began = false) {
  const deadline = Date.now() + PATIENCE * 1000;
  let asked = false;
  let shown;
  while (Date.now() < deadline) {
    let words;
    try {
      const reply = await call(method, path, fields);
      if (reply.retry !== 'same_reference') {
        if (!began || !reply.code) return reply;
        // It proves nothing about what an earlier try may have begun.
        refused(reply);
        return {};
      }
      words = told(reply);
    } catch (error) {
      if (error instanceof NotAsked && !asked) throw error;
      words = `No answer (${error.message}); asking again with the same reference ...`;
    }
    if (words !== shown) console.log(words);
    [asked, shown, began] = [true, words, began || method === 'POST'];
    await pause(1);
  }
  return {};
}

const told = reply => reply.message || reply.detail;
const refused = reply => console.log(`Refused: ${reply.code}: ${reply.detail}`);

/** Which bridge is asked, and as which till. A file is no place for the key itself. */
const WHOSE = [BRIDGE, crypto.createHash('sha256').update(KEY).digest('hex')];

/** Writes down what is about to be asked, before it is: a till that dies knows what to ask about, and whom. */
function remember(address, command) {
  try {
    const file = fs.openSync(NOTE, 'w');
    fs.writeSync(file, `${[address, command, ...WHOSE].join('\n')}\n`);
    fs.fsyncSync(file);
    fs.closeSync(file);
  } catch (error) {
    forget();
    throw new NotAsked(`TILL_NOTE: the note cannot be written: ${error.message}`);
  }
}

/** What was asked, the command that asked it, and whom it asked; nothing when nothing is open. */
function remembered() {
  const text = fs.existsSync(NOTE) ? fs.readFileSync(NOTE, 'utf8') : '';
  // An empty note: the power went while it was written, which is before anything is asked.
  return text === '' ? undefined : text.split('\n');
}

const forget = () => fs.rmSync(NOTE, { force: true });

/** Shows the outcome, prints the receipt, books it, and forgets the note. */
async function settle(address, reply) {
  if (!reply.final) {
    console.log('NOT KNOWN: do not hand out the goods, do not sell again; look at the terminal\'s receipt, then `recover`.');
    return OPEN;
  }
  if (reply.late) {
    console.log('!!! LATE: it was PAID after all. Give the goods, or refund it. !!!');
  }
  console.log(reply.message);
  if (reply.status === 'approved') {
    console.log(`${reply.kind} ${reply.reference} ${(reply.amount_approved / 100).toFixed(2)} ${reply.currency}`);
    console.log(reply.receipt?.customer ?? '');
  }
  // Here a real till writes the result into its books, before the note goes.
  await call('POST', `${address}/ack`);
  forget();
  return reply.status === 'approved' ? DONE : NOT_DONE;
}

async function start(path, fields, command) {
  const address = `${path}/${encodeURIComponent(fields.reference)}`;
  const before = remembered();
  if (before && before.join('\n').trim() !== [address, command, ...WHOSE].join('\n')) {
    console.log('Something is open still: run `recover` first.');
    return OPEN;
  }
  if (!before) remember(address, command);
  const sent = { ...fields, terminal: TERMINAL, wait: WAIT };
  const reply = await askUntilFinal('POST', path, sent, Boolean(before)).catch(error => {
    if (error instanceof NotAsked && !before) forget();
    throw error;
  });
  if (reply.code) {
    refused(reply);
    forget();
    return REFUSED;
  }
  return settle(address, reply);
}

/** Asks to stop; the reply tells what really happened, and an approval wins. */
async function cancel(reference) {
  const reply = await call('POST', `/pay/${encodeURIComponent(reference)}/cancel`, { wait: WAIT });
  console.log(told(reply));
  if (reply.code) return REFUSED;
  return { cancelled: DONE, pending: OPEN, unknown: OPEN }[reply.status] ?? NOT_DONE;
}

/** The cashier's answer; the process that waits for the sale tells how that ends. */
async function sign(reference, accepted) {
  const reply = await call('POST', `/pay/${encodeURIComponent(reference)}/signature`, { accepted });
  console.log(told(reply));
  return reply.code ? REFUSED : DONE;
}

/** Only asks how what was open stands. It sends no sale: the customer may be gone. */
async function recover() {
  const before = remembered();
  if (!before) {
    console.log('Nothing is open.');
    return DONE;
  }
  const [address, command, bridge, key] = before;
  if (bridge !== WHOSE[0] || key !== WHOSE[1]) {
    const other = bridge === BRIDGE ? 'another TILL_KEY' : `BRIDGE_URL=${bridge}`;
    console.log(`${address} stays open: it was begun with ${other}, so \`recover\` with that.`);
    return REFUSED;
  }
  const reply = await askUntilFinal('GET', `${address}?wait=${WAIT}`);
  if (reply.code === 'not_found') {
    // No proof that nothing was taken: what this till sent before it died may still be on its way.
    console.log(`The bridge does not know ${address} (yet). It stays open. Safe is only the same number:`);
    console.log(`    node till.js ${command}`);
    console.log('It charges once, however often it is sent. If the customer is gone, `cancel` it meanwhile.');
    return OPEN;
  }
  if (reply.code) refused(reply);
  return settle(address, reply);
}

function main([command, ...words]) {
  const isAmount = word => /^[1-9][0-9]*$/.test(word);
  const line = [command, ...words].join(' ');
  const amount = words[2] === undefined ? {} : { amount: Number(words[2]) };
  if (command === 'sale' && words.length === 2 && isAmount(words[1])) {
    return start('/pay', { reference: words[0], amount: Number(words[1]) }, line);
  }
  if (command === 'refund' && (words.length === 2 || (words.length === 3 && isAmount(words[2])))) {
    return start('/refund', { reference: words[0], original_reference: words[1], ...amount }, line);
  }
  if (command === 'cancel' && words.length === 1) return cancel(words[0]);
  if (command === 'signature' && words.length === 2 && /^(yes|no)$/.test(words[1])) {
    return sign(words[0], words[1] === 'yes');
  }
  if (command === 'recover' && words.length === 0) return recover();
  console.log('usage: till.js sale REFERENCE AMOUNT | refund REFERENCE ORIGINAL [AMOUNT] | cancel REFERENCE'
    + ' | signature REFERENCE yes|no | recover');
  return REFUSED;
}

if (!/^https?:\/\//.test(BRIDGE)) {
  console.log('BRIDGE_URL must begin with http:// or https://, as in http://127.0.0.1:7117');
  process.exit(REFUSED);
}
Promise.resolve().then(() => main(process.argv.slice(2))).then(code => { process.exitCode = code; }, error => {
  const isOfTheNote = ['open', 'read', 'unlink', 'rm'].includes(error.syscall);
  if (error instanceof NotAsked) console.log(`The bridge was not asked: ${error.message}`);
  else if (isOfTheNote) console.log(`TILL_NOTE: the note cannot be read or removed: ${error.message}`);
  else console.log(`The bridge at ${BRIDGE} does not answer: ${error.message}`);
  process.exitCode = error instanceof NotAsked ? REFUSED : OPEN;
});
