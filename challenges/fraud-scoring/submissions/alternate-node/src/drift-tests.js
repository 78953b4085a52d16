// The statistics of the drift monitor: sketches of blocks of traffic, and tests that compare merged sketches with training.
//
// Every test answers {name, ratio, effect}. `effect` is the size of the change in the test's own unit; `ratio` is 1 where the
// change is both beyond chance (4.5 standard errors, p = 7e-6, or the same level of another test) and large enough to matter.

const Z = 4.5;
const KS = 2.5; // 2 exp(-2 * 2.5^2) = 7e-6
const BOUND = 4; // standard deviations; a few absurd values must not move a mean
const LEAST = { mean: 0.15, shape: 0.07, nulls: 0.04, mix: 0.08, unseen: 0.05 };
const UNSEEN_ROWS = 12;
const MIN_EXPECTED = 5;

const SCALES = {
  log: (value) => Math.log(value < 0.01 ? 0.01 : value),
  log1p: Math.log1p,
  logit: (value) => value,
};

const result = (name, evidence, effect) => ({ name, ratio: Math.min(evidence, effect / LEAST[name]), effect });

/** A numeric input (or the score): mean, shape, and share of nulls. `spread` > 1 where rows are not independent of each other. */
export class NumericFeature {
  constructor(reference, rows, { nullable = false, spread = 1 } = {}) {
    Object.assign(this, { reference, rows, nullable, spread });
    this.transform = SCALES[reference.scale];
    let below = 0;
    this.cumulative = reference.edges.map((_, i) => (below += reference.share[i]));
  }

  sketch() {
    return { rows: 0, nulls: 0, sum: 0, bins: new Uint32Array(this.reference.edges.length + 1) };
  }

  add(sketch, value) {
    sketch.rows += 1;
    if (value === null) {
      sketch.nulls += 1;
      return;
    }
    const { mean, std, edges } = this.reference;
    const x = this.transform(value);
    const z = (x - mean) / std;
    sketch.sum += z < -BOUND ? -BOUND : z > BOUND ? BOUND : z;
    let low = 0;
    let high = edges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (x < edges[middle]) high = middle;
      else low = middle + 1;
    }
    sketch.bins[low] += 1;
  }

  merge(sketches) {
    const total = this.sketch();
    for (const part of sketches) {
      total.rows += part.rows;
      total.nulls += part.nulls;
      total.sum += part.sum;
      for (let i = 0; i < total.bins.length; i += 1) total.bins[i] += part.bins[i];
    }
    return total;
  }

  tests(sketch) {
    const found = [];
    const known = sketch.rows - sketch.nulls;
    const error = (n) => this.spread * Math.sqrt(1 / n + 1 / this.rows);
    if (known > 30) {
      const shift = Math.abs(sketch.sum / known);
      found.push(result('mean', shift / (Z * error(known)), shift));
      let below = 0;
      let distance = 0;
      this.cumulative.forEach((expected, i) => {
        below += sketch.bins[i];
        distance = Math.max(distance, Math.abs(below / known - expected));
      });
      found.push(result('shape', distance / (KS * error(known)), distance));
    }
    if (this.nullable) {
      const base = Math.max(this.reference.null_rate, 0.002);
      const change = Math.abs(sketch.nulls / sketch.rows - base);
      found.push(result('nulls', change / (Z * error(sketch.rows) * Math.sqrt(base * (1 - base))), change));
    }
    return found;
  }
}

/** z of a chi-square statistic (Wilson and Hilferty). */
function chiSquareZ(statistic, freedom) {
  const c = 2 / (9 * freedom);
  return (Math.cbrt(statistic / freedom) - (1 - c)) / Math.sqrt(c);
}

/** A categorical input: the mix of known levels, and the share of levels that training never saw. */
export class CategoricalFeature {
  constructor(reference, rows) {
    this.rows = rows;
    this.positions = new Map(Object.keys(reference).map((level, i) => [level, i]));
    this.shares = Object.values(reference);
  }

  sketch() {
    return { rows: 0, unseen: 0, bins: new Uint32Array(this.shares.length) };
  }

  add(sketch, value) {
    sketch.rows += 1;
    const position = this.positions.get(value);
    if (position === undefined) sketch.unseen += 1;
    else sketch.bins[position] += 1;
  }

  merge(sketches) {
    const total = this.sketch();
    for (const part of sketches) {
      total.rows += part.rows;
      total.unseen += part.unseen;
      for (let i = 0; i < total.bins.length; i += 1) total.bins[i] += part.bins[i];
    }
    return total;
  }

  tests(sketch) {
    const unseen = sketch.unseen / sketch.rows;
    return [result('unseen', sketch.unseen / UNSEEN_ROWS, unseen), this.#mix(sketch)];
  }

  #mix(sketch) {
    const known = sketch.rows - sketch.unseen;
    const inflate = 1 + known / this.rows; // the reference is a sample too
    let statistic = 0;
    let cells = 0;
    let distance = 0;
    let rareSeen = 0;
    let rareExpected = 0;
    this.shares.forEach((share, i) => {
      const expected = share * known;
      distance += Math.abs(sketch.bins[i] - expected) / 2;
      if (expected < MIN_EXPECTED) {
        rareSeen += sketch.bins[i];
        rareExpected += expected;
      } else {
        statistic += (sketch.bins[i] - expected) ** 2 / (expected * inflate);
        cells += 1;
      }
    });
    if (rareExpected >= MIN_EXPECTED) {
      statistic += (rareSeen - rareExpected) ** 2 / (rareExpected * inflate);
      cells += 1;
    }
    if (known < 30 || cells < 2) return result('mix', 0, 0);
    return result('mix', Math.max(0, chiSquareZ(statistic, cells - 1)) / Z, distance / known);
  }
}
