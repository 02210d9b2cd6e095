// The options of a session store: what is refused, what stands in for what is not given, and how long a session lives.
import { once } from 'node:events';
import { Cookie } from 'express-session';
import t from 'tap';
import { MAX_TTL_MS } from '../client/dist/life.js';
import { checkOptions, type StoreOptions } from '../client/dist/session/options.js';

type Life = ReturnType<ReturnType<typeof checkOptions>['lifeOf']>;

const check = (options: unknown) => checkOptions(options as StoreOptions);
/** The life of a session with this cookie; without a cookie when there is none. */
const lifeOf = (options: unknown, cookie?: unknown): Life =>
  check(options).lifeOf(cookie === undefined ? {} : { cookie });

const DEFAULT = { ttlKind: 'default', ttlMs: 0 };
const forMs = (ttlMs: number) => ({ ttlKind: 'for', ttlMs });

/** What is there and within 1,000 ms below `ttlMs`: the clock goes on between writing a cookie and reading it. */
function about(life: Life, ttlMs: number): boolean {
  return life?.ttlKind === 'for' && life.ttlMs <= ttlMs && life.ttlMs > ttlMs - 1000;
}

/** The lives in this environment, and nothing of the tests' own. */
function inEnvironment<T>(variables: Record<string, string>, work: () => T): T {
  const before = { ...process.env };
  delete process.env.AZURE_CACHE_TTL;
  delete process.env.AZURE_CACHE_TTL_SECONDS;
  Object.assign(process.env, variables);
  try {
    return work();
  } finally {
    process.env = before;
  }
}

t.test('the defaults are those of connect-redis, where it has the option', async (t) => {
  for (const none of [undefined, null]) {
    const names = ['prefix', 'serializer', 'conflict', 'atomic', 'touchAfter', 'near', 'disableTTL', 'ttl'];
    const { lifeOf, ...rules } = check(Object.fromEntries(names.map((name) => [name, none])));
    t.same(rules, {
      prefix: 'sess:',
      serializer: JSON,
      conflict: 'mine',
      atomic: new Set(['passport', 'user', 'userId']),
      touchAfterMs: 0,
      fresh: true,
    });
    t.equal(typeof lifeOf, 'function');
  }
});

t.test('what is given is taken', async (t) => {
  const serializer = { stringify: JSON.stringify, parse: JSON.parse };
  const conflict = () => 1;
  const { lifeOf, ...rules } = check({
    prefix: '',
    serializer,
    conflict,
    atomic: [],
    touchAfter: 1.5,
    near: true,
  });
  t.same(rules, {
    ...{ prefix: '', serializer, conflict, atomic: new Set(), touchAfterMs: 1500, fresh: false },
  });
  t.equal(typeof lifeOf, 'function');
  t.equal(check({ conflict: 'theirs', disableTouch: true, signalReadiness: true }).conflict, 'theirs');
  t.ok(check({ prefix: 'a', identifier: 'shop', token: 'text', url: 'http://localhost:1', scanCount: 7 }));
});

t.test('of an option that there is not is warned, with those that there are', async (t) => {
  const warned = once(process, 'warning');
  t.ok(check({ touchafter: undefined }), 'what is not given is nothing');
  t.ok(check({ touchafter: 5 }));
  t.match(await warned, [
    {
      name: 'AzureCacheWarning',
      message:
        /^The store: there is no option touchafter\. It takes ttl, .*touchAfter, .*url, .*deadlineMs\.$/,
    },
  ]);
});

t.test('a wrong option is refused by its name, with what it takes', async (t) => {
  const wrong: Record<string, unknown[]> = {
    prefix: [7, {}, true, ['a']],
    serializer: [{}, { parse: JSON.parse }, { stringify: JSON.stringify }, 'JSON', () => 1, 7],
    conflict: ['ours', '', 7, {}, true],
    atomic: ['user', [1], [undefined], {}, new Set(['user']), 7],
    touchAfter: [-1, Number.NaN, '60', true, {}, -Number.MIN_VALUE],
    disableTouch: ['yes', 1, 'false', {}],
    disableTTL: ['no', 0],
    near: ['true', 1],
    signalReadiness: ['true', () => true],
  };
  for (const [name, values] of Object.entries(wrong))
    for (const value of values)
      t.throws(
        () => check({ [name]: value }),
        { code: 'options_invalid', status: 400, message: new RegExp(`option ${name} .*takes `) },
        `${name}: ${String(value)}`,
      );
  for (const options of [null, 7, 'sess:']) t.throws(() => check(options), { code: 'options_invalid' });
});

t.test('the client of connect-redis is refused with the reason', async (t) => {
  t.throws(() => check({ client: {} }), {
    code: 'options_invalid',
    message: /the sidecar has the connection/,
  });
});

