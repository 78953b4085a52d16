// What the tests share: a feature store that can be made to misbehave, a webhook receiver, and the training data as payments.

import http from 'node:http';
import { gunzipSync } from 'node:zlib';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start } from '../src/main.js';
import { Log } from '../src/log.js';

export const HISTORY = { avg_amount_30d: 25.58, tx_count_24h: 1, chargebacks_90d: 0, account_age_days: 448 };
export const PAYMENT = {
  transaction_id: 't-398f6e599dc82de2', customer_id: 'c-5ed80998d0959f98', merchant_id: 'm-00031', timestamp: '2026-03-21T12:09:41.438Z', amount: 10.93, currency: 'EUR',
  merchant_category: 'grocery', channel: 'contactless', country: 'FR', distance_km: 17.91, device_age_days: 40.9, minutes_since_last: 2239.0, cardholder_name: 'Levin Gepereginsky',
};

const listen = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`)));

/** A feature store; `behave` may be replaced while it runs. */
export async function featureStore(t) {
  const store = { calls: 0 };
  store.behave = (request, response) => store.answer(request, response, HISTORY);
  store.answer = (request, response, history, status = 200) => {
    const id = decodeURIComponent(request.url.split('/')[3]);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ customer_id: id, ...history }));
  };
  const server = http.createServer((request, response) => {
    store.calls += 1;
    store.behave(request, response);
  });
  store.url = await listen(server);
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return store;
}

/** Collects the alerts that are posted to it. */
export async function webhook(t) {
  const received = [];
  const server = http.createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    received.push(JSON.parse(text));
    response.end();
  });
  const url = await listen(server);
  t.after(() => server.close());
  return { received, url };
}

/** The service on a free port with a data folder of its own. */
export async function service(t, env = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'fraud-'));
  const lines = [];
  const log = new Log({ write: (text) => lines.push(...text.trim().split('\n').map((line) => JSON.parse(line))) });
  const probe = http.createServer();
  const port = new URL(await listen(probe)).port;
  await new Promise((resolve) => probe.close(resolve));
  const running = await start({ PORT: port, DATA_DIR: dataDir, DRAIN_GRACE_MS: '50', ...env }, log);
  t.after(async () => {
    await running.stop();
    running.server.closeAllConnections();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  const post = async (path, body) => {
    const response = await fetch(url + path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  };
  const get = async (path) => {
    const response = await fetch(url + path);
    const text = await response.text();
    return { status: response.status, text, body: response.headers.get('content-type').startsWith('application/json') ? JSON.parse(text) : null };
  };
  const metric = async (line) => {
    const found = (await get('/metrics')).text.split('\n').find((each) => each.startsWith(`${line} `));
    return found === undefined ? undefined : Number(found.slice(line.length + 1));
  };
  return { ...running, url, port, dataDir, post, get, metric, log, lines: () => { log.flush(); return lines; } };
}

const NUMBERS = new Set(['amount', 'distance_km', 'device_age_days', 'minutes_since_last', ...Object.keys(HISTORY)]);

/** The 6,000 labelled payments, each with the customer's history. */
export function trainingRows() {
  const [head, ...lines] = gunzipSync(readFileSync(new URL('../data/train.csv.gz', import.meta.url))).toString().trim().split(/\r?\n/);
  const names = head.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(names.map((name, i) => [name, NUMBERS.has(name) ? (cells[i] === '' ? null : Number(cells[i])) : cells[i]]));
  });
}

/** A generator of numbers in [0, 1) that is the same in every run (mulberry32). */
export function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
