// The retraining itself, in a thread of its own so that no payment waits for it. Gets labelled rows and the serving weights,
// answers with candidates and how they did on rows they had not seen.

import { parentPort, workerData } from 'node:worker_threads';
import { advantage, brier, crossValidated, fit, logit, sigmoid, slopeGap } from './fit.js';

const FOLDS = 4;
const RIDGES = [8, 30];
const PAUSE_MS = 3;

const still = new Int32Array(new SharedArrayBuffer(4));
const pause = () => Atomics.wait(still, 0, 0, PAUSE_MS);

/** The best of a few penalties, each towards the serving weights and towards none, by cross-validation. */
function search({ rows, size, weights }, labels) {
  const options = { rows, labels, size, pause };
  const none = new Float64Array(size + 1);
  none[0] = weights[0];
  let best = null;
  for (const prior of [weights, none]) {
    for (const ridge of RIDGES) {
      const p = crossValidated({ ...options, prior, ridge, folds: FOLDS });
      const score = brier(p, labels);
      if (!best || score.brier < best.score.brier) best = { prior, ridge, p, score };
    }
  }
  const fitted = fit({ ...options, chosen: [...labels.keys()], prior: best.prior, ridge: best.ridge });
  const logits = Float64Array.from(labels, (_, i) => logit(fitted, rows, i, size));
  return { ...best, weights: fitted, logits, fitted: brier(logits.map(sigmoid), labels).brier };
}

const { full, fallback, labels, served } = workerData;
const found = search(full, labels);
const spare = search(fallback, labels);
parentPort.postMessage({
  weights: found.weights,
  fallbackWeights: spare.weights,
  ridge: found.ridge,
  brier: found.score.brier,
  expected: found.score.expected,
  slopeGap: slopeGap(found.p, labels),
  fallbackBrier: spare.score.brier,
  servedBrier: brier(served, labels).brier,
  advantage: advantage(found.p, served, labels),
  fittedBrier: found.fitted,
  fittedFallbackBrier: spare.fitted,
  logits: found.logits,
});
