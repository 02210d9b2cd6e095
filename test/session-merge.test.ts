// The three-way merge of sessions, by example: who wins where, and what is never mixed.
import t from 'tap';
import { type Conflict, type Fields, merge, sameValue } from '../client/dist/session/merge.js';

const ATOMIC = new Set(['passport', 'user', 'userId']);

/** The merge by the default rules, but for what the test is about. */
function merged(base: Fields, mine: Fields, theirs: Fields, conflict: Conflict = 'mine', same = sameValue) {
  return merge(base, mine, theirs, { conflict, atomic: ATOMIC, same });
}

/** Fields with names that cannot be written in a literal. */
const parsed = (text: string) => JSON.parse(text) as Fields;

/** A conflict function that remembers what it was asked. */
function asked(answer: (...values: unknown[]) => unknown) {
  const calls: unknown[][] = [];
  const conflict: Conflict = (field, ...values) => {
    calls.push([field, ...values]);
    return answer(...values);
  };
  return { conflict, calls };
}

t.test('changes to different fields are all kept', async (t) => {
  t.same(merged({ a: 1, b: 1 }, { a: 2, b: 1 }, { a: 1, b: 3 }), { a: 2, b: 3 });
  t.same(merged({}, { mine: 1 }, { theirs: 1 }), { mine: 1, theirs: 1 });
  t.same(merged({ a: 1, b: 1 }, { b: 1 }, { a: 1, b: 2 }), { b: 2 });
});

t.test('values are compared as deep as they go', async (t) => {
  const cart = { items: [{ id: 1, count: 2 }] };
  t.same(merged({ cart }, { cart: structuredClone(cart) }, { cart: { items: [] } }), { cart: { items: [] } });
  t.same(merged({ cart }, { cart: { items: [] } }, { cart: structuredClone(cart) }), { cart: { items: [] } });
});

t.test(
  'where both changed one field, the later request wins by default, and "theirs" turns that',
  async (t) => {
    t.same(merged({ a: 1 }, { a: 2 }, { a: 3 }), { a: 2 });
    t.same(merged({ a: 1 }, { a: 2 }, { a: 3 }, 'theirs'), { a: 3 });
    t.same(merged({}, { a: 2 }, { a: 3 }), { a: 2 }, 'also where both have added it');
    t.same(merged({ a: { b: 1, c: 1 } }, { a: { b: 2, c: 1 } }, { a: { b: 1, c: 2 } }), {
      a: { b: 2, c: 1 },
    });
  },
);

t.test('a deletion beats a change, whoever made it', async (t) => {
  for (const rule of ['mine', 'theirs', () => 'resolved'] as const) {
    t.same(merged({ a: 1 }, {}, { a: 2 }, rule), {});
    t.same(merged({ a: 1 }, { a: 2 }, {}, rule), {});
    t.same(merged({ a: 1 }, {}, {}, rule), {});
    t.same(merged({ a: 1 }, { a: undefined }, { a: 2 }, rule), {}, 'a field set to undefined is deleted');
  }
  t.same(merged({ a: 1 }, { a: null }, { a: 2 }), { a: null }, 'one set to null is changed');
});

t.test('a deletion beats a change in the fields that are never mixed, too: it is a logout', async (t) => {
  t.same(merged({ user: 1 }, {}, { user: 2 }), {});
  t.same(merged({ user: 1 }, { user: 2 }, {}), {});
});

t.test('fields that are never mixed are theirs when both changed them, whatever the rule', async (t) => {
  const { conflict, calls } = asked(() => 'resolved');
  for (const rule of ['mine', 'theirs', conflict] as const)
    for (const field of ATOMIC)
      t.same(
        merged({ [field]: { id: 1 } }, { [field]: { id: 2 } }, { [field]: { id: 3, role: 'x' } }, rule),
        {
          [field]: { id: 3, role: 'x' },
        },
      );
  t.same(calls, [], 'and the function is not asked');
  t.same(merged({}, { user: 'a' }, { user: 'b' }), { user: 'b' }, 'also when both have just logged in');
  t.same(merged({ user: 1 }, { user: 2 }, { user: 1 }), { user: 2 }, 'who alone changed one, keeps it');
});

