// Callbacks, listeners and promises of the session store. Where a process has to end, or not to end, it is one of its
// own.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { urlOf } from './fixtures/cache.js';
import { memoryStore, sessionOf } from './fixtures/memory-transport.js';
import { cleanEnvironment, startSidecar } from './fixtures/sidecar.js';

const sidecar = await startSidecar();
t.teardown(() => sidecar.stop());
const NOWHERE = 'unix:/nonexistent/azurecache.sock';

/** Runs a program that has `store`; answers its lines, its stderr and how it ended. */
async function run(program: string, url = urlOf(sidecar)) {
  const setup = `const AzureCacheStore = require('azurecache')(require('express-session'));
    const store = new AzureCacheStore({ url: ${JSON.stringify(url)}, waitMs: 50, prefix: 'programs:' });
    const session = { cookie: {}, n: 1 };`;
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

t.test('a callback that throws is called once, and its error is an uncaught exception', async (t) => {
  for (const call of ['get("a", done)', 'set("a", session, done)', 'length(done)', 'get("\\0", done)']) {
    const { code, lines, stderr } = await run(`
      const done = () => { console.log('called'); throw new Error('of the callback'); };
      process.on('uncaughtExceptionMonitor', (error, origin) => console.log(origin, error.message));
      store.${call};`);
    t.equal(code, 1, call);
    t.same(lines, ['called', 'uncaughtException of the callback']);
    t.match(stderr, 'of the callback');
  }
});

t.test('without a callback, and without waiting, a call that fails ends nothing', async (t) => {
  const { code, lines } = await run(
    `store.get('a'); store.set('a', session); store.touch('a', session); store.destroy('a'); store.clear();
    store.set('a', { cookie: {}, n: 1n });
    setTimeout(() => console.log('alive'), 500);`,
    NOWHERE,
  );
  t.same({ code, lines }, { code: 0, lines: ['alive'] });
});

t.test('"error" is told to who listens, and to nobody else: it would end the process', async (t) => {
  const ask = `store.get('a', (error, found) => console.log(error.code, error.status, found));`;
  t.same(await run(ask, NOWHERE), { code: 0, lines: ['sidecar_unreachable 503 undefined'], stderr: '' });
  const { lines } = await run(
    `store.on('error', (error) => console.log('heard', error.code)); ${ask}`,
    NOWHERE,
  );
  t.same(lines, ['heard sidecar_unreachable', 'sidecar_unreachable 503 undefined']);
});

t.test('what a listener throws is an uncaught exception, and no failure of the call', async (t) => {
  const hear = (event: string) => `
    process.on('uncaughtException', (error) => console.log('uncaught', error.message));
    store.on('${event}', () => { throw new Error('of the listener'); });`;
  const failed = await run(`${hear('error')} store.get('a', (error) => console.log(error.code));`, NOWHERE);
  t.same(failed.lines.toSorted(), ['sidecar_unreachable', 'uncaught of the listener']);
  const dropped = await run(`${hear('dropped')}
    store.set('d', session)
      .then(() => store.get('d'))
      .then(async (found) => { await store.destroy('d'); found.n = 2; return store.set('d', found); })
      .then(() => console.log('no failure'), (error) => console.log('failed', error.message));`);
  t.same(dropped.lines.toSorted(), ['no failure', 'uncaught of the listener']);
});

t.test('a store that is not closed does not keep the process alive', async (t) => {
  const { code, lines } = await run(`store.set('a', session, (error) => console.log(error));`);
  t.same({ code, lines }, { code: 0, lines: ['null'] });
});

t.test('close waits for saves that are being merged, and takes nothing more', async (t) => {
  const memory = memoryStore();
  memory.write('id', { cookie: {}, n: 0 });
  const session = await sessionOf(memory, 'id');
  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  memory.fates.push({ first: () => memory.write('id', { theirs: 1 }), until: answered });
  session.n = 1;
  const saved = memory.store.set('id', session);
  const second = memory.store.touch('id', session);
  const closed = memory.store.close();
  for (const call of [
    () => memory.store.get('id'),
    () => memory.store.set('id', session),
    () => memory.store.length(),
  ])
    await t.rejects(async () => void (await call()), { code: 'closed', status: 503, outcome: 'not_applied' });
  answer();
  await Promise.all([saved, second, closed]);
  t.match(memory.read('id'), { n: 1, theirs: 1 });
});

t.test('a store can be closed twice, and by `await using`', async (t) => {
  const { code, lines } = await run(`(async () => {
    await store.set('a', session);
    await Promise.all([store.close(), store.close()]);
    await store[Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]();
    await store.get('a').catch((error) => console.log(error.code));
  })();`);
  t.same({ code, lines }, { code: 0, lines: ['closed'] });
});
