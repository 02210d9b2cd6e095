// The options of the transport and the variables that stand in for them; and when it keeps the process alive.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { openTransport, type TransportOptions } from '../client/dist/transport/transport.js';
import { freePort } from './fixtures/free-port.js';
import { startPeer } from './fixtures/peer.js';
import { cleanEnvironment } from './fixtures/sidecar.js';
import { tempFolder } from './fixtures/temp-folder.js';

const TRANSPORT = fileURLToPath(new URL('../client/dist/transport/transport.js', import.meta.url));
const TOKEN = 'planted-token-0123456789';

/** Sets variables for the time of the test; none of AZURE_CACHE_* comes from outside. */
function environment(t: Test, env: Record<string, string>): void {
  t.intercept(process, 'env', { value: { ...cleanEnvironment(), ...env } });
}

/** Expects a refusal by a message that has nothing planted in it. */
function refusedWith(t: Test, options: TransportOptions, message: RegExp): void {
  const expected = { code: 'options_invalid', status: 400, retryable: false, outcome: 'not_applied' };
  const error = t.throws(() => openTransport(options), expected);
  const said = error instanceof Error ? error.message : '';
  t.match(said, message);
  t.notMatch(said, /planted/);
}

t.test('an option that cannot be used is refused by its name, with nothing of what was given', async (t) => {
  environment(t, {});
  const refused: [unknown, RegExp][] = [
    [{ url: 7 }, /^The option url must be a string/],
    [{ url: '' }, /^The option url must be http/],
    [{ url: 'https://planted' }, /^The option url is https/],
    [{ apiToken: 7 }, /^The option apiToken must be printable/],
    [{ apiToken: '' }, /^The option apiToken must be/],
    [{ apiToken: 'planted\r\nplanted' }, /^The option apiToken must be/],
    [{ apiToken: 'planted planted' }, /^The option apiToken must be/],
    [{ waitMs: -1 }, /^The option waitMs must be a whole number of milliseconds, at least 0/],
    [{ waitMs: 1.5 }, /^The option waitMs/],
    [{ waitMs: '100' }, /^The option waitMs/],
    [{ waitMs: Number.POSITIVE_INFINITY }, /^The option waitMs/],
    [{ deadlineMs: 0 }, /^The option deadlineMs must be a whole number of milliseconds, at least 1/],
    [{ deadlineMs: Number.NaN }, /^The option deadlineMs/],
    [{ deadlineMs: 2 ** 31 }, /^The option deadlineMs/],
  ];
  for (const [options, message] of refused) {
    refusedWith(t, options as TransportOptions, message);
  }
});

t.test('a variable that cannot be used is refused by its name, with nothing of what it holds', async (t) => {
  const folder = await tempFolder(t);
  const file = join(folder, 'token');
  await writeFile(file, 'planted planted\n');
  const refused: [Record<string, string>, RegExp][] = [
    [
      { AZURE_CACHE_URL: 'redis://:planted@cache:6379' },
      /^AZURE_CACHE_URL must be http.* AZURE_CACHE_CONNECTION/,
    ],
    [{ AZURE_CACHE_API_TOKEN: 'planted planted' }, /^AZURE_CACHE_API_TOKEN must be/],
    [{ AZURE_CACHE_API_TOKEN_FILE: file }, /^The file AZURE_CACHE_API_TOKEN_FILE must be/],
    [{ AZURE_CACHE_API_TOKEN_FILE: `${file}-planted` }, /^The file \w+ cannot be read \(ENOENT\)/],
    [{ AZURE_CACHE_API_TOKEN_FILE: folder }, /^The file \w+ cannot be read \(EISDIR\)/],
  ];
  for (const [env, message] of refused) {
    environment(t, env);
    refusedWith(t, {}, message);
  }
});

t.test(
  'the token is the option, else the variable, else the file without the line break at its end',
  async (t) => {
    const file = join(await tempFolder(t), 'token');
    await writeFile(file, `${TOKEN}-of-the-file\r\n`);
    const cases: [TransportOptions, Record<string, string>, string | undefined][] = [
      [{ apiToken: TOKEN }, { AZURE_CACHE_API_TOKEN: 'other', AZURE_CACHE_API_TOKEN_FILE: file }, TOKEN],
      [{}, { AZURE_CACHE_API_TOKEN: 'other', AZURE_CACHE_API_TOKEN_FILE: file }, 'other'],
      [{}, { AZURE_CACHE_API_TOKEN: '', AZURE_CACHE_API_TOKEN_FILE: file }, `${TOKEN}-of-the-file`],
      [{}, { AZURE_CACHE_API_TOKEN: '', AZURE_CACHE_API_TOKEN_FILE: '' }, undefined],
    ];
    for (const [options, env, token] of cases) {
      const server = await startPeer(t, { answers: true });
      environment(t, { ...env, AZURE_CACHE_URL: server.url });
      const transport = openTransport(options);
      await transport.run({ verb: 'ping' });
      const { authorization } = (await server.peer()).headers;
      t.equal(authorization, token === undefined ? undefined : `Bearer ${token}`);
      await transport.close();
    }
  },
);

