// The audit trail: one JSON line per answered prediction, in the file before the answer leaves.
//
// Lines of one turn of the event loop are written with one call (group commit). The write goes to the page cache, so a killed
// process loses nothing; only a dying machine could, and this volume is its local disk.

import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export class Audit {
  #lines = [];
  #callbacks = [];
  #scheduled = false;
  #fd;
  #size;

  /** Opens (or goes on with) `<dir>/audit.jsonl`. Throws when that is impossible. */
  constructor({ dir, maxBytes, metrics, log }) {
    Object.assign(this, { maxBytes, metrics, log });
    mkdirSync(dir, { recursive: true });
    this.path = join(dir, 'audit.jsonl');
    this.#open();
    this.#mend();
  }

  #open() {
    this.#fd = openSync(this.path, 'a+', 0o640);
    this.#size = fstatSync(this.#fd).size;
  }

  /** A crash may have left half a line; end it so that the next one stays whole. */
  #mend() {
    const last = Buffer.alloc(1);
    if (this.#size && readSync(this.#fd, last, 0, 1, this.#size - 1) && last[0] !== 0x0a) this.#size += writeSync(this.#fd, '\n');
  }

  /** Write an entry, then call `done`. The entry's keys are fixed by the caller; nothing of a request is copied here. */
  append(entry, done) {
    this.#lines.push(JSON.stringify(entry));
    this.#callbacks.push(done);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.flush());
  }

  flush() {
    this.#scheduled = false;
    if (!this.#lines.length) return;
    const lines = this.#lines;
    const callbacks = this.#callbacks;
    this.#lines = [];
    this.#callbacks = [];
    try {
      if (this.#size > this.maxBytes) this.#rotate();
      this.#write(Buffer.from(lines.join('\n') + '\n'));
      this.metrics.auditLines.add('', lines.length);
    } catch (error) {
      this.metrics.auditErrors.add('', lines.length);
      this.log.error('audit trail cannot be written', { error: error.code ?? error.message, lines: lines.length });
    }
    for (const done of callbacks) done();
  }

  #write(bytes) {
    for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at);
    this.#size += bytes.length;
  }

  /** One older file is kept, so the volume cannot fill up; the log shipper must have read it by then (RUNBOOK.md). */
  #rotate() {
    closeSync(this.#fd);
    renameSync(this.path, `${this.path}.1`);
    this.#open();
    this.log.warn('audit trail was rotated', { reason: `larger than ${this.maxBytes} bytes` });
  }

  close() {
    this.flush();
    closeSync(this.#fd);
  }
}
