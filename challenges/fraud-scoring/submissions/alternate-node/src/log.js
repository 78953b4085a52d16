// Structured logs: one JSON object per line on stdout, written in batches because a write to a pipe blocks the event loop.
// Personal data never gets here: callers pass reasons from fixed lists and never a request's values.

import { writeSync } from 'node:fs';

const FLUSH_MS = 50;
const MAX_PENDING = 2000;
const PER_SECOND = 25; // lines of one kind; an outage at 300 requests/s must not bury the line that explains it

export class Log {
  #lines = [];
  #timer = null;
  #kinds = new Map();
  #second = 0;

  constructor({ write = (text) => writeSync(1, text), clock = Date.now } = {}) {
    this.write = write;
    this.clock = clock;
    this.modelVersion = null;
  }

  info(message, fields) { this.#add('info', message, fields); }
  warn(message, fields) { this.#add('warning', message, fields); }
  error(message, fields) { this.#add('error', message, fields); }

  #add(level, message, fields = {}) {
    const now = this.clock();
    const repeated = this.#limited(now, `${level} ${message} ${fields.reason ?? ''}`);
    if (repeated === null) return;
    const line = { time: new Date(now).toISOString(), level, message, model_version: this.modelVersion, ...fields };
    if (repeated) line.suppressed_before = repeated;
    this.#lines.push(JSON.stringify(line));
    if (this.#lines.length >= MAX_PENDING) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref();
  }

  /** How many lines of this kind were held back since the last one written; null when this one is held back too. */
  #limited(now, kind) {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      for (const state of this.#kinds.values()) state.count = 0;
      if (this.#kinds.size > 500) this.#kinds.clear();
    }
    let state = this.#kinds.get(kind);
    if (!state) this.#kinds.set(kind, (state = { count: 0, held: 0 }));
    if (++state.count > PER_SECOND) {
      state.held += 1;
      return null;
    }
    const held = state.held;
    state.held = 0;
    return held;
  }

  flush() {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (!this.#lines.length) return;
    const text = this.#lines.join('\n') + '\n';
    this.#lines = [];
    try {
      this.write(text);
    } catch (error) {
      if (error.code !== 'EAGAIN' && error.code !== 'EPIPE') throw error; // nobody reads: losing lines beats losing payments
    }
  }
}