t.test('identifier and token are checked with the messages of 2013', async (t) => {
  for (const name of ['identifier', 'token']) {
    t.throws(() => check({ [name]: 7 }), { message: `The options.${name} must be a string.` });
    for (const value of ['', 'text', undefined, null, 0])
      t.ok(check({ [name]: value }), `${value} passed in 2013`);
  }
});

t.test('a wrong ttl is refused', async (t) => {
  for (const ttl of [
    0,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    MAX_TTL_MS / 1000 + 1,
    true,
    {},
    [],
    'soon',
    'keep',
  ])
    t.throws(() => check({ ttl }), { code: 'ttl_invalid', status: 400 }, String(ttl));
  for (const text of ['soon', '0', '-1'])
    inEnvironment({ AZURE_CACHE_TTL_SECONDS: text }, () =>
      t.throws(() => check({}), { code: 'ttl_invalid', message: /AZURE_CACHE_TTL_SECONDS/ }),
    );
});

t.test(
  'the life comes from the function, else the cookie, the number, the environment, the sidecar',
  async (t) => {
    const cookie = { expires: new Date(Date.now() + 60_000) };
    inEnvironment({ AZURE_CACHE_TTL_SECONDS: '50', AZURE_CACHE_TTL: '40' }, () => {
      t.same(lifeOf({ ttl: () => 70 }, cookie), forMs(70_000));
      t.same(lifeOf({ ttl: () => 70 }), forMs(70_000), 'asked for every session');
      t.ok(about(lifeOf({ ttl: 30 }, cookie), 60_000));
      t.same(lifeOf({ ttl: 30 }), forMs(30_000));
      t.same(lifeOf({ ttl: '30' }), forMs(30_000), 'a number as text, as configuration has it');
      t.same(lifeOf({ ttl: 0.25 }), forMs(250));
      t.same(lifeOf({}), forMs(50_000));
      t.ok(about(lifeOf({}, cookie), 60_000));
    });
    inEnvironment({ AZURE_CACHE_TTL: '40' }, () => t.same(lifeOf({ ttl: '' }), forMs(40_000)));
    inEnvironment({}, () => t.same(lifeOf({}), DEFAULT));
  },
);

t.test('the function is asked with the session', async (t) => {
  const ttl = (session: { hours: number }) => session.hours * 3600;
  t.same(check({ ttl }).lifeOf({ hours: 2 }), forMs(7_200_000));
});

t.test('a cookie says its life by expires or by maxAge, or does not', async (t) => {
  const live = new Cookie();
  t.same(lifeOf({ ttl: 9 }, live), forMs(9000), 'a cookie of the browser session has none');
  live.maxAge = 60_000;
  t.ok(about(lifeOf({ ttl: 9 }, live), 60_000));
  t.ok(about(lifeOf({ ttl: 9 }, JSON.parse(JSON.stringify(live))), 60_000), 'also when it was read');
  t.same(lifeOf({ ttl: 9 }, { maxAge: 500.2 }), forMs(501), 'parts of a millisecond are rounded up');
  for (const cookie of [null, {}, { expires: null }, { expires: false }, { maxAge: null }, { maxAge: 'x' }])
    t.same(lifeOf({ ttl: 9 }, cookie), forMs(9000), JSON.stringify(cookie));
});

t.test('a life that is over is none', async (t) => {
  for (const cookie of [
    { expires: new Date(Date.now() - 1) },
    { expires: new Date(0).toISOString() },
    { maxAge: 0 },
  ])
    for (const disableTTL of [false, true]) t.equal(lifeOf({ ttl: 9, disableTTL }, cookie), undefined);
  for (const seconds of [0, -1, -0.001]) t.equal(lifeOf({ ttl: () => seconds }), undefined);
});

t.test('a life beyond what the sidecar takes becomes the longest', async (t) => {
  const farAway = { expires: new Date(8.64e15) };
  t.same(lifeOf({}, farAway), forMs(MAX_TTL_MS));
  t.same(lifeOf({ ttl: () => Number.POSITIVE_INFINITY }), forMs(MAX_TTL_MS));
});

t.test('a life that is no number is an error, not an end', async (t) => {
  for (const answer of [Number.NaN, undefined, 'soon', {}, async () => 1])
    t.throws(() => lifeOf({ ttl: () => answer }), { code: 'ttl_invalid' }, String(answer));
  for (const expires of ['soon', new Date(Number.NaN)])
    t.throws(() => lifeOf({ ttl: 9 }, { expires }), { code: 'ttl_invalid' });
});

t.test('with disableTTL sessions do not expire', async (t) => {
  t.same(lifeOf({ disableTTL: true, ttl: 9 }), { ttlKind: 'never', ttlMs: 0 });
  t.same(lifeOf({ disableTTL: true }, { maxAge: 1000 }), { ttlKind: 'never', ttlMs: 0 });
});
