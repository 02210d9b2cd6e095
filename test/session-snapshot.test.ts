// What is remembered of a session at one moment: its text, and what says later whether it has changed.
import session, { Cookie } from 'express-session';
import t from 'tap';
import { cookieDates } from '../client/dist/session/dates.js';
import {
  loadedSnapshot,
  readSession,
  type Serializer,
  sameSession,
  sameSettings,
  takeSnapshot,
  textOf,
} from '../client/dist/session/snapshot.js';

type Fields = Record<string, unknown>;

const snapshot = (fields: Fields, serializer: Serializer = JSON) =>
  takeSnapshot(fields, serializer, cookieDates);
const same = (a: Fields, b: Fields, serializer: Serializer = JSON) =>
  sameSession(snapshot(a, serializer), snapshot(b, serializer), serializer, cookieDates);
const reading = (text: string, serializer: Serializer = JSON) =>
  readSession(text, { serializer, dates: cookieDates });

/** A session as the middleware makes it. */
function sessionOf(fields: Fields, maxAge: number | null = 60_000): Fields {
  const store = new session.MemoryStore();
  const cookie = new Cookie();
  if (maxAge !== null) cookie.maxAge = maxAge;
  const plain = { ...fields, cookie: JSON.parse(JSON.stringify(cookie)) };
  return store.createSession({ sessionID: 'id' } as never, plain as never) as unknown as Fields;
}

class Shop {
  n = 1;
  get total() {
    return 7;
  }
}

t.test('the text is JSON with the content that JSON.stringify gives', async (t) => {
  const cookie = { originalMaxAge: 1000, expires: new Date(0), path: '/', secure: undefined };
  const sessions: Record<string, Fields> = {
    'a Session': sessionOf({ user: { id: 1 }, cart: ['a', 'b'], text: '"{}' }),
    'a Session without a date': sessionOf({ n: 1 }, null),
    'a Session with nothing but its cookie': sessionOf({}),
    'plain data': { cookie, a: 1 },
    'nothing but a cookie': { cookie },
    'no cookie': { a: 1, b: [undefined, () => 1] },
    'nothing at all': {},
    'only what JSON leaves out': { a: undefined, b: () => 1, c: Symbol('c') },
    'a cookie that is undefined': { cookie: undefined, a: 1 },
    'a cookie that is null': { cookie: null, a: 1 },
    'a cookie that is a list': { cookie: [1], a: 1 },
    'a cookie that is a text': { cookie: 'crumbs' },
    'dates and maps': { at: new Date(0), map: new Map([[1, 2]]), deep: { at: new Date(1) } },
    'names that objects have by birth': JSON.parse('{"__proto__":{"a":1},"constructor":1,"cookie":{}}'),
    'an object of a class': new Shop() as unknown as Fields,
    'toJSON of its own': { cookie, a: 1, toJSON: () => ({ cookie, b: 2 }) },
    'toJSON without the cookie': { cookie, a: 1, toJSON: () => ({ b: 2 }) },
    'toJSON of its class': new (class {
      cookie = cookie;
      a = 1;
      toJSON() {
        return { cookie: this.cookie, upper: this.a + 1 };
      }
    })() as unknown as Fields,
    'toJSON that answers itself': Object.assign(
      { cookie, a: 1 },
      {
        toJSON(this: Fields) {
          return this;
        },
      },
    ),
    'a field called toJSON': { cookie, toJSON: 'text' },
  };
  for (const [what, fields] of Object.entries(sessions))
    t.same(JSON.parse(snapshot(fields).text), JSON.parse(JSON.stringify(fields)), what);
});

t.test('the cookie comes first, as connect-redis writes it', async (t) => {
  t.match(snapshot({ a: 1, cookie: { path: '/' } }).text, /^\{"cookie":\{"path":"\/"\},"a":1\}$/);
});

t.test('what cannot be written is value_invalid, with the reason and nothing of the session', async (t) => {
  const cycle: Fields = { secret: 'planted-secret' };
  cycle.self = cycle;
  const wrong: [string, Fields, Serializer?][] = [
    ['a cycle', cycle],
    ['a BigInt', { n: 1n }],
    ['a BigInt in the cookie', { cookie: { n: 1n } }],
    [
      'a cookie that throws',
      {
        cookie: {
          toJSON: () => {
            throw new Error('mine');
          },
        },
      },
    ],
    ['a list', [1, 2] as unknown as Fields],
    ['null', null as unknown as Fields],
    ['a text', 'text' as unknown as Fields],
    ['toJSON that answers a text', { toJSON: () => 'text' }],
    ['toJSON that answers nothing', { toJSON: () => undefined }],
    [
      'a serializer that throws',
      {},
      {
        ...JSON,
        stringify: () => {
          throw new Error('mine');
        },
      },
    ],
    ['a serializer that answers nothing', {}, { ...JSON, stringify: () => undefined as unknown as string }],
    [
      'a serializer that answers a promise',
      {},
      {
        ...JSON,
        stringify: (async () => {
          throw new Error();
        }) as never,
      },
    ],
  ];
  for (const [what, fields, serializer = JSON] of wrong)
    t.throws(() => snapshot(fields, serializer), { code: 'value_invalid', outcome: 'not_applied' }, what);
  t.throws(() => snapshot(cycle), { message: /^(?!.*planted-secret)/, cause: { name: 'TypeError' } });
  t.throws(() => textOf({ n: 1n }, JSON), { code: 'value_invalid' });
});

