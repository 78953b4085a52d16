// The scoring service: what each route does.

import { createHash } from 'node:crypto';
import { probability } from './model.js';
import { feedback, parseJson, Refusal, transaction } from './validate.js';

const LOGGED = 10; // every n-th prediction is logged; what went wrong is always logged (up to the log's own limit)
const RETRY = { 'retry-after': '1' };

const sha256 = (text) => createHash('sha256').update(text).digest('hex');

/** Digest of what the model sees of a request. Equal inputs have equal digests; nothing personal goes in. */
function inputDigest(t) {
  return sha256(JSON.stringify([t.amount, t.currency, t.merchant_category, t.channel, t.country, t.distance_km, t.device_age_days, t.minutes_since_last]));
}

const historyDigest = (h) => h && sha256(JSON.stringify([h.avg_amount_30d, h.tx_count_24h, h.chargebacks_90d, h.account_age_days])).slice(0, 16);

export class Service {
  draining = false;
  #served = 0;

  /** `model` is null (with `problem` saying why) when no artifact could be loaded: then nothing is scored. */
  constructor({ config, model, problem, codeCommit, store, admission, audit, drift, learning, metrics, log }) {
    Object.assign(this, { config, model, problem, codeCommit, store, admission, audit, drift, learning, metrics, log });
    log.modelVersion = model?.version ?? null;
    metrics.registry.asked('fraud_model_info', 'The model that serves.', () => (this.model ? [[this.#modelLabels(), 1]] : []));
    metrics.registry.asked('fraud_in_flight', 'Predictions in work.', () => admission.running);
    metrics.registry.asked('fraud_queued', 'Predictions that wait.', () => admission.waiting);
    this.routes = {
      '/predict': { POST: (call) => this.predict(call) },
      '/feedback': { POST: (call) => this.feedback(call) },
      '/healthz': { GET: () => ({ status: 200, body: { status: 'alive' } }) },
      '/readyz': { GET: () => this.ready() },
      '/version': { GET: () => this.version() },
      '/metrics': { GET: () => ({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: metrics.registry.render() }) },
    };
  }

  #modelLabels() {
    const { version, fileSha256, document } = this.model;
    return { version, sha256: fileSha256, data_sha256: document.lineage.data.sha256 };
  }

  /** A retrained model takes over between two requests; answers in work keep the model they began with. */
  promote(model) {
    this.model = model;
    this.log.modelVersion = model.version;
    this.drift.useScoreReference(model.reference.score);
  }

  async predict({ body, id }) {
    const { admission } = this;
    const began = performance.now();
    const payment = transaction(parseJson(body));
    if (!this.model) return this.#shed('no_model', id);
    const refused = await admission.enter();
    if (refused) return this.#shed(refused, id);
    try {
      const budget = this.config.deadlines.total - (performance.now() - began);
      const { history, reason } = await this.store.ask(payment.customer_id, budget);
      return await this.#score(payment, history, reason, id, began);
    } finally {
      admission.release();
    }
  }

  #score(payment, history, reason, id, began) {
    const { model, metrics } = this;
    const degraded = history === null;
    const logit = degraded ? model.fallback.logit(payment) : model.full.logit({ ...payment, ...history });
    const score = probability(logit);
    const decision = model.decision(score);
    metrics.score.observe(score);
    metrics.decisions.add(decision);
    if (degraded) {
      metrics.fallbacks.add(reason);
      this.log.warn('fallback used', { reason, request_id: id, transaction_id: payment.transaction_id });
    }
    this.learning.remember(payment.transaction_id, score, payment, history);
    this.drift.observe(payment, history, degraded ? null : logit);
    this.#served += 1;
    if (this.#served % LOGGED === 0) {
      const latency = Math.round(performance.now() - began);
      this.log.info('prediction', { request_id: id, transaction_id: payment.transaction_id, status: 200, decision, degraded, latency_ms: latency });
    }
    const entry = {
      transaction_id: payment.transaction_id, time: new Date().toISOString(), model_version: model.version, input_digest: inputDigest(payment),
      history_digest: historyDigest(history), score, decision, degraded, request_id: id,
    };
    const answer = { status: 200, body: { transaction_id: payment.transaction_id, score, decision, model_version: model.version, degraded } };
    return new Promise((resolve) => this.audit.append(entry, () => resolve(answer)));
  }

  #shed(reason, id) {
    this.metrics.shed.add(reason);
    this.log.warn('prediction refused for now', { reason, status: 503, request_id: id });
    return { status: 503, body: { error: 'busy', detail: reason.replaceAll('_', ' ') }, headers: RETRY };
  }

  feedback({ body }) {
    if (!this.learning) throw new Refusal(503, 'no_model', 'no model, so no predictions to label');
    const result = this.learning.feedback(feedback(parseJson(body)));
    this.metrics.feedback.add(result);
    return { status: 202, body: { status: 'taken', result } };
  }

  ready() {
    if (!this.model) return { status: 503, body: { status: 'not ready', reason: this.problem } };
    if (this.draining) return { status: 503, body: { status: 'not ready', reason: 'draining' } };
    return { status: 200, body: { status: 'ready', model_version: this.model.version } };
  }

  version() {
    if (!this.model) return { status: 503, body: { error: 'no_model', detail: this.problem } };
    const { document, fileSha256, version } = this.model;
    const { lineage, metrics } = document;
    return {
      status: 200,
      body: {
        model_version: version,
        model_sha256: fileSha256,
        data_version: `sha256:${lineage.data.sha256}`,
        data: lineage.data,
        code_commit: this.codeCommit,
        training_code_sha256: lineage.code_sha256,
        parent_version: lineage.parent,
        training_metrics: metrics,
        runtime: `node ${process.versions.node}`,
      },
    };
  }
}