t.test('the option url goes before AZURE_CACHE_URL; options that are null count as not given', async (t) => {
  const server = await startPeer(t, { answers: true });
  environment(t, { AZURE_CACHE_URL: 'http://127.0.0.1:9' });
  const options = { url: server.url, apiToken: null, waitMs: null, deadlineMs: null };
  const transport = openTransport(options as unknown as TransportOptions);
  t.equal(transport.deadlineMs, 3000);
  t.equal((await transport.run({ verb: 'ping' })).status, 'ok');
  await transport.close();
});

t.test('variables without text are not set, so the sidecar is looked for in the usual places', async (t) => {
  const server = await startPeer(t, { answers: true });
  const places = { AZURE_CACHE_SOCKET: 'off', AZURE_CACHE_PORT: String(server.port) };
  environment(t, { AZURE_CACHE_URL: '', AZURE_CACHE_API_TOKEN: '', ...places });
  const transport = openTransport();
  t.equal((await transport.run({ verb: 'ping' })).status, 'ok');
  await transport.close();
});

/** Runs a program that has `transport` until it ends by itself, which it must within 10 s. */
async function program(url: string, lines: string, waitMs = 1500): Promise<{ out: string; ms: number }> {
  const start = performance.now();
  const text = `const { openTransport } = require(${JSON.stringify(TRANSPORT)});
    const transport = openTransport({ url: ${JSON.stringify(url)}, waitMs: ${waitMs} });
    ${lines}`;
  const ran = promisify(execFile)(process.execPath, ['--eval', text], {
    ...{ timeout: 10_000, env: cleanEnvironment() },
  });
  return { out: (await ran).stdout, ms: performance.now() - start };
}

t.test(
  'an idle transport does not keep the process alive, whether the sidecar is there or not',
  async (t) => {
    const server = await startPeer(t, { answers: true });
    const said = await program(
      server.url,
      `transport.run({ verb: 'ping' }).then(({ status }) => console.log(status));`,
    );
    t.equal(said.out, 'ok\n');
    t.equal((await program(server.url, '')).out, '');
    const away = `http://127.0.0.1:${await freePort()}`;
    // What is attempted in the background from here on keeps nobody.
    const failed = await program(
      away,
      `transport.run({ verb: 'ping' }).catch(({ code }) => console.log(code));`,
    );
    t.equal(failed.out, 'sidecar_unreachable\n');
    t.ok(failed.ms > 1400, `a waiting call does: ${failed.ms} ms`);
  },
);

t.test(
  'a call without an answer keeps the process alive to its deadline, and close to its end',
  async (t) => {
    const server = await startPeer(t);
    const call = `transport.run({ verb: 'ping', deadlineMs: 300 }).catch(({ code }) => console.log(code));`;
    t.equal((await program(server.url, call)).out, 'timeout\n');
    const closing = `${call} transport.close().then(() => console.log('closed'));`;
    t.equal((await program(server.url, closing)).out, 'timeout\nclosed\n');
  },
);

t.test('a waiting call that is aborted keeps nobody', async (t) => {
  const away = `http://127.0.0.1:${await freePort()}`;
  const { out, ms } = await program(
    away,
    `const abort = new AbortController();
    transport.run({ verb: 'ping' }, abort.signal).catch(({ code }) => console.log(code));
    setTimeout(() => abort.abort(), 1);`,
    8000,
  );
  t.equal(out, 'aborted\n');
  t.ok(ms < 7000, `${ms} ms`);
});

t.test('a door that takes connections and says nothing keeps nobody either', async (t) => {
  const open: Socket[] = [];
  const silent = createServer((socket) => void open.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => {
    for (const socket of open) socket.destroy();
    silent.close();
  });
  const { out } = await program(
    `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    `let at;
    transport.run({ verb: 'ping' }).catch(() => (at = performance.now()));
    process.on('exit', () => console.log(performance.now() - at));`,
    500,
  );
  t.ok(Number(out) < 1500, `it ended ${out} ms after its call`);
});
