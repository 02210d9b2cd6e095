// Callbacks and promises of the cache API. Where a process has to end, or not to end, it is one of its own.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { settle } from '../client/dist/callback.js';
import { openCache, urlOf } from './fixtures/cache.js';
import { cleanEnvironment, startSidecar } from './fixtures/sidecar.js';
import { within } from './fixtures/wait.js';

const sidecar = await startSidecar();
t.teardown(() => sidecar.stop());
const cache = openCache(sidecar);
t.teardown(() => cache.close());

/** Runs a program that has `cache`, and `here(...)` to print; answers its lines, its stderr and how it ended. */
async function run(program: string, url = urlOf(sidecar)) {
  const setup = `const azurecache = require('azurecache');
    const here = (...what) => console.log(...what);
    const cache = azurecache.create({ url: ${JSON.stringify(url)}, waitMs: 50, deadlineMs: 2000 });`;
  const options = {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: cleanEnvironment(),
    timeout: 20_000,
  };
  return promisify(execFile)(process.execPath, ['--eval', `${setup}\n${program}`], options).then(
    ({ stdout, stderr }) => ({ code: 0, lines: stdout.trim().split('\n'), stderr }),
    ({ code, stdout, stderr }) => ({
      code,
      lines: String(stdout).trim().split('\n'),
      stderr: String(stderr),
    }),
  );
}

t.test('every call takes a callback last, with or without what may come before it', async (t) => {
  const told = (call: (callback: (error: Error | null, value?: unknown) => void) => unknown) =>
    within(
      new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value)))),
      5000,
      'the callback',
    );
  t.equal(await told((done) => cache.put('key', 1, done)), true);
  t.equal(await told((done) => cache.put('key', 1, { ifNoneMatch: '*' }, done)), false);
  t.equal(await told((done) => cache.get('key', done)), 1);
  t.same(await told((done) => cache.get('key', { raw: true }, done)), Buffer.from('1'));
  t.equal(await told((done) => cache.get('key', null, done)), 1);
  t.equal(await told((done) => cache.has('key', done)), true);
  t.equal(await told((done) => cache.has('key', { fresh: true }, done)), true);
  t.equal(await told((done) => cache.touch('key', done)), true);
  t.equal(await told((done) => cache.touch('key', 60, done)), true);
  t.same(await told((done) => cache.getMany(['key'], done)), new Map([['key', 1]]));
  t.same(await told((done) => cache.getMany(['key'], { touch: 60 }, done)), new Map([['key', 1]]));
  t.equal(await told((done) => cache.putMany({ key: 2 }, done)), 1);
  t.equal(await told((done) => cache.putMany({ key: 2 }, 60, done)), 1);
  t.equal(await told((done) => cache.update<number>('key', (n) => Number(n) + 1, done)), 3);
  t.equal(await told((done) => cache.update<number>('key', (n) => Number(n) + 1, 60, done)), 4);
  t.equal(await told((done) => cache.removeMany(['key'], done)), 1);
  t.equal(await told((done) => cache.removeMany(['key'], {}, done)), 0);
  t.equal(await told((done) => cache.remove('key', {}, done)), false);
  const closing = openCache(sidecar);
  t.equal(await told((done) => closing.close(done)), undefined);
  await t.rejects(
    told((done) => closing.get('key', done)),
    { code: 'closed' },
  );
});

t.test('with a callback the promise answers too', async (t) => {
  const calls: unknown[] = [];
  t.equal(await cache.put('both', 1, (error, written) => calls.push([error, written])), true);
  await t.rejects(
    cache.put('', 1, (error) => calls.push(error)),
    { code: 'key_empty' },
  );
  // The callback comes a tick after the promise.
  await new Promise(setImmediate);
  t.same(calls[0], [null, true]);
  t.match(calls[1], { code: 'key_empty' });
});

t.test('errors that are found at once come as late as others', async (t) => {
  let told = false;
  cache.put('key', undefined, () => {
    told = true;
  });
  t.notOk(told, 'not before the call has returned');
});

t.test('what stands in the place of the callback and is no function is passed over', async (t) => {
  t.equal(await cache.put('key', 1, 60, 'callback' as never), true);
  t.equal(await settle(Promise.resolve(5), {} as never), 5);
});

t.test('a callback that throws is called once, and ends the process as an uncaught exception', async (t) => {
  for (const [call, said] of [
    [`cache.put('key', 1, callback)`, 'null true'],
    [`cache.get('key', callback)`, 'null 1'],
    [`cache.get(5, callback)`, 'key_invalid undefined'],
  ] as const) {
    const program = `
      const callback = (error, value) => {
        here('called', error && error.code, value);
        throw new Error('thrown by the callback');
      };`;
    const uncaught = await run(`${program} ${call};`);
    t.equal(uncaught.code, 1, call);
    t.same(uncaught.lines, [`called ${said}`]);
    t.match(uncaught.stderr, /Error: thrown by the callback/);
    const caught = await run(`${program}
      process.on('unhandledRejection', () => here('as a rejection'));
      process.on('uncaughtException', (error) => here('uncaught', error.message));
      ${call};`);
    t.same(caught, {
      code: 0,
      lines: [`called ${said}`, 'uncaught thrown by the callback'],
      stderr: '',
    });
  }
});

t.test(
  'a process ends by itself after its calls, and no failed call that nobody looks at ends it',
  async (t) => {
    const quiet = await run(`
    cache.put('key', undefined);
    cache.get('');
    cache.update('key', () => { throw new Error('thrown'); });
    cache.getMany(['']);
    cache.remove('key', {}, undefined);
    setImmediate(() => here('alive'));`);
    t.same(quiet, { code: 0, lines: ['alive'], stderr: '' });
    const absent = await run(
      `cache.put('key', 1); cache.get('key', (error) => here(error.code));`,
      'unix:/nowhere/at.all',
    );
    t.same(absent, { code: 0, lines: ['sidecar_unreachable'], stderr: '' });
  },
);

t.test('a rejection that is awaited is one: nothing is swallowed for who looks', async (t) => {
  const awaited = await run(`(async () => { await cache.put('key', undefined); })();`);
  t.equal(awaited.code, 1);
  t.match(awaited.stderr, /value_invalid/);
});
