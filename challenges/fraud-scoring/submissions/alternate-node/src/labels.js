// Predictions that wait for their label, and labelled payments ready for training. Both are rings of a fixed size that is taken
// at the start: memory does not grow with traffic.

const PENDING = 10_000;
const LABELLED = 5_000;

/** Rows of encoded inputs beside a score, overwritten in a circle. */
class Ring {
  constructor(capacity, fullSize, fallbackSize) {
    Object.assign(this, { capacity, fullSize, fallbackSize, written: 0 });
    this.full = new Float32Array(capacity * fullSize).fill(0.5); // touched now, so that memory is resident from the start
    this.fallback = new Float32Array(capacity * fallbackSize).fill(0.5);
    this.scores = new Float64Array(capacity).fill(0.5);
  }

  /** The row for the next entry; its old content is lost. */
  next() {
    return this.written++ % this.capacity;
  }

  fullAt(row) { return this.full.subarray(row * this.fullSize, (row + 1) * this.fullSize); }
  fallbackAt(row) { return this.fallback.subarray(row * this.fallbackSize, (row + 1) * this.fallbackSize); }
}

export class Labels {
  #rowOf = new Map();

  constructor(fullSize, fallbackSize) {
    this.pending = new Ring(PENDING, fullSize, fallbackSize);
    this.labelled = new Ring(LABELLED, fullSize, fallbackSize);
    this.ids = new Array(PENDING).fill(null);
    this.versions = new Array(PENDING).fill(null);
    this.done = new Uint8Array(PENDING);
    this.labels = new Uint8Array(LABELLED);
  }

  /** Remember a prediction. `encodeFallback` fills the fallback model's input; without a history only the id is kept. */
  remember(id, version, score, full, encodeFallback) {
    const { pending } = this;
    const row = pending.next();
    if (this.ids[row] !== null && this.#rowOf.get(this.ids[row]) === row) this.#rowOf.delete(this.ids[row]);
    this.ids[row] = id;
    this.versions[row] = full ? version : null;
    this.done[row] = 0;
    this.#rowOf.set(id, row);
    if (!full) return;
    pending.scores[row] = score;
    pending.fullAt(row).set(full);
    encodeFallback(pending.fallbackAt(row));
  }

  /** Join a label: 'unknown', 'repeated', or {version, score, row} where `row` counts labelled payments (version null: degraded). */
  join(id, label) {
    const from = this.#rowOf.get(id);
    if (from === undefined) return 'unknown';
    if (this.done[from]) return 'repeated';
    this.done[from] = 1;
    const version = this.versions[from];
    if (version === null) return { version };
    const number = this.labelled.written;
    const to = this.labelled.next();
    this.labelled.fullAt(to).set(this.pending.fullAt(from));
    this.labelled.fallbackAt(to).set(this.pending.fallbackAt(from));
    this.labelled.scores[to] = this.pending.scores[from];
    this.labels[to] = label;
    return { version, score: this.pending.scores[from], row: number };
  }

  /** Copies of the labelled rows with these numbers (those not overwritten yet), in the layout that src/fit-worker.js reads. */
  copy(numbers) {
    const { labelled } = this;
    const kept = numbers.filter((number) => number >= labelled.written - labelled.capacity);
    const full = new Float32Array(kept.length * labelled.fullSize);
    const fallback = new Float32Array(kept.length * labelled.fallbackSize);
    const labels = new Uint8Array(kept.length);
    const served = new Float64Array(kept.length);
    kept.forEach((number, i) => {
      const row = number % labelled.capacity;
      full.set(labelled.fullAt(row), i * labelled.fullSize);
      fallback.set(labelled.fallbackAt(row), i * labelled.fallbackSize);
      labels[i] = this.labels[row];
      served[i] = labelled.scores[row];
    });
    return { full, fallback, labels, served };
  }
}
