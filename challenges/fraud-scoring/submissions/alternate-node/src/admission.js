// Admission control: a bounded number of payments in work, a bounded queue before it, and a patience that depends on the queue.
//
// A short burst (or the backlog after a pause) may wait up to PATIENT_MS. When the queue has not been empty for STANDING_MS the
// load is more than we can serve, waiting would only make everybody late, and the wait shrinks to HURRIED_MS: controlled delay.

const PATIENT_MS = 250;
const HURRIED_MS = 15;
const STANDING_MS = 200;
const SWEEP_MS = 10;

export class Admission {
  #queue = [];
  #head = 0;
  #running = 0;
  #emptyAt = -Infinity;
  #sweeper = null;

  constructor({ maxConcurrent, maxQueue, clock = () => performance.now() }) {
    Object.assign(this, { maxConcurrent, maxQueue, clock });
  }

  get running() { return this.#running; }
  get waiting() { return this.#queue.length - this.#head; }

  /** Resolves to null when the caller may go on (and must call `release`), or to a reason to refuse. */
  enter() {
    if (this.#running < this.maxConcurrent && !this.waiting) {
      this.#running += 1;
      return null;
    }
    if (this.waiting >= this.maxQueue) return 'queue_full';
    if (!this.waiting) this.#emptyAt = this.clock();
    return new Promise((resolve) => {
      this.#queue.push({ since: this.clock(), resolve });
      this.#sweeper ??= setTimeout(() => this.#sweep(), SWEEP_MS);
    });
  }

  release() {
    this.#running -= 1;
    this.#expire();
    while (this.waiting && this.#running < this.maxConcurrent) {
      this.#running += 1;
      this.#shift().resolve(null);
    }
  }

  #patience(now) {
    return now - this.#emptyAt > STANDING_MS ? HURRIED_MS : PATIENT_MS;
  }

  #expire() {
    const now = this.clock();
    const oldest = now - this.#patience(now);
    while (this.waiting && this.#queue[this.#head].since < oldest) this.#shift().resolve('waited_too_long');
  }

  #sweep() {
    this.#sweeper = null;
    this.#expire();
    if (this.waiting) this.#sweeper = setTimeout(() => this.#sweep(), SWEEP_MS);
  }

  #shift() {
    const entry = this.#queue[this.#head];
    this.#queue[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    } else if (this.#head > 1024) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
    return entry;
  }
}
