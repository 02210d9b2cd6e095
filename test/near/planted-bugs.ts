// Ways in which the near cache can break its promise: places in what is compiled of it, and what stands there instead.
// near-property.test.ts plants each and expects its property to find it. What random traffic meets too rarely has tests of
// its own in near-cache.test.ts: a read that another has replaced, a mark that comes back late, a touch.

export interface NearBug {
  title: string;
  file: 'near-cache.js' | 'near-flights.js' | 'near-proof.js';
  /** Stands there once. */
  from: string;
  to: string;
}

export const NEAR_BUGS: readonly NearBug[] = [
  {
    title: 'keys that are told as changed keep their copies',
    file: 'near-cache.js',
    from: "this.#drop(key.toString('latin1'));",
    to: 'key;',
  },
  {
    title: 'changes of everything, and lost ones, keep the copies',
    file: 'near-cache.js',
    from: "else if (change.kind !== 'proof')\n            this.#empty();",
    to: '',
  },
  {
    title: 'a write takes the copy away only when it is answered',
    file: 'near-cache.js',
    from: 'takeAway();\n        const result',
    to: 'const result',
  },
  {
    title: 'a change does not spoil the read under way',
    file: 'near-cache.js',
    from: 'this.#flights.spoil(name);\n    }\n    #empty',
    to: '}\n    #empty',
  },
  {
    title: 'a spoiled read is kept',
    file: 'near-cache.js',
    from: 'keeps && !flight.spoiled',
    to: 'keeps',
  },
  {
    title: 'the life left counts from when the read was answered',
    file: 'near-cache.js',
    from: 'begunMs + ttlMs',
    to: 'this.#proof.now() + ttlMs',
  },
  {
    title: 'the life left is not looked at',
    file: 'near-cache.js',
    from: ' || entry.endsAtMs - nowMs >= 1',
    to: ' || true',
  },
  {
    title: 'a get that renews the life is served',
    file: 'near-cache.js',
    from: 'renews(operation)',
    to: 'false',
  },
  {
    title: 'an append keeps the copy',
    file: 'near-cache.js',
    from: "append: 'key'",
    to: "append: 'nothing'",
  },
  {
    title: 'a clear keeps the copies',
    file: 'near-cache.js',
    from: "clear: 'many'",
    to: "clear: 'nothing'",
  },
  {
    title: 'a fresh read is served',
    file: 'near-cache.js',
    from: 'return !fresh && ',
    to: 'return ',
  },
  {
    title: 'what a fresh read finds newer does not take the copy away',
    file: 'near-cache.js',
    from: 'if (!held || !result.value?.equals(held))',
    to: 'if (false)',
  },
  {
    title: 'a read that was spoiled is still joined',
    file: 'near-flights.js',
    from: 'flight.spoiled = true;\n        this.#flights.delete(name);',
    to: 'flight.spoiled = true;',
  },
  {
    title: 'the copies are served without proof',
    file: 'near-proof.js',
    from: 'return this.#watched.alone || ',
    to: 'return true || ',
  },
  {
    title: 'the bound is three seconds',
    file: 'near-proof.js',
    from: 'nowMs - this.#provenMs < BOUND_MS',
    to: 'nowMs - this.#provenMs < 3000',
  },
];