t.test('the function is asked with the field and its three values, and its answer is stored', async (t) => {
  const { conflict, calls } = asked((base, mine, theirs) => Number(mine) + Number(theirs) - Number(base));
  t.same(merged({ n: 10, other: 1 }, { n: 11, other: 1 }, { n: 13, other: 1 }, conflict), {
    n: 14,
    other: 1,
  });
  t.same(calls, [['n', 10, 11, 13]], 'once, and for no field that only one side changed');
});

t.test('the function is asked also where both changed to equal values', async (t) => {
  const { conflict, calls } = asked((base, mine, theirs) => Number(mine) + Number(theirs) - Number(base));
  t.same(merged({ n: 1 }, { n: 2 }, { n: 2 }, conflict), { n: 3 });
  t.same(calls.length, 1);
});

t.test('a field that both have added has no base for the function', async (t) => {
  const { conflict, calls } = asked((_base, mine) => mine);
  t.same(merged({}, { n: 1 }, { n: 2 }, conflict), { n: 1 });
  t.same(calls, [['n', undefined, 1, 2]]);
});

t.test('the function can answer undefined: there is no such field then', async (t) => {
  t.same(
    merged({ a: 1, b: 1 }, { a: 2, b: 1 }, { a: 3, b: 1 }, () => undefined),
    { b: 1 },
  );
  t.same(
    merged({ a: 1 }, { a: 2 }, { a: 3 }, () => null),
    { a: null },
    'null is a value',
  );
});

t.test('what the function throws comes out as it is', async (t) => {
  const error = new RangeError('of the application');
  t.throws(
    () =>
      merged({ a: 1 }, { a: 2 }, { a: 3 }, () => {
        throw error;
      }),
    error,
  );
});

t.test('a function that answers a promise is refused, and its rejection ends nothing', async (t) => {
  const promises = [async () => 1, () => Promise.reject(new Error('later'))];
  for (const conflict of promises)
    t.throws(() => merged({ a: 1 }, { a: 2 }, { a: 3 }, conflict), {
      name: 'TypeError',
      message: /must answer the value itself/,
    });
  // An unhandled rejection would fail this file here.
  await new Promise(setImmediate);
});

t.test('fields may be called like what objects have by birth', async (t) => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
  for (const name of names) {
    const one = parsed(`{"${name}":{"polluted":true}}`);
    const other = parsed(`{"${name}":"other"}`);
    for (const result of [merged({}, one, {}), merged({}, {}, one), merged(other, one, other)]) {
      t.same(Object.keys(result), [name]);
      t.equal(JSON.stringify(result), `{"${name}":{"polluted":true}}`);
      t.equal(Object.getPrototypeOf(result), Object.prototype);
    }
    t.equal(JSON.stringify(merged(one, {}, one)), '{}', `${name} can be deleted`);
  }
  t.equal(({} as Fields).polluted, undefined);
});

t.test('two values that the rule calls the same are no change', async (t) => {
  const ignoringDate = (field: string, a: unknown, b: unknown) => field === 'date' || sameValue(field, a, b);
  t.same(merged({ date: 1, a: 1 }, { date: 2, a: 2 }, { date: 3, a: 1 }, 'mine', ignoringDate), {
    date: 3,
    a: 2,
  });
});

t.test('nothing of what is merged is changed by it', async (t) => {
  const freeze = (fields: Fields) => Object.freeze(fields);
  const [base, mine, theirs] = [freeze({ a: 1, b: 1 }), freeze({ a: 2 }), freeze({ a: 3, b: 1, c: 1 })];
  t.same(merged(base, mine, theirs), { a: 2, c: 1 });
});
