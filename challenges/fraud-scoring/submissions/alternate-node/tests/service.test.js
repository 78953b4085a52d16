import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { ROOT } from '../src/config.js';
import { featureStore, HISTORY, PAYMENT, service, trainingRows, webhook } from './helpers.js';

const MODEL = join(ROOT, 'models', 'model.json');
const auditLines = ({ dataDir }) => readFileSync(join(dataDir, 'audit.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));

test('a payment is scored with the history, counted, and traceable', async (t) => {
  const store = await featureStore(t);
  const s = await service(t, { FEATURE_STORE_URL: store.url });
  const { status, body } = await s.post('/predict', PAYMENT);
  assert.equal(status, 200);
  assert.equal(body.transaction_id, PAYMENT.transaction_id);
  assert.equal(body.degraded, false);
  assert.equal(await s.metric('fraud_requests_total{status="200"}'), 1);
  assert.equal(await s.metric('fraud_score_sum'), body.score);
  const [entry] = auditLines(s);
  assert.equal(entry.score, body.score);
  assert.equal(entry.model_version, (await s.get('/version')).body.model_version);
});

test('equal inputs have equal digests, other inputs have others', async (t) => {
  const store = await featureStore(t);
  const s = await service(t, { FEATURE_STORE_URL: store.url });
  for (const change of [{}, {}, { amount: 11 }]) await s.post('/predict', { ...PAYMENT, ...change });
  const [a, b, c] = auditLines(s).map((entry) => entry.input_digest);
  assert.equal(a, b);
  assert.notEqual(a, c);
});

for (const [name, behave] of Object.entries({
  'is silent': () => {},
  'fails': (_, response) => response.writeHead(500).end('{}'),
  'resets': (request) => request.socket.destroy(),
  'answers nonsense': (_, response) => response.end('<html>'),
  'answers for somebody else': (_, response) => response.end(JSON.stringify({ customer_id: 'x', avg_amount_30d: 1, tx_count_24h: 1, chargebacks_90d: 0, account_age_days: 1 })),
  'lacks a field': (request, response) => response.end(JSON.stringify({ customer_id: PAYMENT.customer_id, avg_amount_30d: 1, tx_count_24h: 1, chargebacks_90d: 0 })),
  'trickles': (_, response) => { response.write('{'); setInterval(() => response.write(' '), 20).unref(); },
  'does not know the customer': (_, response) => response.writeHead(404).end('{}'),
})) {
  test(`a feature store that ${name} leads to a flagged fallback in time`, async (t) => {
    const store = await featureStore(t);
    store.behave = behave;
    const s = await service(t, { FEATURE_STORE_URL: store.url });
    const began = performance.now();
    const { status, body } = await s.post('/predict', PAYMENT);
    assert.equal(status, 200);
    assert.equal(body.degraded, true);
    assert.ok(performance.now() - began < 300);
    assert.notEqual(body.score, (await s.post('/predict', { ...PAYMENT, amount: 900 })).body.score);
    assert.equal((await s.get('/healthz')).status, 200);
    assert.equal((await s.get('/readyz')).status, 200);
  });
}

test('an ailing store is left alone, and used again soon after it is well', async (t) => {
  const store = await featureStore(t);
  const well = store.behave;
  store.behave = (_, response) => response.writeHead(500).end();
  const s = await service(t, { FEATURE_STORE_URL: store.url });
  for (let i = 0; i < 60; i += 1) await s.post('/predict', PAYMENT);
  assert.ok(store.calls < 30, `${store.calls} calls`);
  store.behave = well;
  let degraded = true;
  const began = performance.now();
  while (degraded && performance.now() - began < 3000) ({ body: { degraded } } = await s.post('/predict', PAYMENT));
  assert.equal(degraded, false);
  assert.ok(performance.now() - began < 1500);
});

test('after a 401 the token file is read again', async (t) => {
  const store = await featureStore(t);
  store.behave = (request, response) => {
    if (request.headers.authorization === 'Bearer secret') store.answer(request, response, HISTORY);
    else response.writeHead(401).end();
  };
  const s = await service(t, { FEATURE_STORE_URL: store.url, FEATURE_STORE_TOKEN_FILE: join(ROOT, 'tests', 'token.txt') });
  assert.equal((await s.post('/predict', PAYMENT)).body.degraded, false);
});

const WRONG = {
  'no JSON': '{"amount": NaN}',
  'an array': '[]',
  'deep nesting': '['.repeat(4000),
  'a missing field': JSON.stringify({ ...PAYMENT, amount: undefined }),
  'a number as text': JSON.stringify({ ...PAYMENT, amount: '10' }),
  'true as a number': JSON.stringify({ ...PAYMENT, amount: true }),
  'a negative amount': JSON.stringify({ ...PAYMENT, amount: -1 }),
  'an overflow': JSON.stringify(PAYMENT).replace('10.93', '1e999'),
  'null where none may be': JSON.stringify({ ...PAYMENT, amount: null }),
  'a long country': JSON.stringify({ ...PAYMENT, country: 'DEU' }),
  'no date': JSON.stringify({ ...PAYMENT, timestamp: '2026-02-30T00:00:00Z' }),
  'half a surrogate': JSON.stringify(PAYMENT).replace('t-398f', '\\ud800'),
  'too many bytes': JSON.stringify({ ...PAYMENT, more: 'x'.repeat(20_000) }),
};
for (const [name, body] of Object.entries(WRONG)) {
  test(`${name} is refused with a reason`, async (t) => {
    const s = await service(t);
    const answer = await s.post('/predict', body);
    assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status}`);
    assert.ok(answer.body.error && answer.body.detail);
    assert.ok(s.lines().some((line) => line.reason === answer.body.error && line.request_id));
  });
}

test('values on a boundary, nulls and unseen categories are scored', async (t) => {
  const store = await featureStore(t);
  const s = await service(t, { FEATURE_STORE_URL: store.url });
  const changes = [
    { amount: 0 },
    { amount: 10_000_000 },
    { distance_km: 50_000, device_age_days: 0 },
    { distance_km: null, device_age_days: null, minutes_since_last: null },
    { merchant_category: 'space', channel: 'telepathy', country: 'ZZ', currency: 'XXX' },
    { cardholder_name: '𝒳'.repeat(128) },
    { timestamp: '2026-12-31t23:59:60+01:00' },
  ];
  for (const change of changes) assert.equal((await s.post('/predict', { ...PAYMENT, ...change })).status, 200, JSON.stringify(change));
});

test('the name of the cardholder is nowhere', async (t) => {
  const store = await featureStore(t);
  const s = await service(t, { FEATURE_STORE_URL: store.url });
  for (let i = 0; i < 20; i += 1) await s.post('/predict', PAYMENT);
  await s.post('/predict', JSON.stringify(PAYMENT).slice(0, -2));
  await s.post('/predict', JSON.stringify(PAYMENT) + 'x');
  await s.post('/predict', { ...PAYMENT, amount: PAYMENT.cardholder_name });
  const everything = JSON.stringify(s.lines()) + (await s.get('/metrics')).text + JSON.stringify(auditLines(s));
  assert.ok(!everything.includes('Gepereginsky'));
});

test('bytes that are no HTTP get a 400 and harm nobody', async (t) => {
  const s = await service(t);
  const answer = await new Promise((resolve) => {
    let text = '';
    const socket = connect(s.port, '127.0.0.1', () => socket.write('hello\r\n\r\n'));
    socket.on('data', (chunk) => { text += chunk; });
    socket.on('close', () => resolve(text));
  });
  assert.match(answer, /^HTTP\/1.1 400/);
  assert.equal((await s.get('/healthz')).status, 200);
});

test('unknown routes and methods are told so', async (t) => {
  const s = await service(t);
  assert.equal((await s.get('/nothing')).status, 404);
  assert.equal((await s.get('/predict')).status, 405);
});

for (const [name, write] of Object.entries({
  'missing': () => {},
  'random': (path) => writeFileSync(path, Buffer.from(Array.from({ length: 999 }, (_, i) => (i * 73) % 256))),
  'cut in half': (path) => writeFileSync(path, readFileSync(MODEL).subarray(0, 8000)),
  'of another kind': (path) => writeFileSync(path, '{"weights": [1]}'),
  'edited': (path) => writeFileSync(path, readFileSync(MODEL, 'utf8').replace('"intercept":-', '"intercept":-1')),
})) {
  test(`a model file that is ${name} never gets ready, and nothing else serves instead`, async (t) => {
    const path = join(mkdtempSync(join(tmpdir(), 'fraud-model-')), 'other.json');
    write(path);
    const s = await service(t, { MODEL_PATH: path });
    assert.equal((await s.get('/readyz')).status, 503);
    assert.equal((await s.post('/predict', PAYMENT)).status, 503);
    assert.equal((await s.get('/healthz')).status, 200);
  });
}

test('a copy of the model at MODEL_PATH serves', async (t) => {
  const path = join(mkdtempSync(join(tmpdir(), 'fraud-model-')), 'copy.json');
  copyFileSync(MODEL, path);
  const s = await service(t, { MODEL_PATH: path });
  assert.equal((await s.get('/readyz')).status, 200);
});

test('on SIGTERM readiness ends first, and what is in work is finished', async (t) => {
  const store = await featureStore(t);
  const s = await service(t, { FEATURE_STORE_URL: store.url, DRAIN_GRACE_MS: '200' });
  store.behave = (request, response) => setTimeout(() => store.answer(request, response, HISTORY), 40);
  const pending = s.post('/predict', PAYMENT);
  await new Promise((resolve) => setTimeout(resolve, 15));
  const stopped = s.stop();
  assert.equal((await s.get('/readyz')).status, 503);
  assert.equal((await s.post('/predict', PAYMENT)).status, 200);
  assert.equal((await pending).status, 200);
  await stopped;
  await assert.rejects(fetch(`${s.url}/healthz`));
});

test('drift of an input is alerted by name and resolved', async (t) => {
  const store = await featureStore(t);
  const hook = await webhook(t);
  const s = await service(t, { FEATURE_STORE_URL: store.url, ALERT_WEBHOOK_URL: hook.url, DRIFT_WINDOW: '100' });
  const rows = trainingRows();
  const send = (from, to, change) => Promise.all(rows.slice(from, to).map((row) => s.post('/predict', { ...PAYMENT, ...pick(row), ...change })));
  const fields = ['transaction_id', 'amount', 'currency', 'merchant_category', 'channel', 'country', 'distance_km', 'device_age_days', 'minutes_since_last'];
  const pick = (row) => Object.fromEntries(fields.map((name) => [name, row[name]]));
  for (let at = 0; at < 400; at += 40) await send(at, at + 40, { distance_km: null });
  for (let at = 400; at < 1000; at += 40) await send(at, at + 40, {});
  await s.stop();
  const seen = hook.received.flatMap(({ alerts }) => alerts).filter(({ labels }) => labels.feature === 'distance_km').map(({ status }) => status);
  assert.deepEqual(seen, ['firing', 'resolved']);
});
