// Alerts in Alertmanager's webhook format (version 4), in order, with retries, and never in the way of a payment.

import http from 'node:http';

const TIMEOUT_MS = 2000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;
const MAX_QUEUE = 200;
const NEVER = '0001-01-01T00:00:00Z';

function post(url, body) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const request = http.request(url, { method: 'POST', timeout: TIMEOUT_MS, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', reject);
    request.end(body);
  });
}

export class Alerts {
  #firing = new Map();
  #queue = [];
  #sending = null;

  constructor({ url, metrics, log, send = post, clock = Date.now, wait = (ms) => new Promise((r) => setTimeout(r, ms)) }) {
    Object.assign(this, { url, metrics, log, send, clock, wait });
  }

  /** Start an alert. Labels identify it; firing what fires already is nothing new. */
  fire(alertname, labels, summary) {
    const all = { alertname, severity: 'warning', service: 'fraud-scoring', ...labels };
    const key = JSON.stringify(all);
    if (this.#firing.has(key)) return;
    const startsAt = new Date(this.clock()).toISOString();
    const alert = { labels: all, annotations: { summary, runbook: `RUNBOOK.md#${alertname.toLowerCase()}` }, startsAt };
    this.#firing.set(key, alert);
    this.log.warn('alert fires', { reason: summary, alertname, feature: labels.feature });
    this.#enqueue('firing', { ...alert, status: 'firing', endsAt: NEVER });
  }

  /** End an alert that was started with the same name and labels. */
  resolve(alertname, labels) {
    const key = JSON.stringify({ alertname, severity: 'warning', service: 'fraud-scoring', ...labels });
    const alert = this.#firing.get(key);
    if (!alert) return;
    this.#firing.delete(key);
    this.log.info('alert is over', { alertname, feature: labels.feature });
    this.#enqueue('resolved', { ...alert, status: 'resolved', endsAt: new Date(this.clock()).toISOString() });
  }

  #enqueue(status, alert) {
    if (!this.url) return;
    const { alertname, feature } = alert.labels;
    const groupKey = `{}:{alertname="${alertname}"${feature ? `,feature="${feature}"` : ''}}`;
    this.#queue.push(JSON.stringify({ version: '4', status, receiver: 'webhook', groupKey, alerts: [alert] }));
    if (this.#queue.length > MAX_QUEUE) this.#queue.shift();
    this.#sending ??= this.#drain().finally(() => { this.#sending = null; });
  }

  async #drain() {
    let pause = FIRST_RETRY_MS;
    while (this.#queue.length) {
      const body = this.#queue[0];
      const problem = await this.send(this.url, body).then((status) => (status < 300 ? null : `status ${status}`), (error) => error.code ?? error.message);
      this.metrics.alertsSent.add(problem ? 'failed' : 'sent');
      // a receiver that says the payload is wrong will say so again
      if (!problem || /^status 4(?!08|29)/.test(problem)) {
        if (problem) this.log.error('alert was refused', { error: problem });
        if (this.#queue[0] === body) this.#queue.shift();
        pause = FIRST_RETRY_MS;
        continue;
      }
      this.log.error('alert could not be sent', { error: problem });
      await this.wait(pause);
      pause = Math.min(LAST_RETRY_MS, 2 * pause);
    }
  }

  /** Resolves when all is sent, or after `limit` ms. */
  async flush(limit) {
    if (this.#sending) await Promise.race([this.#sending, new Promise((resolve) => setTimeout(resolve, limit))]);
  }
}
