// The drift monitor. Traffic is cut into blocks of half a drift window; after each block the last two (the window) and the last
// six (for weak shifts) are compared with training. An alarm has to be seen twice in a row, and the input that explains the
// change is the one that is named.

import { CategoricalFeature, NumericFeature } from './drift-tests.js';

export const SCORE = 'score';
const SHORT = 2;
const LONG = 6;
const CONFIRM = 2; // evaluations in a row, to fire and to resolve
const CALM = 0.8; // ratio below which a window counts as normal again
const BESIDE = 0.4; // an input moving less than this share of the strongest one is a shadow of it
const HISTORY_SPREAD = 1.5; // customers come more than once, so their history is not drawn anew for each payment
const ENOUGH = 0.6; // of a window's rows must hold a value (no history while the feature store is away)

class Tracked {
  constructor(name, kind) {
    this.name = name;
    this.restart(kind);
  }

  restart(kind) {
    Object.assign(this, { kind, current: kind.sketch(), blocks: [], alarms: 0, calm: 0, fired: null, ratio: 0, strongest: null });
  }

  closeBlock() {
    this.blocks.push(this.current);
    if (this.blocks.length > LONG) this.blocks.shift();
    this.current = this.kind.sketch();
  }

  #tests(count, rows) {
    const sketch = this.kind.merge(this.blocks.slice(-count));
    return sketch.rows >= ENOUGH * rows ? this.kind.tests(sketch) : [];
  }

  /** Compare with training. `rows` is the size of a block. */
  evaluate(rows) {
    if (this.blocks.length < SHORT) return;
    this.short = this.#tests(SHORT, SHORT * rows);
    if (!this.short.length) return;
    const long = this.blocks.length > SHORT ? this.#tests(this.blocks.length, this.blocks.length * rows) : [];
    const all = [...this.short, ...long];
    this.strongest = all.reduce((a, b) => (b.ratio > a.ratio ? b : a));
    this.ratio = Math.max(...this.short.map((test) => test.ratio));
    this.alarms = this.strongest.ratio > 1 ? this.alarms + 1 : 0;
    if (this.fired) this.#settle(all);
  }

  /** A weak shift is only seen in the long window, so "over" means far below what fired, not just below the threshold. */
  #settle(all) {
    const same = (tests) => tests.filter((test) => test.name === this.fired.name);
    const now = same(this.short)[0];
    const over = now && now.effect < this.fired.effect / 2 && this.ratio < CALM;
    this.calm = over ? this.calm + 1 : 0;
    for (const test of same(all)) this.fired.effect = Math.max(this.fired.effect, test.effect);
  }

  fire() {
    this.fired = { name: this.strongest.name, effect: this.strongest.effect };
    this.calm = 0;
  }

  resolve() {
    this.fired = null;
    this.forget();
  }

  /** Leave what is older than the window behind: it belongs to something that is over. */
  forget() {
    this.alarms = 0;
    this.blocks = this.blocks.slice(-SHORT);
  }
}

const WORDS = {
  mean: (effect) => `its mean moved by ${effect.toFixed(2)} standard deviations`,
  shape: (effect) => `its distribution moved by ${effect.toFixed(2)} (Kolmogorov-Smirnov)`,
  nulls: (effect) => `its share of nulls changed by ${(100 * effect).toFixed(0)} points`,
  mix: (effect) => `${(100 * effect).toFixed(0)} % of the rows changed category`,
  unseen: (effect) => `${(100 * effect).toFixed(0)} % of the rows hold categories that training never saw`,
};

export class DriftMonitor {
  #rows = 0;

  constructor({ reference, window, alerts, metrics }) {
    Object.assign(this, { alerts, metrics });
    this.blockRows = Math.max(25, Math.round(window / SHORT));
    const nullable = new Set(reference.nullable);
    const requestFields = ['amount', ...reference.nullable];
    this.request = [];
    this.history = [];
    for (const [name, part] of Object.entries(reference.numeric)) {
      const inRequest = requestFields.includes(name);
      const kind = new NumericFeature(part, reference.rows, { nullable: nullable.has(name), spread: inRequest ? 1 : HISTORY_SPREAD });
      (inRequest ? this.request : this.history).push(new Tracked(name, kind));
    }
    for (const [name, part] of Object.entries(reference.categorical)) this.request.push(new Tracked(name, new CategoricalFeature(part, reference.rows)));
    this.inputs = [...this.request, ...this.history];
    this.score = new Tracked(SCORE, new NumericFeature(reference.score, reference.score.rows ?? reference.rows));
    for (const feature of [...this.inputs, this.score]) {
      metrics.driftScore.set(feature.name, 0);
      metrics.driftAlert.set(feature.name, 0);
    }
  }

  /** A new model scores differently by design: compare with what it gave on its own data. */
  useScoreReference(reference) {
    if (this.score.fired) this.#resolve(this.score);
    this.score.restart(new NumericFeature(reference, reference.rows));
  }

  /** One prediction: the request, the customer's history (null when a fallback was used) and the full model's log-odds (or null). */
  observe(transaction, history, logit) {
    for (const feature of this.request) feature.kind.add(feature.current, transaction[feature.name]);
    if (history) {
      for (const feature of this.history) feature.kind.add(feature.current, history[feature.name]);
      this.score.kind.add(this.score.current, logit);
    }
    this.#rows += 1;
    if (this.#rows % this.blockRows === 0) this.#evaluate();
  }

  #evaluate() {
    const all = [...this.inputs, this.score];
    for (const feature of all) {
      feature.closeBlock();
      feature.evaluate(this.blockRows);
      this.metrics.driftScore.set(feature.name, Number(feature.ratio.toFixed(4)));
      if (feature.fired && feature.calm >= CONFIRM) this.#resolve(feature);
    }
    this.metrics.driftWindows.add();
    this.#blame();
  }

  /** One broken input moves more than the scores it leads to; another population moves the scores more than any one input. */
  #blame() {
    const strongest = Math.max(...this.inputs.map((input) => input.strongest?.ratio ?? 0));
    const { score } = this;
    if (score.alarms > 0 && score.strongest.ratio > strongest) {
      if (score.alarms >= CONFIRM && !this.inputs.some((input) => input.fired)) this.#fire(score);
      return;
    }
    for (const input of this.inputs) if (input.alarms >= CONFIRM && input.strongest.ratio >= BESIDE * strongest) this.#fire(input);
  }

  #fire(feature) {
    if (feature.fired) return;
    feature.fire();
    this.metrics.driftAlert.set(feature.name, 1);
    const words = WORDS[feature.fired.name](feature.fired.effect);
    if (feature === this.score) this.alerts.fire('ScoreDrift', {}, `the scores no longer look as they did in training: ${words}`);
    else this.alerts.fire('FeatureDrift', { feature: feature.name }, `${feature.name} no longer looks as it did in training: ${words}`);
  }

  #resolve(feature) {
    feature.resolve();
    for (const other of [...this.inputs, this.score]) if (!other.fired) other.forget();
    this.metrics.driftAlert.set(feature.name, 0);
    if (feature === this.score) this.alerts.resolve('ScoreDrift', {});
    else this.alerts.resolve('FeatureDrift', { feature: feature.name });
  }
}
