// Prometheus text format by hand: counters, gauges and histograms with a closed set of label values.

const escape = (value) => String(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
const labelled = (labels) => {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escape(value)}"`);
  return parts.length ? `{${parts.join(',')}}` : '';
};

class Family {
  constructor(type, name, help) {
    Object.assign(this, { type, name, help });
  }

  render(out) {
    out.push(`# HELP ${this.name} ${this.help}`, `# TYPE ${this.name} ${this.type}`);
    this.samples(out);
  }
}

/** One number per value of one label (or a single number without a label). */
class Labelled extends Family {
  #values = new Map();

  constructor(type, name, help, label = null, known = []) {
    super(type, name, help);
    this.label = label;
    for (const value of label ? known : ['']) this.#values.set(value, 0);
  }

  add(value = '', amount = 1) { this.#values.set(value, (this.#values.get(value) ?? 0) + amount); }
  set(value, number) { this.#values.set(value, number); }

  samples(out) {
    for (const [value, number] of this.#values) out.push(`${this.name}${this.label ? labelled({ [this.label]: value }) : ''} ${number}`);
  }
}

class Histogram extends Family {
  #sum = 0;
  #count = 0;

  constructor(name, help, bounds) {
    super('histogram', name, help);
    this.bounds = bounds;
    this.buckets = new Float64Array(bounds.length + 1);
  }

  observe(value) {
    let i = 0;
    while (i < this.bounds.length && value > this.bounds[i]) i += 1;
    this.buckets[i] += 1;
    this.#sum += value;
    this.#count += 1;
  }

  samples(out) {
    let below = 0;
    this.bounds.forEach((bound, i) => out.push(`${this.name}_bucket{le="${bound}"} ${(below += this.buckets[i])}`));
    out.push(`${this.name}_bucket{le="+Inf"} ${this.#count}`, `${this.name}_sum ${this.#sum}`, `${this.name}_count ${this.#count}`);
  }
}

/** A gauge that is asked when it is scraped. `read` returns a number, or [[labels, number], ...]. */
class Asked extends Family {
  constructor(type, name, help, read) {
    super(type, name, help);
    this.read = read;
  }

  samples(out) {
    const found = this.read();
    if (typeof found === 'number') out.push(`${this.name} ${found}`);
    else for (const [labels, number] of found) out.push(`${this.name}${labelled(labels)} ${number}`);
  }
}

export class Registry {
  #families = [];

  #keep(family) {
    this.#families.push(family);
    return family;
  }

  counter(name, help, label, known) { return this.#keep(new Labelled('counter', name, help, label, known)); }
  gauge(name, help, label, known) { return this.#keep(new Labelled('gauge', name, help, label, known)); }
  histogram(name, help, bounds) { return this.#keep(new Histogram(name, help, bounds)); }
  asked(name, help, read, type = 'gauge') { return this.#keep(new Asked(type, name, help, read)); }

  render() {
    const out = [];
    for (const family of this.#families) family.render(out);
    return out.join('\n') + '\n';
  }
}

export const FALLBACK_REASONS = ['timeout', 'error', 'invalid', 'unknown_customer', 'breaker_open', 'deadline'];
const LATENCY = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.125, 0.15, 0.2, 0.3, 0.5, 1, 2, 5];
const SCORES = [0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

/** Every metric of the service, in one table. */
export function create() {
  const registry = new Registry();
  const m = {
    registry,
    requests: registry.counter('fraud_requests_total', 'Answers to POST /predict by status.', 'status', ['200', '400', '413', '422', '503']),
    latency: registry.histogram('fraud_request_latency_seconds', 'POST /predict from its first byte read to its answer written.', LATENCY),
    score: registry.histogram('fraud_score', 'Scores that were answered.', SCORES),
    decisions: registry.counter('fraud_decisions_total', 'Predictions answered, by decision.', 'decision', ['approve', 'review', 'decline']),
    fallbacks: registry.counter('fraud_fallbacks_total', 'Predictions of the fallback model, by reason.', 'reason', FALLBACK_REASONS),
    refused: registry.counter('fraud_refused_total', 'Refused requests of any route, by reason.', 'reason'),
    shed: registry.counter('fraud_shed_total', 'Predictions refused to protect the others, by reason.', 'reason',
      ['queue_full', 'waited_too_long', 'no_model']),
    exceptions: registry.counter('fraud_exceptions_total', 'Unexpected exceptions.'),
    storeCalls: registry.counter('fraud_feature_store_calls_total', 'Calls to the feature store by outcome.', 'outcome', ['ok', ...FALLBACK_REASONS.slice(0, 4)]),
    storeLatency: registry.histogram('fraud_feature_store_latency_seconds', 'Calls to the feature store.', LATENCY),
    breakerOpen: registry.gauge('fraud_feature_store_breaker_open', '1 while the feature store is not asked for payments.'),
    driftScore: registry.gauge('fraud_drift_score', 'Distance from training, 1 = the alarm threshold; feature="score" is the score itself.', 'feature'),
    driftAlert: registry.gauge('fraud_drift_alert', '1 while an alert is firing for this feature.', 'feature'),
    driftWindows: registry.counter('fraud_drift_evaluations_total', 'Evaluated drift windows.'),
    alertsSent: registry.counter('fraud_alerts_total', 'Alert notifications by result.', 'result', ['sent', 'failed']),
    feedback: registry.counter('fraud_feedback_total', 'Labels by what became of them.', 'result', ['matched', 'unknown', 'repeated']),
    liveBrier: registry.gauge('fraud_live_brier', 'Brier score over the last labelled window.'),
    liveExpected: registry.gauge('fraud_live_brier_expected', 'Brier score that the model itself expects for the same payments.'),
    liveLabels: registry.gauge('fraud_live_fraud_rate', 'Fraud rate over the last labelled window.'),
    retrains: registry.counter('fraud_retrains_total', 'Retrainings by result.', 'result', ['promoted', 'rejected', 'failed']),
    auditLines: registry.counter('fraud_audit_lines_total', 'Lines written to the audit trail.'),
    auditErrors: registry.counter('fraud_audit_errors_total', 'Lines that could not be written.'),
  };
  const started = Date.now() / 1000;
  registry.asked('process_start_time_seconds', 'Unix time of the start.', () => started);
  registry.asked('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
  registry.asked('process_cpu_seconds_total', 'CPU time used.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }, 'counter');
  return m;
}
