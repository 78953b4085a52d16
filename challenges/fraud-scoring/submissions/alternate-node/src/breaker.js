// Circuit breaker: after too many failures nobody waits for the feature store until it has answered probes again.

const WINDOW = 20; // outcomes that are remembered
const FAILURES = 10; // of them failed: open
const PROBE_EVERY_MS = 200;
const PROBES_TO_CLOSE = 2; // in a row

export class Breaker {
  #outcomes = [];
  #failures = 0;
  #good = 0;
  #probedAt = -Infinity;
  open = false;

  constructor({ clock = () => performance.now(), onChange = () => {} } = {}) {
    this.clock = clock;
    this.onChange = onChange;
  }

  /** True once per interval while open: the caller should send one probe that no payment waits for. */
  probeDue() {
    const now = this.clock();
    if (!this.open || now - this.#probedAt < PROBE_EVERY_MS) return false;
    this.#probedAt = now;
    return true;
  }

  /** The outcome of a call made while closed. */
  record(ok) {
    if (this.open) return; // a call that began before it opened
    this.#outcomes.push(ok);
    if (!ok) this.#failures += 1;
    if (this.#outcomes.length > WINDOW && !this.#outcomes.shift()) this.#failures -= 1;
    if (this.#failures >= FAILURES) this.#switch(true);
  }

  /** The outcome of a probe. */
  recordProbe(ok) {
    if (!this.open) return;
    this.#good = ok ? this.#good + 1 : 0;
    if (this.#good >= PROBES_TO_CLOSE) this.#switch(false);
    else if (ok) this.#probedAt = -Infinity; // the next payment may send the second probe at once
  }

  #switch(open) {
    this.open = open;
    this.#outcomes = [];
    this.#failures = 0;
    this.#good = 0;
    this.#probedAt = this.clock();
    this.onChange(open);
  }
}
