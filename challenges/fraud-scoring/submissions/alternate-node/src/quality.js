// Live quality from late labels: is the model still as good as it says it is?
//
// For probabilities p that are true, the squared error of a payment is p(1-p) on average, with a known variance. Labels are taken in
// blocks; the standardised excess of each block feeds a one-sided CUSUM, which says that quality fell, and since when.

export const BLOCK = 100;
const SHOWN = 5; // blocks behind the gauges
const SLACK = 0.5; // standard errors per block that are forgiven
const ALARM = 7; // of the CUSUM: once in about 700,000 labels by chance
const LARGEST_STEP = 3; // one odd block cannot raise the alarm by itself
const MAX_ROWS = 5000;
const WRONG_JOIN = 0.35; // fraud rate of a block that no attack reaches, but an inverted or shifted label does

const empty = () => ({ n: 0, loss: 0, expected: 0, variance: 0, frauds: 0, rows: [] });

export class Quality {
  /** `bias` is the known excess of the squared error per payment, from cross-validation. */
  constructor({ bias, metrics }) {
    this.metrics = metrics;
    this.restart(bias);
  }

  restart(bias) {
    Object.assign(this, { bias, block: empty(), blocks: [], cusum: 0, rows: [], suspect: false, clean: 0 });
  }

  get degraded() { return this.cusum > ALARM; }

  /** One label. Returns true when a block was completed and the state may have changed. */
  add(score, label, row) {
    const { block } = this;
    const own = score * (1 - score);
    block.n += 1;
    block.loss += (score - label) ** 2;
    block.expected += own + this.bias;
    block.variance += own * (1 - 2 * score) ** 2;
    block.frauds += label;
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
    const excess = (block.loss - block.expected) / Math.sqrt(Math.max(block.variance, 1e-9));
    this.cusum = Math.max(0, this.cusum + Math.min(LARGEST_STEP, excess) - SLACK);
    if (this.cusum === 0) this.rows = []; // whatever comes now is after the last moment that was surely good
    else this.rows = [...this.rows, ...block.rows].slice(-MAX_ROWS);
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
