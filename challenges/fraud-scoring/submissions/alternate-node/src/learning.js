// What late labels lead to: live quality, its alerts, and a retraining that has to prove itself before it serves.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Labels } from './labels.js';
import { Model, parse, probability, serialise } from './model.js';
import { Quality } from './quality.js';

export const RETRAIN_ROWS = 1500; // labels since quality fell; README.md says why so many
const TRY_AGAIN_ROWS = 500;
const MIN_ADVANTAGE = 3; // standard errors in Brier score over the serving model, on rows that the candidate has not seen
const PATIENCE_BLOCKS = 2; // clean blocks until a suspicion about labels is over

const round = (value) => Math.round(value * 1e6) / 1e6;
const bias = ({ document: { metrics } }) => ({ loss: metrics.brier - metrics.expected_brier, slope: metrics.slope_gap });
const current = (dir) => join(dir, 'models', 'current.json');

/** The retrained model that a former run left in `dir`, if it descends from `base`; else null. */
export function restore(dir, base, log) {
  try {
    const model = parse(readFileSync(current(dir)));
    if (model.document.lineage.base_sha256 === base.fileSha256) return model;
    log.info('retrained model is not used', { reason: 'it descends from another base model than the one deployed' });
  } catch (error) {
    if (error.code !== 'ENOENT') log.error('retrained model is not used', { error: error.message });
  }
  return null;
}

/** Quantiles and shares of the new model's log-odds: what the drift monitor compares its scores with from now on. */
function scoreReference(logits, bins) {
  const sorted = Float64Array.from(logits).sort();
  const quantiles = Array.from({ length: bins - 1 }, (_, i) => round(sorted[Math.floor(((i + 1) / bins) * sorted.length)]));
  const edges = [...new Set(quantiles)];
  const share = new Array(edges.length + 1).fill(0);
  let total = 0;
  let squares = 0;
  for (const value of sorted) {
    share[edges.filter((edge) => edge <= value).length] += 1 / sorted.length;
    total += value;
    squares += value * value;
  }
  const mean = total / sorted.length;
  const std = Math.sqrt(squares / sorted.length - mean * mean);
  return { scale: 'logit', mean: round(mean), std: round(std), null_rate: 0, edges, share: share.map(round), rows: sorted.length };
}

/** The candidate as an artifact: the serving one with new weights, measures and lineage. */
function document(serving, rows, found) {
  const old = serving.document;
  const number = Number(/-r(\d+)$/.exec(old.version)?.[1] ?? 0) + 1;
  const data = createHash('sha256').update(rows.full).update(rows.labels).digest('hex');
  const part = (weights, { terms }) => ({ intercept: round(weights[0]), weights: [...weights.slice(1)].map(round), terms });
  const frauds = rows.labels.reduce((sum, label) => sum + label, 0) / rows.labels.length;
  return {
    ...old,
    version: `${old.version.replace(/-r\d+$/, '')}-r${number}`,
    lineage: {
      ...old.lineage,
      data: { name: 'feedback', sha256: data, rows: rows.labels.length },
      params: { ...old.lineage.params, ridge: found.ridge, retrain_rows: RETRAIN_ROWS, min_advantage: MIN_ADVANTAGE },
      parent: old.version,
      parent_sha256: serving.fileSha256,
      base_sha256: old.lineage.base_sha256 ?? serving.fileSha256,
    },
    metrics: {
      brier: round(found.brier),
      brier_skill: round(1 - found.brier / (frauds * (1 - frauds))),
      expected_brier: round(found.expected),
      slope_gap: round(found.slopeGap),
      fraud_rate: round(frauds),
      fallback_brier: round(found.fallbackBrier),
      parent_brier: round(found.servedBrier),
      advantage_standard_errors: round(found.advantage),
    },
    full: part(found.weights, old.full),
    fallback: part(found.fallbackWeights, old.fallback),
    reference: { ...old.reference, score: scoreReference(found.logits, 20) },
  };
}

/** Fill in what the new weights answer to the probes, so that the artifact can be checked wherever it is loaded. */
function withProbes(next) {
  const model = new Model(next, null);
  const probes = next.probes.map(({ input }) => ({ input, score: probability(model.full.logit(input)), fallback_score: probability(model.fallback.logit(input)) }));
  return { ...next, probes };
}

