// Live quality from late labels: is the model still as good as it says it is?
//
// For probabilities p that are true, two sums over labelled payments have a known mean and variance, so no baseline period is needed:
// the squared error (mean p(1-p)), and the residual times the centred log-odds, which falls when fraud no longer follows the score.
// Labels are taken in blocks; the standardised excess of each block feeds a one-sided CUSUM per sum, which says that quality fell, and since when.

export const BLOCK = 100;
const SHOWN = 5; // blocks behind the gauges
const SLACK = 0.5; // standard errors per block that are forgiven
const ALARM = 7;
const LARGEST_STEP = 3; // one odd block cannot raise the alarm by itself
const MAX_ROWS = 5000;
const WRONG_JOIN = 0.35; // fraud rate of a block that no attack reaches, but an inverted or shifted label does

const empty = () => ({ n: 0, frauds: 0, loss: 0, expected: 0, lossVariance: 0, slope: 0, slopeVariance: 0, rows: [] });

class Cusum {
  value = 0;
  rows = [];

  add(excess, rows) {
    this.value = Math.max(0, this.value + Math.min(LARGEST_STEP, excess) - SLACK);
    // at zero, whatever comes next is after the last moment that was surely good
    this.rows = this.value === 0 ? [] : [...this.rows, ...rows].slice(-MAX_ROWS);
  }
}

export class Quality {
  /** `bias` is what cross-validation found per payment: {loss: excess of the squared error, slope: mean of residual times log-odds}. */
  constructor({ bias, centre, metrics }) {
    this.metrics = metrics;
    this.restart(bias, centre);
  }

  restart(bias, centre) {
    Object.assign(this, { bias, centre, block: empty(), blocks: [], suspect: false, clean: 0, loss: new Cusum(), slope: new Cusum() });
  }

  get worst() { return this.loss.value > this.slope.value ? this.loss : this.slope; }
  get degraded() { return this.worst.value > ALARM; }
  get sound() { return this.worst.value === 0; }
  /** Numbers of the labelled payments since quality fell. */
  get rows() { return this.worst.rows; }

  /** One label. Returns true when a block was completed and the state may have changed. */
  add(score, label, row) {
    const { block } = this;
    const p = Math.min(1 - 1e-6, Math.max(1e-6, score));
    const variance = p * (1 - p);
    const logit = Math.log(p / (1 - p)) - this.centre;
    block.n += 1;
    block.frauds += label;
    block.loss += (p - label) ** 2;
    block.expected += variance + this.bias.loss;
    block.lossVariance += variance * (1 - 2 * p) ** 2;
    block.slope += (label - p) * logit - this.bias.slope;
    block.slopeVariance += variance * logit ** 2;
    block.rows.push(row);
    if (block.n < BLOCK) return false;
    this.block = empty();
    this.#close(block);
    return true;
  }

  #close(block) {
    this.suspect = block.frauds / block.n > WRONG_JOIN;
    if (this.suspect) {
      this.clean = 0;
      return; // neither judged nor trained on
    }
    this.clean += 1;
    this.loss.add((block.loss - block.expected) / Math.sqrt(block.lossVariance), block.rows);
    this.slope.add(-block.slope / Math.sqrt(block.slopeVariance), block.rows);
    this.blocks = [...this.blocks, block].slice(-SHOWN);
    this.#show();
  }

  #show() {
    const sum = (key) => this.blocks.reduce((total, block) => total + block[key], 0);
    const n = sum('n');
    this.metrics.liveBrier.set('', Number((sum('loss') / n).toFixed(6)));
    this.metrics.liveExpected.set('', Number((sum('expected') / n).toFixed(6)));
    this.metrics.liveLabels.set('', Number((sum('frauds') / n).toFixed(6)));
  }
}
