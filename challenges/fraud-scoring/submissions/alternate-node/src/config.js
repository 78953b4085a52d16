// Settings: the environment is read here and nowhere else.

import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A whole number from the environment, or the default. Throws on nonsense: a typo must stop the start, not run with a default. */
function integer(env, name, fallback, least) {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) throw new Error(`${name} must be a whole number of at least ${least}, not ${JSON.stringify(text)}`);
  return value;
}

function url(env, name) {
  const text = env[name];
  if (!text) return null;
  const parsed = new URL(text);
  if (parsed.protocol !== 'http:') throw new Error(`${name} must be an http URL`);
  return parsed;
}

/** All settings. Times are in milliseconds, sizes in bytes. */
export function load(env = process.env) {
  const dataDir = env.DATA_DIR || '/data';
  return {
    port: integer(env, 'PORT', 8090, 1),
    dataDir,
    modelPath: env.MODEL_PATH || join(ROOT, 'models', 'model.json'),
    storeUrl: url(env, 'FEATURE_STORE_URL'),
    storeTokenFile: env.FEATURE_STORE_TOKEN_FILE || null,
    webhookUrl: url(env, 'ALERT_WEBHOOK_URL'),
    driftWindow: integer(env, 'DRIFT_WINDOW', 500, 50),
    commit: env.GIT_COMMIT || null,
    // A payment waits at most `total` for its answer: under the 100 ms target with room for the way there and back.
    deadlines: { total: integer(env, 'DEADLINE_MS', 90, 1), store: integer(env, 'STORE_TIMEOUT_MS', 70, 1) },
    maxBody: integer(env, 'MAX_BODY_BYTES', 8192, 4096),
    maxConcurrent: integer(env, 'MAX_CONCURRENT', 48, 1),
    maxQueue: integer(env, 'MAX_QUEUE', 256, 0),
    // After SIGTERM: how long we go on answering while load balancers learn that we leave, and when we leave whatever is open.
    drainGrace: integer(env, 'DRAIN_GRACE_MS', 2000, 0),
    drainLimit: integer(env, 'DRAIN_LIMIT_MS', 8000, 1),
    auditMaxBytes: integer(env, 'AUDIT_MAX_BYTES', 80 * 1024 * 1024, 4096),
  };
}
