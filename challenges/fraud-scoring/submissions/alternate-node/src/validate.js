// What a request must look like (contract/request.schema.json, contract/feedback.schema.json), in a table.
// Reasons name the field and the rule, never the value: the value may be somebody's name.

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-](\d\d):(\d\d))$/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A refusal: an HTTP status, a machine-readable reason and words for the caller. */
export class Refusal extends Error {
  constructor(status, reason, detail, headers = {}) {
    super(detail);
    Object.assign(this, { status, reason, detail, headers });
  }
}

const own = Object.prototype.hasOwnProperty;

/** JSON Schema counts code points, a JavaScript string its UTF-16 units. */
function codePoints(value) {
  let length = value.length;
  for (let i = 0; i < value.length; i += 1) if ((value.charCodeAt(i) & 0xfc00) === 0xd800) length -= 1;
  return length;
}

function text(least, most) {
  const problem = `must have ${least === most ? least : `${least} to ${most}`} characters`;
  return (value) => {
    if (typeof value !== 'string') return 'must be a string';
    if (!value.isWellFormed()) return 'must be well-formed Unicode';
    const length = codePoints(value);
    return length < least || length > most ? problem : null;
  };
}

function number(most, { nullable = false } = {}) {
  const kind = nullable ? 'must be a number or null' : 'must be a number';
  return (value) => {
    if (value === null && nullable) return null;
    if (typeof value !== 'number') return kind;
    return value >= 0 && value <= most ? null : `must be from 0 to ${most}`;
  };
}

function daysIn(year, month) {
  return new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}

function dateTime(value) {
  if (typeof value !== 'string') return 'must be a string';
  const found = DATE_TIME.exec(value);
  if (!found) return 'must be an RFC 3339 date-time';
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number);
  const offset = found[9] === undefined || (Number(found[9]) < 24 && Number(found[10]) < 60);
  const real = month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month) && hour < 24 && minute < 60 && second <= 60 && offset;
  return real ? null : 'must be an RFC 3339 date-time';
}

const TRANSACTION = {
  transaction_id: text(1, 64),
  customer_id: text(1, 64),
  merchant_id: text(1, 64),
  timestamp: dateTime,
  amount: number(10_000_000),
  currency: text(3, 3),
  merchant_category: text(1, 32),
  channel: text(1, 32),
  country: text(2, 2),
  distance_km: number(50_000, { nullable: true }),
  device_age_days: number(20_000, { nullable: true }),
  minutes_since_last: number(10_000_000, { nullable: true }),
  cardholder_name: text(1, 128),
};

const FEEDBACK = {
  transaction_id: text(1, 64),
  label: (value) => (value === 0 || value === 1 ? null : 'must be 0 or 1'),
};

function check(document, rules) {
  if (document === null || typeof document !== 'object' || Array.isArray(document)) throw new Refusal(422, 'not_an_object', 'the body must be a JSON object');
  const problems = [];
  for (const field in rules) {
    const problem = own.call(document, field) ? rules[field](document[field]) : 'is missing';
    if (problem) problems.push({ field, problem });
  }
  if (!problems.length) return document;
  const refusal = new Refusal(422, problems[0].problem === 'is missing' ? 'missing_field' : 'invalid_field', problems.map((p) => `${p.field} ${p.problem}`).join('; '));
  refusal.fields = problems;
  throw refusal;
}

/** Bytes to a JSON value. Throws a Refusal without the parser's message: V8 quotes the text there, and with it personal data. */
export function parseJson(bytes) {
  let decoded;
  try {
    decoded = utf8.decode(bytes);
  } catch {
    throw new Refusal(400, 'not_utf8', 'the body must be UTF-8');
  }
  try {
    return JSON.parse(decoded); // refuses NaN and Infinity; an overflow such as 1e999 fails the ranges
  } catch {
    throw new Refusal(400, 'not_json', 'the body must be JSON');
  }
}

/** A transaction that may be scored, or a Refusal that names every wrong field. */
export const transaction = (document) => check(document, TRANSACTION);

/** A label: {transaction_id, label}, or a Refusal. */
export const feedback = (document) => check(document, FEEDBACK);

const counts = (most) => (value) => Number.isInteger(value) && value >= 0 && value <= most;
const HISTORY = {
  avg_amount_30d: (value) => typeof value === 'number' && value >= 0 && value <= 10_000_000,
  tx_count_24h: counts(100_000),
  chargebacks_90d: counts(100_000),
  account_age_days: counts(40_000),
};

/** The feature store's answer, reduced to what the model needs; null unless all of it is there and this customer's. */
export function history(document, customerId) {
  if (document === null || typeof document !== 'object' || Array.isArray(document) || document.customer_id !== customerId) return null;
  const found = {};
  for (const field in HISTORY) {
    if (!HISTORY[field](document[field])) return null;
    found[field] = document[field];
  }
  return found;
}
