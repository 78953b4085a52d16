// Refitting a logistic regression on labelled payments: penalised maximum likelihood by Newton's method, and cross-validation.
// Pure functions; rows are a flat Float32Array of `size` columns per row.

export const sigmoid = (logit) => 1 / (1 + Math.exp(-Math.min(30, Math.max(-30, logit))));

/** Solve the symmetric positive definite system a x = b in place (Cholesky). `a` is flat, n x n. */
function solve(a, b, n) {
  for (let j = 0; j < n; j += 1) {
    for (let k = 0; k < j; k += 1) {
      const factor = a[j * n + k];
      for (let i = j; i < n; i += 1) a[i * n + j] -= a[i * n + k] * factor;
    }
    const root = Math.sqrt(a[j * n + j]);
    for (let i = j; i < n; i += 1) a[i * n + j] /= root;
  }
  for (let i = 0; i < n; i += 1) {
    for (let k = 0; k < i; k += 1) b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  for (let i = n - 1; i >= 0; i -= 1) {
    for (let k = i + 1; k < n; k += 1) b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
  return b;
}

export function logit(weights, rows, row, size) {
  let total = weights[0];
  const at = row * size;
  for (let i = 0; i < size; i += 1) total += weights[i + 1] * rows[at + i];
  return total;
}

/**
 * Weights (intercept first) fitted on the rows whose index is in `chosen`. `ridge` pulls them towards `prior`, which is also where
 * the search starts; the intercept is free. `pause` is called between steps, so that payments get the CPU.
 */
export function fit({ rows, labels, size, chosen, prior, ridge, steps = 12, pause = () => {} }) {
  const n = size + 1;
  const weights = Float64Array.from(prior);
  const x = new Float64Array(n);
  for (let step = 0; step < steps; step += 1) {
    const hessian = new Float64Array(n * n);
    const gradient = new Float64Array(n);
    for (let i = 0; i < n; i += 1) {
      hessian[i * n + i] = i ? ridge : 1e-6;
      if (i) gradient[i] = -ridge * (weights[i] - prior[i]);
    }
    for (const row of chosen) {
      x[0] = 1;
      for (let i = 0; i < size; i += 1) x[i + 1] = rows[row * size + i];
      const p = sigmoid(logit(weights, rows, row, size));
      const residual = labels[row] - p;
      const curvature = p * (1 - p);
      for (let i = 0; i < n; i += 1) {
        if (x[i] === 0) continue;
        gradient[i] += residual * x[i];
        const scaled = curvature * x[i];
        for (let k = 0; k <= i; k += 1) hessian[i * n + k] += scaled * x[k];
      }
    }
    const change = solve(hessian, gradient, n);
    let largest = 0;
    for (let i = 0; i < n; i += 1) {
      weights[i] += change[i];
      largest = Math.max(largest, Math.abs(change[i]));
    }
    pause();
    if (largest < 1e-6) break;
  }
  return weights;
}

/** P(fraud) of every row from weights that were fitted without it; row i belongs to fold i mod `folds`. */
export function crossValidated({ folds, ...options }) {
  const { rows, labels, size } = options;
  const p = new Float64Array(labels.length);
  const all = [...labels.keys()];
  for (let k = 0; k < folds; k += 1) {
    const weights = fit({ ...options, chosen: all.filter((i) => i % folds !== k) });
    for (let i = k; i < labels.length; i += folds) p[i] = sigmoid(logit(weights, rows, i, size));
  }
  return p;
}

/** Brier score, and what the probabilities themselves expect it to be. */
export function brier(p, labels) {
  let loss = 0;
  let expected = 0;
  for (let i = 0; i < labels.length; i += 1) {
    loss += (p[i] - labels[i]) ** 2;
    expected += p[i] * (1 - p[i]);
  }
  return { brier: loss / labels.length, expected: expected / labels.length };
}

/** Mean of residual times centred log-odds: below 0 when the log-odds are too far apart, as those of a small training set are. */
export function slopeGap(p, labels) {
  const logits = Array.from(p, (value) => Math.log(value / (1 - value)));
  const mean = logits.reduce((a, b) => a + b, 0) / logits.length;
  return logits.reduce((sum, value, i) => sum + (labels[i] - p[i]) * (value - mean), 0) / logits.length;
}

/** Standard errors by which `p` beats `old` in Brier score on the same rows. */
export function advantage(p, old, labels) {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < labels.length; i += 1) {
    const gain = (old[i] - labels[i]) ** 2 - (p[i] - labels[i]) ** 2;
    sum += gain;
    squares += gain * gain;
  }
  const mean = sum / labels.length;
  const variance = squares / labels.length - mean * mean;
  return variance > 0 ? mean / Math.sqrt(variance / labels.length) : 0;
}
