// Entra ID gives no tokens, or the cache does not take them: what requests are told, what the log says, and the way back.
import t from 'tap';
import {
  IN_TIME_MS,
  isReady,
  placeOf,
  startEntraFor,
  startLoad,
  startLockedRedis,
  startSignedIn,
} from './entra/signed-in.js';
import { get, put } from './fixtures/ask.js';
import { startEntra, type Token } from './fixtures/entra.js';
import { until } from './fixtures/wait.js';

t.test(
  'without a token the sidecar starts, says why it cannot be used, and gets going when one comes',
  async (t) => {
    const redis = await startLockedRedis(t);
    const entra = await startEntraFor(t, [redis]);
    entra.fail(true);
    const sidecar = await startSignedIn(t, entra, placeOf(redis));
    const refused = await get(sidecar, 'a');
    t.equal(refused.status, 503);
    t.match(refused.error, {
      code: 'backend_unreachable',
      message: /no token of Entra ID yet for the system-assigned identity/,
      outcome: 'not_applied',
    });
    const told = () => sidecar.logs().filter(({ event }) => event === 'entra_token_failed');
    await until(() => told().length > 0, IN_TIME_MS, 'the log to say why');
    t.match(told()[0], {
      level: 50,
      msg: /no token for the system-assigned identity .*HTTP 500.*; if it stays so, turn it on/,
    });
    await until(() => entra.asked.length > 2, IN_TIME_MS, 'a few tries');
    t.equal(told().length, 1, 'once');
    entra.fail(false);
    await until(() => isReady(sidecar), IN_TIME_MS, 'the sidecar to be ready');
    t.equal((await put(sidecar, 'a', 'hello')).status, 204);
    t.match(sidecar.logs().at(-1), { level: 30, event: 'entra_token' });
  },
);

t.test(
  'while tokens fail the last one is used until it ends; then requests say so, until one comes',
  async (t) => {
    const redis = await startLockedRedis(t);
    const entra = await startEntraFor(t, [redis], { newUsers: true });
    const sidecar = await startSignedIn(t, entra, placeOf(redis));
    await until(() => isReady(sidecar), IN_TIME_MS, 'the sidecar to be ready');
    entra.fail(true);
    const load = startLoad(sidecar);
    const last = entra.tokens.at(-1) as Token;
    await until(() => Date.now() > last.expiresMs - 300, IN_TIME_MS, 'the token to have nearly ended');
    await load.end();
    t.same(load.failures.slice(0, 5), [], 'until then nothing fails');
    const isAway = async () => {
      const { status, error } = await put(sidecar, 'a', 'v');
      return status === 503 && error.code === 'backend_unreachable';
    };
    await until(isAway, IN_TIME_MS, 'requests to be refused');
    const told = () => sidecar.logs().filter(({ event }) => event === 'entra_token_failed');
    await until(
      () => told().some(({ level }) => level === 50),
      IN_TIME_MS,
      'the log to say that it has ended',
    );
    const answers = await Promise.all(Array.from({ length: 20 }, isAway));
    t.ok(answers.every(Boolean), 'every request is told so');
    t.match(told(), [
      { level: 40, msg: /the last one is used as long as it lasts/ },
      { level: 50, msg: /the last one has ended/ },
    ]);
    entra.fail(false);
    await until(() => isReady(sidecar), IN_TIME_MS, 'the sidecar to be ready again');
    t.equal((await put(sidecar, 'a', 'hello')).status, 204);
  },
);

t.test('an identity that the cache does not know is named, with what to do', async (t) => {
  const redis = await startLockedRedis(t);
  const entra = await startEntra({ lifeSeconds: 3600 });
  t.teardown(() => entra.stop());
  const sidecar = await startSignedIn(t, entra, placeOf(redis));
  const told = () => sidecar.logs().filter(({ event }) => event === 'entra_refused');
  await until(() => told().length > 0, IN_TIME_MS, 'the log to say so');
  const { user, text } = entra.tokens[0] as Token;
  t.match(told()[0], { level: 50, msg: new RegExp(`give its object id, ${user}, an access policy`) });
  const answer = await put(sidecar, 'a', 'v');
  t.equal(answer.status, 503);
  await redis.cli('ACL', 'SETUSER', user, 'on', `>${text}`, '~*', '&*', '+@all');
  await until(() => isReady(sidecar), IN_TIME_MS, 'the sidecar to be ready');
});
