// The model artifact (written by pipeline/train.py or by src/retrain.js): read, verified, tried out, and asked.

import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { compile } from './encoding.js';

export const SCHEMA = 'fraud-terms/1';
const BLANK = '0'.repeat(64);
const LARGEST = 4 * 1024 * 1024;
const TOLERANCE = 2e-6; // probes are rounded to six decimals

const sha256 = (content) => createHash('sha256').update(content).digest('hex');

/** The file cannot be served; the message says why. */
export class BadArtifact extends Error {}

function demand(condition, why) {
  if (!condition) throw new BadArtifact(why);
}

/** A logistic regression over the artifact's terms. */
class Linear {
  constructor({ intercept, weights, terms }) {
    demand(Array.isArray(terms) && Array.isArray(weights) && weights.length === terms.length, 'weights and terms differ in number');
    demand([intercept, ...weights].every(Number.isFinite), 'a weight is not a finite number');
    this.size = terms.length;
    this.intercept = intercept;
    this.weights = Float64Array.from(weights);
    this.fill = compile(terms);
    this.scratch = new Float64Array(this.size); // one thread, and nothing waits between fill and use
  }

  /** Log-odds of fraud, within +-30. The encoded input stays in `scratch` until the next call. */
  logit(input) {
    const { weights, size } = this;
    const vector = this.fill(input, this.scratch);
    let total = this.intercept;
    for (let i = 0; i < size; i += 1) total += weights[i] * vector[i];
    return total < -30 ? -30 : total > 30 ? 30 : total;
  }
}

/** P(fraud) to six decimals: the precision of answers, audit entries and metrics. */
export const probability = (logit) => Math.round(1e6 / (1 + Math.exp(-logit))) / 1e6;

export class Model {
  constructor(document, digest) {
    this.document = document;
    this.fileSha256 = digest;
    this.version = document.version;
    this.full = new Linear(document.full);
    this.fallback = new Linear(document.fallback);
    this.thresholds = document.thresholds;
    this.reference = document.reference;
  }

  decision(score) {
    return score >= this.thresholds.decline ? 'decline' : score >= this.thresholds.review ? 'review' : 'approve';
  }
}

function verify(model) {
  const { version, lineage, metrics, thresholds, reference, probes } = model.document;
  demand(typeof version === 'string' && version !== '', 'no version');
  demand(Number.isFinite(thresholds.review) && Number.isFinite(thresholds.decline), 'no thresholds');
  demand(typeof lineage.data.sha256 === 'string' && metrics !== null && typeof metrics === 'object', 'no lineage');
  demand(reference.numeric && reference.categorical && reference.score, 'no drift reference');
  demand(Array.isArray(probes) && probes.length > 0, 'no probes');
  for (const [i, probe] of probes.entries()) {
    const full = probability(model.full.logit(probe.input)) - probe.score;
    const fallback = probability(model.fallback.logit(probe.input)) - probe.fallback_score;
    demand(Math.abs(full) <= TOLERANCE && Math.abs(fallback) <= TOLERANCE, `probe ${i} does not get the score that training computed`);
  }
}

/** A model from an artifact's bytes. Throws BadArtifact; never returns a model that cannot score. */
export function parse(content) {
  let document;
  try {
    document = JSON.parse(content.toString('utf8'));
  } catch {
    throw new BadArtifact('it is not JSON: cut off, or another kind of file');
  }
  demand(document !== null && typeof document === 'object' && document.schema === SCHEMA, `it is no ${SCHEMA} artifact`);
  const blanked = content.toString('utf8').replace(String(document.digest), BLANK);
  demand(sha256(blanked) === document.digest, 'it does not match its own digest: damaged or edited');
  try {
    const model = new Model(document, sha256(content));
    verify(model);
    return model;
  } catch (error) {
    if (error instanceof BadArtifact) throw error;
    throw new BadArtifact(`a part is missing or garbled (${error.message})`);
  }
}

/** The model in a file. Throws BadArtifact. */
export function load(path) {
  let content;
  try {
    demand(statSync(path).size <= LARGEST, 'it is larger than any model of ours');
    content = readFileSync(path);
  } catch (error) {
    if (error instanceof BadArtifact) throw error;
    throw new BadArtifact(`it cannot be read (${error.code})`);
  }
  return parse(content);
}

/** The bytes of an artifact with its digest filled in; the counterpart of pipeline/artifact.py. */
export function serialise(document) {
  const text = JSON.stringify({ ...document, schema: SCHEMA, digest: BLANK }) + '\n';
  return Buffer.from(text.replace(BLANK, sha256(text)));
}