t.test('a session is the same while nothing but its date has changed', async (t) => {
  const cookie = { originalMaxAge: 1000, expires: new Date(1).toISOString(), path: '/' };
  t.ok(await same({ cookie, a: { b: 1 } }, { cookie: { ...cookie, expires: new Date(2) }, a: { b: 1 } }));
  t.ok(await same({ cookie, a: undefined }, { cookie }));
  t.notOk(await same({ cookie, a: 1 }, { cookie, a: 2 }));
  t.notOk(await same({ cookie, a: 1 }, { cookie }));
  t.notOk(await same({ cookie }, { cookie: { ...cookie, originalMaxAge: 9000 } }));
  t.notOk(await same({ cookie }, { cookie: { ...cookie, path: '/app' } }));
});

t.test('a session that was just read is told from a changed one by its text alone', async (t) => {
  const cookie = { originalMaxAge: 1000, expires: new Date(1).toISOString(), path: '/' };
  const sameAsRead = (text: string, now: Fields) =>
    sameSession(loadedSnapshot(text, JSON.parse(text), JSON, cookieDates), snapshot(now), JSON, cookieDates);
  const later = { ...cookie, expires: new Date(2) };
  for (const fields of [{}, { a: 1 }, { a: { b: ',"c":1}' }, c: [] }]) {
    const text = JSON.stringify({ cookie, ...fields });
    t.ok(await sameAsRead(text, { cookie: later, ...fields }), text);
    t.ok(await sameAsRead(text, { ...fields, cookie: later }), text);
    t.notOk(await sameAsRead(text, { cookie: later, ...fields, d: 1 }), `${text} and one field more`);
    t.notOk(await sameAsRead(JSON.stringify({ cookie, ...fields, d: 1 }), { cookie: later, ...fields }));
    t.notOk(await sameAsRead(JSON.stringify({ cookie, d: 1, ...fields }), { cookie: later, ...fields }));
  }
  t.notOk(await sameAsRead(JSON.stringify({ cookie, a: 1 }), { cookie: { ...later, path: '/app' }, a: 1 }));
  t.ok(await sameAsRead('{"a":1}', { a: 1 }), 'without a cookie');
  t.ok(await sameAsRead('{}', {}));
  t.notOk(await sameAsRead('{"a":{"b":1}}', { b: 1 }), 'an end that lies deeper');
});

t.test('settings can be the same in two sessions that differ', async (t) => {
  const [a, b, c] = [
    snapshot({ cookie: {}, a: 1 }),
    snapshot({ cookie: {} }),
    snapshot({ cookie: { path: 1 } }),
  ];
  t.ok(sameSettings(a.dated, b.dated, cookieDates));
  t.notOk(sameSettings(b.dated, c.dated, cookieDates));
});

t.test('the same session is seen as such though its serializer never writes it twice the same', async (t) => {
  let salt = 0;
  const salted: Serializer = {
    stringify: (fields) => `${salt++} ${JSON.stringify(fields)}`,
    parse: async (text) => JSON.parse(text.slice(text.indexOf(' '))),
  };
  const cookie = { originalMaxAge: 1000, expires: new Date(1) };
  t.ok(await same({ cookie, a: 1 }, { cookie: { ...cookie, expires: new Date(2) }, a: 1 }, salted));
  t.notOk(await same({ cookie, a: 1 }, { cookie, a: 2 }, salted));
  t.ok(salt > 0);
});

t.test('a session is read with its dates renewed; what is none is undefined', async (t) => {
  const found = await reading(
    '{"cookie":{"originalMaxAge":60000,"expires":"1970-01-01T00:00:00.000Z"},"a":1}',
  );
  t.equal(found?.a, 1);
  t.ok(Date.parse(String((found?.cookie as Fields | undefined)?.expires)) > Date.now());
  t.same(await reading('{}'), {});
  for (const text of ['', 'text', 'null', '7', '"text"', '[]', '[{"a":1}]', '{"a":', 'true'])
    t.equal(await reading(text), undefined, text);
});

t.test('what a serializer of the application throws is not taken for an absent session', async (t) => {
  const error = new Error('wrong key');
  const failing = (parse: () => unknown): Serializer => ({ ...JSON, parse });
  await t.rejects(
    reading(
      '{}',
      failing(() => {
        throw error;
      }),
    ),
    error,
  );
  await t.rejects(
    reading(
      '{}',
      failing(() => Promise.reject(error)),
    ),
    error,
  );
  t.equal(
    await reading(
      '{}',
      failing(async () => null),
    ),
    undefined,
  );
});
