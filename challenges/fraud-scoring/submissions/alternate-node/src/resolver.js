// Name lookups for the feature store, off the path of payments.
// A failing lookup takes a second and occupies one of libuv's four threads, so only one runs at a time, and the last good
// answer serves while the name server is away.

import dns from 'node:dns';

const FRESH_MS = 5_000;
const STALE_MS = 300_000;

/** A `lookup` for http.Agent that remembers. `resolve(hostname, options, callback)` is dns.lookup by default. */
export function rememberingLookup({ resolve = dns.lookup, clock = Date.now } = {}) {
  const known = new Map(); // hostname -> {addresses, at, waiting}

  function refresh(hostname, entry) {
    resolve(hostname, { all: true }, (error, addresses) => {
      if (!error && addresses.length) Object.assign(entry, { addresses, at: clock() });
      const waiting = entry.waiting;
      entry.waiting = null;
      for (const settle of waiting) settle(error);
    });
  }

  return function lookup(hostname, options, callback) {
    let entry = known.get(hostname);
    if (!entry) known.set(hostname, (entry = { addresses: null, at: -Infinity, waiting: null }));
    const answer = (error) => {
      if (!entry.addresses || clock() - entry.at > STALE_MS) return callback(error ?? new Error('no address'));
      if (options.all) return callback(null, entry.addresses);
      return callback(null, entry.addresses[0].address, entry.addresses[0].family);
    };
    const age = clock() - entry.at;
    const usable = entry.addresses && age <= STALE_MS;
    if (age > FRESH_MS && !entry.waiting) {
      entry.waiting = usable ? [] : [answer];
      refresh(hostname, entry);
    } else if (!usable) {
      entry.waiting.push(answer);
    }
    if (usable) process.nextTick(answer, null);
  };
}
