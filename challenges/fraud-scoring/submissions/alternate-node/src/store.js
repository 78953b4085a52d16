// Client of the feature store. Every question ends within its deadline with a history or with a reason why there is none.

import http from 'node:http';
import { readFile } from 'node:fs/promises';
import { Breaker } from './breaker.js';
import { rememberingLookup } from './resolver.js';
import { history, parseJson } from './validate.js';

const MAX_ANSWER = 16 * 1024;
const TOKEN_REREAD_MS = 1000;

const found = (value) => ({ history: value, reason: null });
const missing = (reason) => ({ history: null, reason });

/** Outcomes that say the store is unwell. An unknown customer is an answer, and a sound one. */
const FAILURES = new Set(['timeout', 'error', 'invalid']);

export class FeatureStore {
  #token = null;
  #tokenRead = null;
  #tokenReadAt = -Infinity;

  constructor({ url, tokenFile, timeout, metrics, log, lookup = rememberingLookup() }) {
    Object.assign(this, { url, tokenFile, timeout, metrics, log });
    this.base = url ? url.pathname.replace(/\/+$/, '') : '';
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 64, maxFreeSockets: 64, scheduling: 'lifo', lookup });
    this.breaker = new Breaker({ onChange: (open) => this.#changed(open) });
  }

  #changed(open) {
    this.metrics.breakerOpen.set('', open ? 1 : 0);
    if (open) this.log.error('feature store is not asked any more', { reason: 'too many failures in a row', component: 'breaker' });
    else this.log.info('feature store is asked again', { reason: 'probes succeeded', component: 'breaker' });
  }

  /**
   * Ask for a customer's history; resolves within `budget` ms to {history, reason}, one of them null. Never rejects.
   */
  async ask(customerId, budget) {
    if (!this.url) return missing('error');
    if (this.breaker.open) {
      if (this.breaker.probeDue()) this.#call(customerId, this.timeout).then(({ reason }) => this.breaker.recordProbe(!FAILURES.has(reason)));
      return missing('breaker_open');
    }
    if (budget < 5) return missing('deadline'); // our own queue took the time: no fault of the store
    const timeout = Math.min(this.timeout, budget);
    const answer = await this.#call(customerId, timeout);
    // a call that had less than its usual time says nothing about the store when it ends early
    if (answer.reason !== 'timeout' || timeout === this.timeout) this.breaker.record(!FAILURES.has(answer.reason));
    return answer;
  }

  async #call(customerId, timeout) {
    const began = performance.now();
    const left = () => timeout - (performance.now() - began);
    let { answer, status, retry } = await this.#exchange(customerId, timeout);
    if (status === 401 && (await this.#readToken())) retry = true;
    if (retry && left() > 5) ({ answer } = await this.#exchange(customerId, left()));
    this.metrics.storeLatency.observe((performance.now() - began) / 1000);
    this.metrics.storeCalls.add(answer.reason ?? 'ok');
    return answer;
  }

  /** One request and its answer. `retry` is set when a kept-alive connection had died before the store saw the request. */
  #exchange(customerId, timeout) {
    return new Promise((resolve) => {
      let timer = null;
      const headers = { accept: 'application/json' };
      if (this.#token) headers.authorization = `Bearer ${this.#token}`;
      const request = http.get({
        host: this.url.hostname, port: this.url.port || 80, agent: this.agent, headers,
        path: `${this.base}/v1/customers/${encodeURIComponent(customerId)}/features`,
      });
      let began = false;
      const settle = (answer, more = {}) => {
        if (timer === null) return;
        clearTimeout(timer);
        timer = null;
        resolve({ answer, ...more });
      };
      const giveUp = (reason, more) => {
        settle(missing(reason), more);
        request.destroy();
      };
      // After a pause of our own process the timer is late and the answer may lie in the socket: look there before giving up.
      timer = setTimeout(() => setImmediate(() => giveUp('timeout')), timeout);
      request.on('error', () => giveUp('error', { retry: request.reusedSocket && !began }));
      request.on('response', (response) => {
        began = true;
        const { statusCode } = response;
        if (statusCode !== 200) {
          response.resume();
          // the connection is good again once the small body is read; the answer needs no more than the status
          if (statusCode === 404) settle(missing('unknown_customer'), { status: 404 });
          else settle(missing('error'), { status: statusCode });
          response.on('error', () => {});
          setTimeout(() => response.complete || request.destroy(), 1000).unref();
          return;
        }
        const chunks = [];
        let size = 0;
        response.on('data', (chunk) => {
          size += chunk.length;
          if (size > MAX_ANSWER) giveUp('invalid');
          else chunks.push(chunk);
        });
        response.on('error', () => giveUp('error'));
        response.on('end', () => settle(this.#read(chunks, customerId)));
      });
    });
  }

  #read(chunks, customerId) {
    try {
      const value = history(parseJson(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)), customerId);
      return value ? found(value) : missing('invalid');
    } catch {
      return missing('invalid');
    }
  }

  /** Read the token file again, at most once a second. True when there is a token to try. */
  async #readToken() {
    if (!this.tokenFile) return false;
    const now = performance.now();
    if (now - this.#tokenReadAt > TOKEN_REREAD_MS) {
      this.#tokenReadAt = now;
      this.#tokenRead = readFile(this.tokenFile, 'utf8').then((text) => {
        this.#token = text.trim() || null;
      }, (error) => this.log.error('token of the feature store cannot be read', { error: error.code }));
    }
    await this.#tokenRead;
    return this.#token !== null;
  }

  close() {
    this.agent.destroy();
  }
}
