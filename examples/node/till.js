#!/usr/bin/env node
// A small, complete till with nothing but Node's own library.
//
//   node till.js sale REFERENCE AMOUNT               399.00 is 39900
//   node till.js refund REFERENCE ORIGINAL [AMOUNT]  all that is left, when no amount is given
//   node till.js cancel REFERENCE                    stop a sale that another till process waits for
//   node till.js recover                             after a crash or a power cut: how did it end? It begins nothing
//
// BRIDGE_URL, TILL_KEY and TILL_NOTE (the file that remembers what is open) configure it; for https, POS_BRIDGE_CA is the
// file with the authority to trust.
// Exit codes: 0 done, 1 not done and nothing was taken, 2 refused, 3 not known yet: run `recover`.
'use strict';
const fs = require('fs');
const http = require('http');
const https = require('https');

const BRIDGE = process.env.BRIDGE_URL || 'http://127.0.0.1:7117';
const KEY = process.env.TILL_KEY || 'demo-key';
const NOTE = process.env.TILL_NOTE || 'till-open.txt';
const AUTHORITY = process.env.POS_BRIDGE_CA; // those that Node knows, when it is not set
const WAIT = 30; // seconds that the bridge may hold a call; the socket below waits longer
const PATIENCE = 180; // seconds until the cashier is told that the outcome is open
const [DONE, NOT_DONE, REFUSED, OPEN] = [0, 1, 2, 3];

/** One call and its reply. It fails when there was no answer. */
function call(method, path, fields) {
  const url = new URL(path, BRIDGE);
  const body = fields === undefined ? '' : JSON.stringify(fields);
  const headers = { Authorization: `Bearer ${KEY}`, 'Content-Length': Buffer.byteLength(body) };
  if (body) headers['Content-Type'] = 'application/json';
  const options = { method, headers, timeout: (WAIT + 10) * 1000 };
  if (AUTHORITY) options.ca = fs.readFileSync(AUTHORITY);
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
    request.on('error', failed);
    request.end(body);
  });
}

const pause = seconds => new Promise(done => setTimeout(done, seconds * 1000));

/** Asks with the same reference until the outcome is proven. That is safe: it never charges twice. */
async function askUntilFinal(method, path, fields) {
  const deadline = Date.now() + PATIENCE * 1000;
  let began = false;
  while (Date.now() < deadline) {
    try {
      const reply = await call(method, path, fields);
      if (reply.retry !== 'same_reference') {
        // A refusal has a code. It proves nothing about what an earlier try may have begun.
        return began && reply.code ? {} : reply;
      }
      console.log(told(reply));
    } catch (error) {
      console.log(`No answer (${error.message}); asking again with the same reference ...`);
    }
    began = method === 'POST';
    await pause(1);
  }
  return {};
}

const told = reply => reply.message || reply.detail;

/** Writes down what is about to be asked, before it is: a till that dies knows what to ask about. */
function remember(address) {
  const file = fs.openSync(NOTE, 'w');
  fs.writeSync(file, address);
  fs.fsyncSync(file);
  fs.closeSync(file);
}

/** Shows the outcome, prints the receipt, books it, and forgets the note. */
async function settle(address, reply) {
  if (!reply.final) {
    console.log('NOT KNOWN: do not hand out the goods, do not sell again; look at the terminal\'s receipt, then `recover`.');
    return OPEN;
  }
  console.log(reply.message);
  if (reply.status === 'approved') {
    console.log(`${reply.kind} ${reply.reference} ${(reply.amount_approved / 100).toFixed(2)} ${reply.currency}`);
    console.log(reply.receipt?.customer ?? '');
  }
  // Here a real till writes the result into its books, before the note goes.
  await call('POST', `${address}/ack`);
  fs.unlinkSync(NOTE);
  return reply.status === 'approved' ? DONE : NOT_DONE;
}

async function start(path, fields) {
  if (fs.existsSync(NOTE)) {
    console.log('Something is open still: run `recover` first.');
    return OPEN;
  }
  const address = `${path}/${encodeURIComponent(fields.reference)}`;
  remember(address);
  const reply = await askUntilFinal('POST', path, { ...fields, wait: WAIT });
  if (reply.code) {
    console.log(`Refused: ${reply.code}: ${reply.detail}`);
    fs.unlinkSync(NOTE);
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

/** Only asks how what was open stands. It sends no sale: the customer may be gone. */
async function recover() {
  if (!fs.existsSync(NOTE)) {
    console.log('Nothing is open.');
    return DONE;
  }
  const address = fs.readFileSync(NOTE, 'utf8');
  const reply = await askUntilFinal('GET', `${address}?wait=${WAIT}`);
  if (reply.code === 'not_found') {
    console.log(`${address} was never sent: nothing was taken. It may be rung up anew.`);
    fs.unlinkSync(NOTE);
    return NOT_DONE;
  }
  if (reply.code) console.log(`Refused: ${reply.code}: ${reply.detail}`);
  return settle(address, reply);
}

function main([command, ...words]) {
  const isAmount = word => /^[1-9][0-9]*$/.test(word);
  const amount = words[2] === undefined ? {} : { amount: Number(words[2]) };
  if (command === 'sale' && words.length === 2 && isAmount(words[1])) {
    return start('/pay', { reference: words[0], amount: Number(words[1]) });
  }
  if (command === 'refund' && (words.length === 2 || (words.length === 3 && isAmount(words[2])))) {
    return start('/refund', { reference: words[0], original_reference: words[1], ...amount });
  }
  if (command === 'cancel' && words.length === 1) return cancel(words[0]);
  if (command === 'recover' && words.length === 0) return recover();
  console.log('usage: till.js sale REFERENCE AMOUNT | refund REFERENCE ORIGINAL [AMOUNT] | cancel REFERENCE | recover');
  return REFUSED;
}

Promise.resolve(main(process.argv.slice(2))).then(code => { process.exitCode = code; }, error => {
  console.log(`The bridge at ${BRIDGE} does not answer: ${error.message}`);
  process.exitCode = OPEN;
});
