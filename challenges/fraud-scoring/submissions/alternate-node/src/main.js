// Puts the service together, starts it, and ends it in order.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Admission } from './admission.js';
import { Alerts } from './alerts.js';
import { Audit } from './audit.js';
import { load as loadConfig, ROOT } from './config.js';
import { DriftMonitor } from './drift.js';
import { HttpServer } from './http.js';
import { Learning, restore } from './learning.js';
import { Log } from './log.js';
import { create as createMetrics } from './metrics.js';
import { BadArtifact, load as loadModel } from './model.js';
import { Service } from './service.js';
import { FeatureStore } from './store.js';

/** The commit that the image was built from; a digest of the sources where the build was not told. */
function codeCommit(commit) {
  if (commit) return commit;
  const total = createHash('sha256');
  for (const name of readdirSync(join(ROOT, 'src')).sort()) total.update(name).update(readFileSync(join(ROOT, 'src', name)));
  return `src-${total.digest('hex').slice(0, 12)}`;
}

/** {model, problem}: one of them null. A broken artifact is no reason to die: the process stays, says why, and is never ready. */
function openModel(config, log) {
  try {
    const base = loadModel(config.modelPath);
    return { model: restore(config.dataDir, base, log) ?? base, problem: null };
  } catch (error) {
    if (!(error instanceof BadArtifact)) throw error;
    log.error('no model, so never ready', { reason: error.message });
    return { model: null, problem: `the model artifact cannot be used: ${error.message}` };
  }
}

/** Start everything; resolves to {server, stop}. */
export async function start(env = process.env, log = new Log()) {
  const config = loadConfig(env);
  const metrics = createMetrics();
  const { model, problem } = openModel(config, log);
  const store = new FeatureStore({ url: config.storeUrl, tokenFile: config.storeTokenFile, timeout: config.deadlines.store, metrics, log });
  const alerts = new Alerts({ url: config.webhookUrl, metrics, log });
  const admission = new Admission(config);
  const audit = new Audit({ dir: config.dataDir, maxBytes: config.auditMaxBytes, metrics, log });
  const drift = model && new DriftMonitor({ reference: model.reference, window: config.driftWindow, alerts, metrics });
  const learning = model && new Learning({ model, dataDir: config.dataDir, alerts, metrics, log, promote: (next) => service.promote(next) });
  const service = new Service({ config, model, problem, codeCommit: codeCommit(config.commit), store, admission, audit, drift, learning, metrics, log });
  const onAnswer = (path, status, seconds) => {
    if (path !== '/predict') return;
    metrics.requests.add(String(status));
    metrics.latency.observe(seconds);
  };
  const server = new HttpServer({ routes: service.routes, maxBody: config.maxBody, metrics, log, onAnswer });
  await server.listen(config.port);
  log.info('listening', { port: server.server.address().port, ready: model !== null });

  /** Say that we leave, answer what still comes, finish what is in work, and write down everything. */
  async function stop() {
    if (service.draining) return;
    service.draining = true;
    server.closing = true;
    log.info('draining', { reason: 'told to stop', in_flight: admission.running });
    const limit = setTimeout(() => server.server.closeAllConnections(), config.drainLimit - 500);
    await new Promise((resolve) => setTimeout(resolve, config.drainGrace));
    await server.close();
    clearTimeout(limit);
    await alerts.flush(500);
    audit.close();
    store.close();
    log.info('stopped', { reason: 'drained' });
    log.flush();
  }
  return { server: server.server, service, stop };
}

/** A bug that nobody caught: say so and end; the platform starts us again, and a fresh process is better than a strange one. */
function die(log, kind, error) {
  log.error(kind, { exception: error?.name, error: String(error?.stack ?? error).split('\n').slice(0, 3).join(' | ') });
  log.flush();
  process.exit(1);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const log = new Log();
  process.on('uncaughtException', (error) => die(log, 'uncaught exception', error));
  process.on('unhandledRejection', (error) => die(log, 'unhandled rejection', error));
  process.on('exit', () => log.flush());
  const { stop } = await start(process.env, log);
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => stop().then(() => process.exit(0)));
}
