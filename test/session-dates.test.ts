// The dates inside a session: renewed when it is read, and no change when nothing but them has changed.
import { Cookie } from 'express-session';
import t from 'tap';
import { cookieDates, datedFields, koaDates } from '../client/dist/session/dates.js';

const NOW = Date.UTC(2026, 0, 1);
const iso = (ms: number) => new Date(ms).toISOString();

/** The cookie of a session that was read, as its renewal leaves it. */
function renewed(cookie: unknown) {
  const session = { cookie };
  cookieDates.renew(session, NOW);
  return session.cookie;
}

const same = (a: unknown, b: unknown) => cookieDates.same('cookie', a, b);

t.test('a cookie that was read ends its originalMaxAge from now', async (t) => {
  t.same(renewed({ originalMaxAge: 60_000, expires: iso(0), path: '/' }), {
    ...{ originalMaxAge: 60_000, expires: iso(NOW + 60_000), path: '/' },
  });
});

t.test('a date without originalMaxAge is left alone, and so is what is no cookie', async (t) => {
  for (const cookie of [
    { originalMaxAge: null, expires: iso(0) },
    { expires: iso(0) },
    { originalMaxAge: 'soon', expires: iso(0) },
    { originalMaxAge: null, expires: null },
    ...[{}, null, undefined, 7, 'text'],
  ])
    t.same(renewed(structuredClone(cookie)), cookie);
});

t.test('an age that reaches beyond all dates leaves the date as it is', async (t) => {
  t.same(renewed({ originalMaxAge: 1e300, expires: iso(0) }), { originalMaxAge: 1e300, expires: iso(0) });
});

t.test('the date is no setting while it comes from originalMaxAge', async (t) => {
  t.ok(same({ originalMaxAge: 1000, expires: iso(1) }, { originalMaxAge: 1000, expires: iso(NOW) }));
  t.ok(same({ originalMaxAge: 1000, expires: iso(1) }, { originalMaxAge: 1000, expires: new Date(NOW) }));
});

t.test('originalMaxAge loses a millisecond now and then, which is no change; a second is', async (t) => {
  t.ok(same({ originalMaxAge: 1000 }, { originalMaxAge: 999 }));
  t.ok(same({ originalMaxAge: 999 }, { originalMaxAge: 1000 }));
  t.notOk(same({ originalMaxAge: 1000 }, { originalMaxAge: 2000 }));
  t.notOk(same({ originalMaxAge: 2000 }, { originalMaxAge: 1000 }));
});

t.test('from a life to none and back are changes', async (t) => {
  t.notOk(same({ originalMaxAge: null, expires: null }, { originalMaxAge: 1000, expires: iso(NOW) }));
  t.notOk(same({ originalMaxAge: 1000, expires: iso(NOW) }, { originalMaxAge: null, expires: null }));
  t.notOk(same(undefined, { originalMaxAge: 1000 }));
  t.notOk(same({ originalMaxAge: 1000 }, null));
});

t.test('without originalMaxAge the date counts', async (t) => {
  t.notOk(same({ originalMaxAge: null, expires: iso(1) }, { originalMaxAge: null, expires: iso(2) }));
  t.notOk(same({ expires: iso(1) }, {}));
  t.ok(
    same({ expires: iso(1) }, { originalMaxAge: null, expires: new Date(1) }),
    'in whatever way it is written',
  );
  t.ok(same({ expires: null }, { originalMaxAge: undefined }), 'none at all is none at all');
});

t.test('every other attribute of the cookie counts', async (t) => {
  const cookie = { originalMaxAge: 1000, path: '/', httpOnly: true };
  for (const change of [
    { path: '/app' },
    { httpOnly: false },
    { secure: true },
    { sameSite: 'lax' },
    { domain: 'a' },
  ])
    t.notOk(same(cookie, { ...cookie, ...change }), JSON.stringify(change));
  t.ok(same(cookie, { ...cookie, secure: undefined }), 'one that is undefined is not there');
});

t.test('the dated fields are copied as JSON would have them', async (t) => {
  const cookie = new Cookie();
  cookie.maxAge = 60_000;
  const copy = datedFields(cookieDates, { cookie, other: 1 });
  t.same(Object.keys(copy), ['cookie']);
  t.same(JSON.parse(JSON.stringify(copy)), JSON.parse(JSON.stringify({ cookie })));
  cookie.maxAge = 1000;
  cookie.path = '/later';
  t.match(
    copy.cookie,
    { originalMaxAge: 60_000, path: '/' },
    'what happens to the live one later is not seen',
  );
  t.same(datedFields(cookieDates, { cookie: [1] }), { cookie: [1] });
  t.same(datedFields(cookieDates, {}), { cookie: undefined });
});

t.test('a cookie of express-session that is touched again and again stays the same setting', async (t) => {
  const cookie = new Cookie();
  cookie.maxAge = 60_000;
  const before = datedFields(cookieDates, { cookie }).cookie;
  // What express-session does at the end of each request (session.js, resetMaxAge).
  for (let n = 0; n < 20; n += 1) cookie.maxAge = Number(cookie.originalMaxAge);
  t.ok(same(before, datedFields(cookieDates, { cookie }).cookie));
});

t.test(
  'koa: a session that was read ends when its entry does, one without end its _maxAge from now',
  async (t) => {
    const renewed = (session: Record<string, unknown>, endsAt?: number) => {
      koaDates.renew(session, NOW, endsAt);
      return session;
    };
    t.same(renewed({ _maxAge: 1000, _expire: 7 }, NOW + 400), { _maxAge: 1000, _expire: NOW + 400 });
    t.same(renewed({ _maxAge: 1000 }), { _maxAge: 1000, _expire: NOW + 1000 });
    t.same(renewed({ _expire: 7 }, NOW + 400), { _expire: 7 }, 'a date without an age is left alone');
    t.same(
      renewed({ _session: true, _expire: 7 }),
      { _session: true },
      'what ends with the browser has none',
    );
    for (const age of ['soon', null, {}, [1000], true, 1e300])
      t.same(renewed({ _maxAge: age, n: 1 }, NOW), { n: 1 }, `no age: ${age}`);
  },
);

t.test('koa: the age and its absence are settings, the date is none', async (t) => {
  t.ok(koaDates.same('_expire', 1, undefined));
  t.notOk(koaDates.same('_maxAge', 1000, 1001));
  t.notOk(koaDates.same('_session', undefined, true));
});
