// Interpreter of the artifact's terms; pipeline/encoding.py is the other one and holds the table that explains them.

const FLOOR = 0.01;
const BOUND = 6;

const log = (value) => Math.log(value < FLOOR ? FLOOR : value);
const bounded = (z) => (z < -BOUND ? -BOUND : z > BOUND ? BOUND : z);

const KINDS = {
  log: ({ field, mean, scale }) => (input) => (input[field] === null ? 0 : bounded((log(input[field]) - mean) / scale)),
  log1p: ({ field, mean, scale }) => (input) => (input[field] === null ? 0 : bounded((Math.log1p(input[field]) - mean) / scale)),
  ratio: ({ field, per, mean, scale }) => (input) => bounded((log(input[field]) - log(input[per]) - mean) / scale),
  null: ({ field }) => (input) => (input[field] === null ? 1 : 0),
  level: ({ field, level }) => (input) => (input[field] === level ? 1 : 0),
  product: ({ of: [left, right] }) => (_, vector) => vector[left] * vector[right],
};

/** The terms as a function (input, vector) that fills `vector`. Throws on a kind that this service does not know. */
export function compile(terms) {
  const steps = terms.map((term, position) => {
    if (!Object.hasOwn(KINDS, term.kind)) throw new Error(`unknown kind of term at ${position}`);
    if (term.kind === 'product' && !term.of.every((i) => Number.isInteger(i) && i >= 0 && i < position)) {
      throw new Error(`a product at ${position} of terms that do not stand before it`);
    }
    return KINDS[term.kind](term);
  });
  return (input, vector) => {
    for (let i = 0; i < steps.length; i += 1) vector[i] = steps[i](input, vector);
    return vector;
  };
}
