import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { Admission } from '../src/admission.js';
import { Alerts } from '../src/alerts.js';
import { Breaker } from '../src/breaker.js';
import { ROOT } from '../src/config.js';
import { DriftMonitor } from '../src/drift.js';
import { Log } from '../src/log.js';
import { create } from '../src/metrics.js';
import { load, probability } from '../src/model.js';
import { rememberingLookup } from '../src/resolver.js';
import { random, trainingRows } from './helpers.js';

const model = load(join(ROOT, 'models', 'model.json'));
const rows = trainingRows();
const quiet = new Log({ write: () => {} });

test('both models beat the base rate on the training data', () => {
  const rate = rows.filter((row) => row.is_fraud === '1').length / rows.length;
  const brier = (score) => rows.reduce((sum, row) => sum + (score(row) - Number(row.is_fraud)) ** 2, 0) / rows.length;
  assert.ok(brier((row) => probability(model.full.logit(row))) < 0.85 * rate * (1 - rate));
  assert.ok(brier((row) => probability(model.fallback.logit(row))) < 0.95 * rate * (1 - rate));
});

/** Alarms of a stream: training rows drawn at random, changed by `drift` from row 2000 to row 5000. */
function stream(seed, drift = (row) => row) {
  const next = random(seed);
  const events = [];
  let at = 0;
  const alerts = { fire: (_, { feature }) => events.push({ at, kind: 'fire', feature }), resolve: (_, { feature }) => events.push({ at, kind: 'resolve', feature }) };
  const monitor = new DriftMonitor({ reference: model.reference, window: 500, alerts, metrics: create() });
  for (; at < 7000; at += 1) {
    let row = rows[Math.floor(next() * rows.length)];
    if (at >= 2000 && at < 5000) row = drift(row, next);
    monitor.observe(row, row, model.full.logit(row));
  }
  return events;
}

test('no alarm on normal traffic', () => {
  for (let seed = 1; seed <= 20; seed += 1) assert.deepEqual(stream(seed), []);
});

for (const feature of ['amount', 'distance_km', 'device_age_days', 'minutes_since_last']) {
  const half = Math.exp(model.reference.numeric[feature].std / 2);
  for (const [name, change] of Object.entries({
    'moved by half a standard deviation': (value) => value * half,
    'in another unit in a quarter of the rows': (value, next) => (next() < 0.25 ? value * 100 : value),
  })) {
    test(`${feature} ${name} is named within 1500 payments and resolved`, () => {
      const events = stream(7, (row, next) => ({ ...row, [feature]: row[feature] === null ? null : change(row[feature], next) }));
      assert.deepEqual(events.map((event) => [event.kind, event.feature]), [['fire', feature], ['resolve', feature]]);
      assert.ok(events[0].at < 3500 && events[1].at > 5000);
    });
  }
}

test('nulls and unseen categories are named', () => {
  for (const [feature, value, share] of [['device_age_days', null, 0.25], ['channel', 'telepathy', 0.5]]) {
    const events = stream(8, (row, next) => (next() < share ? { ...row, [feature]: value } : row));
    assert.deepEqual(events.map((event) => [event.kind, event.feature]), [['fire', feature], ['resolve', feature]]);
  }
});

test('a wave of fraud is an alarm on the scores and blames no input', () => {
  const frauds = rows.filter((row) => row.is_fraud === '1');
  const events = stream(9, (row, next) => (next() < 0.36 ? frauds[Math.floor(next() * frauds.length)] : row));
  assert.deepEqual(events.map((event) => [event.kind, event.feature]), [['fire', undefined], ['resolve', undefined]]);
});

test('the breaker opens on failures, and closes after two good probes', () => {
  let now = 0;
  const breaker = new Breaker({ clock: () => now });
  for (let i = 0; i < 10; i += 1) breaker.record(false);
  assert.ok(breaker.open && !breaker.probeDue());
  now = 250;
  assert.ok(breaker.probeDue() && !breaker.probeDue());
  breaker.recordProbe(true);
  assert.ok(breaker.open && breaker.probeDue());
  breaker.recordProbe(true);
  assert.ok(!breaker.open);
});

test('a full house makes wait, a full queue refuses, and patience ends', async () => {
  let now = 0;
  const admission = new Admission({ maxConcurrent: 1, maxQueue: 2, clock: () => now });
  assert.equal(admission.enter(), null);
  const [second, third] = [admission.enter(), admission.enter()];
  assert.equal(admission.enter(), 'queue_full');
  admission.release();
  assert.equal(await second, null);
  now = 1000;
  admission.release();
  assert.equal(await third, 'waited_too_long');
  assert.equal(admission.running + admission.waiting, 0);
});

test('alerts are sent once, in order, and again until they arrive', async () => {
  const sent = [];
  let refuse = 2;
  const send = async (_, body) => (refuse-- > 0 ? Promise.reject(new Error('down')) : (sent.push(JSON.parse(body)), 200));
  const alerts = new Alerts({ url: 'http://x', metrics: create(), log: quiet, send, wait: async () => {} });
  alerts.fire('FeatureDrift', { feature: 'amount' }, 'moved');
  alerts.fire('FeatureDrift', { feature: 'amount' }, 'moved');
  alerts.resolve('FeatureDrift', { feature: 'amount' });
  await alerts.flush(100);
  assert.deepEqual(sent.map((each) => each.status), ['firing', 'resolved']);
  assert.equal(sent[0].alerts[0].startsAt, sent[1].alerts[0].startsAt);
});

test('a name server that fails does not take the address away', async () => {
  let now = 0;
  let fails = false;
  const resolve = (_, __, callback) => callback(fails ? new Error('SERVFAIL') : null, [{ address: '10.0.0.1', family: 4 }]);
  const lookup = rememberingLookup({ resolve, clock: () => now });
  const ask = () => new Promise((done) => lookup('store', {}, (error, address) => done(error ?? address)));
  assert.equal(await ask(), '10.0.0.1');
  fails = true;
  now = 60_000;
  assert.equal(await ask(), '10.0.0.1');
  now = 1_000_000;
  assert.match(String(await ask()), /SERVFAIL/);
});

test('logs hold back repetitions and say how many', () => {
  let now = 0;
  const lines = [];
  const log = new Log({ clock: () => now, write: (text) => lines.push(...text.trim().split('\n').map((line) => JSON.parse(line))) });
  for (let i = 0; i < 100; i += 1) log.warn('fallback used', { reason: 'timeout' });
  now = 1000;
  log.warn('fallback used', { reason: 'timeout' });
  log.flush();
  assert.equal(lines.length, 26);
  assert.equal(lines.at(-1).suppressed_before, 75);
});