/**
 * Why the candidate must not serve, or null. Cross-validation judges how it was made; what would serve are the final weights, and
 * those must fit the data they come from no worse than the models of the folds did on data they had not seen.
 */
function objection(found) {
  if (found.advantage < MIN_ADVANTAGE) return 'not clearly better than the serving model on held-out labels';
  if (found.fittedBrier > found.brier || found.fittedFallbackBrier > found.fallbackBrier) return 'the final weights fit worse than the cross-validated ones';
  return null;
}

function train(workerData) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./fit-worker.js', import.meta.url), { workerData });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => code && reject(new Error(`the training thread ended with ${code}`)));
  });
}

export class Learning {
  #training = null;
  #nextTry = RETRAIN_ROWS;

  /** `promote(model)` makes a model serve. */
  constructor({ model, dataDir, alerts, metrics, log, promote }) {
    Object.assign(this, { model, dataDir, alerts, metrics, log, promote });
    this.labels = new Labels(model.full.size, model.fallback.size);
    this.quality = new Quality({ bias: bias(model), centre: model.reference.score.mean, metrics });
  }

  remember(id, score, transaction, history) {
    const { model } = this;
    this.labels.remember(id, model.version, score, history ? model.full.scratch : null, (row) => model.fallback.fill(transaction, row));
  }

  /** One label from POST /feedback. Returns 'matched', 'unknown' or 'repeated'. */
  feedback({ transaction_id: id, label }) {
    const found = this.labels.join(id, label);
    if (typeof found === 'string') return found;
    // an answer of the previous model says nothing about this one
    if (found.version === this.model.version && this.quality.add(found.score, label, found.row)) this.#judge();
    return 'matched';
  }

  #judge() {
    const { quality, alerts } = this;
    if (quality.suspect) alerts.fire('LabelsSuspect', {}, 'the fraud rate among new labels is implausible: a wrong join? They are not trained on');
    else if (quality.clean >= PATIENCE_BLOCKS) alerts.resolve('LabelsSuspect', {});
    if (quality.degraded) alerts.fire('LiveQualityDegraded', {}, 'late labels show that the scores are worse than the model expects of itself');
    else if (quality.sound) alerts.resolve('LiveQualityDegraded', {});
    if (!quality.degraded) this.#nextTry = RETRAIN_ROWS;
    else if (!quality.suspect && !this.#training && quality.rows.length >= this.#nextTry) {
      this.#training = this.#retrain().finally(() => { this.#training = null; });
    }
  }

  async #retrain() {
    const rows = this.labels.copy(this.quality.rows);
    this.#nextTry = this.quality.rows.length + TRY_AGAIN_ROWS;
    const { full, fallback } = this.model;
    const weights = (part) => Float64Array.from([part.intercept, ...part.weights]);
    this.log.info('retraining begins', { reason: 'live quality fell', rows: rows.labels.length });
    try {
      const found = await train({
        full: { rows: rows.full, size: full.size, weights: weights(full) },
        fallback: { rows: rows.fallback, size: fallback.size, weights: weights(fallback) },
        labels: rows.labels,
        served: rows.served,
      });
      this.#decide(rows, found);
    } catch (error) {
      this.metrics.retrains.add('failed');
      this.log.error('retraining failed', { error: error.message });
    }
  }

  #decide(rows, found) {
    const next = document(this.model, rows, found);
    const facts = { version: next.version, ...next.metrics };
    const problem = objection(found);
    if (problem) {
      this.metrics.retrains.add('rejected');
      this.log.warn('retrained model is rejected', { reason: problem, ...facts });
      return;
    }
    const content = serialise(withProbes(next));
    const model = parse(content); // the same gate as at a start: what cannot be loaded is not promoted
    mkdirSync(join(this.dataDir, 'models'), { recursive: true });
    for (const path of [join(this.dataDir, 'models', `${model.version}.json`), current(this.dataDir)]) {
      writeFileSync(`${path}.partial`, content);
      renameSync(`${path}.partial`, path);
    }
    this.model = model;
    this.quality.restart(bias(model), model.reference.score.mean);
    this.#nextTry = RETRAIN_ROWS;
    this.promote(model);
    this.metrics.retrains.add('promoted');
    this.log.info('retrained model serves', facts);
  }
}
