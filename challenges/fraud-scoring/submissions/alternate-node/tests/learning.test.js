import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { ROOT } from '../src/config.js';
import { Learning, restore } from '../src/learning.js';
import { Log } from '../src/log.js';
import { create } from '../src/metrics.js';
import { load, parse, probability } from '../src/model.js';
import { random, trainingRows } from './helpers.js';

const base = load(join(ROOT, 'models', 'model.json'));
const rows = trainingRows();
const quiet = new Log({ write: () => {} });

function world(t, seed) {
  const dataDir = mkdtempSync(join(tmpdir(), 'fraud-'));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const w = { dataDir, model: base, events: [], next: random(seed), count: 0 };
  const alerts = { fire: (name) => w.events.push(`+${name}`), resolve: (name) => w.events.push(`-${name}`) };
  w.learning = new Learning({ model: base, dataDir, alerts, metrics: create(), log: quiet, promote: (model) => { w.model = model; w.promotedAt = w.count; } });
  /** Payments with labels drawn from `truth(row)`, the probability of fraud. */
  w.send = async (n, truth) => {
    for (let i = 0; i < n; i += 1) {
      const row = rows[Math.floor(w.next() * rows.length)];
      const id = `t-${(w.count += 1)}`;
      const score = probability(w.model.full.logit(row));
      w.learning.remember(id, score, row, row);
      w.learning.feedback({ transaction_id: id, label: truth(row, score) });
      if (i % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  return w;
}

const asTrained = (w) => (row) => (w.next() < probability(base.full.logit(row)) ? 1 : 0);
const turned = (w) => (row) => {
  const mirrored = 2 * base.reference.score.mean - base.full.logit(row);
  return w.next() < probability(mirrored) ? 1 : 0;
};
const events = (w) => [...new Set(w.events.filter((event) => event.startsWith('+')))];

test('labels as expected change nothing', async (t) => {
  const w = world(t, 1);
  await w.send(6000, asTrained(w));
  assert.deepEqual(events(w), []);
  assert.equal(w.model, base);
});

test('a turned relation is alerted, and a better model takes over once and survives a restart', async (t) => {
  const w = world(t, 2);
  await w.send(1500, asTrained(w));
  await w.send(2600, turned(w));
  for (let i = 0; i < 200 && w.model === base; i += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(events(w), ['+LiveQualityDegraded']);
  assert.notEqual(w.model, base);
  assert.equal(w.model.document.lineage.parent, base.version);
  assert.notEqual(w.model.document.lineage.data.sha256, base.document.lineage.data.sha256);
  const loss = (score) => rows.reduce((sum, row) => {
    const truth = probability(2 * base.reference.score.mean - base.full.logit(row));
    return sum + truth * (1 - score(row)) ** 2 + (1 - truth) * score(row) ** 2;
  }, 0) / rows.length;
  const serving = (part) => (row) => probability(w.model[part].logit(row));
  const served = (part) => (row) => probability(base[part].logit(row));
  for (const part of ['full', 'fallback']) {
    assert.ok(loss(serving(part)) < loss(served(part)), part);
    assert.ok(loss(serving(part)) < loss(() => 0.063), `${part} beats a constant`);
    assert.ok(new Set(rows.map(serving(part))).size > 1000, `${part} depends on its input`);
  }
  const stored = parse(readFileSync(join(w.dataDir, 'models', 'current.json')));
  assert.equal(stored.version, w.model.version);
  assert.equal(restore(w.dataDir, base, quiet).version, w.model.version);
  const first = w.model;
  await w.send(2000, turned(w));
  assert.equal(w.model, first);
});

test('inverted labels are suspected and never trained on', async (t) => {
  const w = world(t, 3);
  await w.send(1500, asTrained(w));
  await w.send(1000, (row) => 1 - asTrained(w)(row));
  await w.send(3000, asTrained(w));
  assert.equal(w.model, base);
  assert.ok(w.events.includes('+LabelsSuspect') && w.events.lastIndexOf('-LabelsSuspect') > w.events.lastIndexOf('+LabelsSuspect'));
});

test('a repeated label and a label for nothing are told apart', async (t) => {
  const w = world(t, 4);
  w.learning.remember('t-a', 0.1, rows[0], rows[0]);
  assert.equal(w.learning.feedback({ transaction_id: 't-a', label: 0 }), 'matched');
  assert.equal(w.learning.feedback({ transaction_id: 't-a', label: 0 }), 'repeated');
  assert.equal(w.learning.feedback({ transaction_id: 't-b', label: 0 }), 'unknown');
});
