// What the README and examples/ show is what happens: their lines run against a sidecar, with its URL in place of the
// default one, and the answers are compared with what is printed there.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { ERRORS, type ErrorCode, errorBody } from '../src/errors.js';
import { urlOf } from './fixtures/cache.js';
import { type Child, startChild } from './fixtures/child.js';
import { startRedis } from './fixtures/redis.js';
import { cleanEnvironment, type Sidecar, startSidecar } from './fixtures/sidecar.js';
import { visitor } from './fixtures/visitor.js';

const run = promisify(execFile);
const DEFAULT_URL = 'http://127.0.0.1:22233';
const at = (file: string) => fileURLToPath(new URL(`../${file}`, import.meta.url));
const onBash = { skip: process.platform === 'win32' && 'the examples are for bash' };
const body = (code: ErrorCode) => `${ERRORS[code].status} ${JSON.stringify(errorBody(code))}`;
const BATCH = '[{"op":"get","key":"greeting"},{"op":"delete","key":"only-once"}]';
const HI = 'c22b5f9178342609428d6f51b2c5af4c0bde6a42';

/** What examples/curl.sh prints: command and answer. */
const CURL_SH: [string, string][] = [
  [`-X PUT --data-binary hello 'URL/v1/cache/greeting?ttl=60'`, '204 '],
  ['URL/v1/cache/greeting', '200 hello'],
  ['--head URL/v1/cache/greeting', '200 Ttl: 60'],
  [`-X POST 'URL/v1/cache/greeting/touch?ttl=120'`, '204 '],
  [`'URL/v1/cache/greeting?touch=300'`, '200 hello'],
  ['--head URL/v1/cache/greeting', '200 Ttl: 300'],
  [`-X PUT -H 'If-None-Match: *' --data-binary first URL/v1/cache/only-once`, '201 '],
  [`-X PUT -H 'If-None-Match: *' --data-binary second URL/v1/cache/only-once`, body('exists')],
  [
    `-X PUT -H 'If-Match: "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"' --data-binary hi URL/v1/cache/greeting`,
    '204 ',
  ],
  [
    `-X PUT -H 'If-Match: "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"' --data-binary hey URL/v1/cache/greeting`,
    body('changed'),
  ],
  [
    `--data-binary '${BATCH}' URL/v1/batch`,
    `200 [{"status":200,"etag":"\\"${HI}\\"","value":"hi"},{"status":204}]`,
  ],
  ['-X DELETE URL/v1/cache/greeting', '204 '],
  ['URL/v1/cache/greeting', body('not_found')],
  ['URL/healthz', '200 {"status":"ok"}'],
  ['URL/readyz', '200 {"status":"ready"}'],
];

t.test('examples/curl.sh runs, twice if need be, and prints these answers', onBash, async (t) => {
  await using sidecar = await startSidecar();
  const expected = CURL_SH.map(([command, answer]) => `$ curl ${command}\n${answer}\n\n`).join('');
  for (const _ of [1, 2]) {
    const { stdout, stderr } = await run(at('examples/curl.sh'), [sidecar.url]);
    t.equal(stdout.replaceAll(sidecar.url, 'URL'), expected);
    t.equal(stderr, '');
  }
});

t.test('examples/curl.sh says so where no sidecar is', onBash, async (t) => {
  await t.rejects(run(at('examples/curl.sh'), ['http://127.0.0.1:1']), { code: 7 });
});

/** The lines `    $ command` of a page, each with the lines that follow it up to an empty one. */
function shown(t: Test, page: string): { command: string; answer: string }[] {
  const found = [...readFileSync(at(page), 'utf8').matchAll(/^ {4}\$ (curl .+)\n((?: {4}\S.*\n)+)/gm)];
  t.ok(found.length >= 3, `${page} shows at least three`);
  return found.map(([, command = '', answer = '']) => ({
    command,
    answer: answer.replaceAll(/^ {4}/gm, '').trimEnd(),
  }));
}

t.test('the curl lines of the README have the answers that stand below them', onBash, async (t) => {
  await using sidecar = await startSidecar();
  for (const { command, answer } of shown(t, 'README.md')) {
    const { stdout } = await run('bash', ['-c', command.replaceAll(DEFAULT_URL, sidecar.url)]);
    t.ok(command.includes(DEFAULT_URL), command);
    // With -i the README leaves out all headers but the status line.
    t.equal(stdout.split('\r\n', 1)[0], answer);
  }
});

t.test('what the README says of the socket is true', onBash, async (t) => {
  await using sidecar = await startSidecar();
  const line = /`(curl --unix-socket [^`]+)`/.exec(
    readFileSync(at('README.md'), 'utf8').replaceAll('\n', ' '),
  )?.[1];
  const shell = (command: string) =>
    run('bash', ['-c', command], { env: { ...process.env, SOCKET: sidecar.socketPath } });
  await shell(`curl -sS -X PUT --data-binary hello ${sidecar.url}/v1/cache/greeting`);
  t.equal((await shell(line ?? 'false')).stdout, 'hello');
});

/** Runs a program of examples/ to its end. */
async function runExample(name: string, sidecar: Sidecar): Promise<string> {
  const env = { ...cleanEnvironment(), AZURE_CACHE_URL: urlOf(sidecar) };
  const { stdout, stderr } = await run(process.execPath, [at(`examples/${name}`)], { env, timeout: 30_000 });
  if (stderr) throw new Error(stderr);
  return stdout;
}

t.test('examples/direct.cjs prints what it put, and ends by itself', async (t) => {
  await using sidecar = await startSidecar();
  t.equal(await runExample('direct.cjs', sidecar), "Data from cache: { first: 'Tomasz', last: 'Janczuk' }\n");
});

t.test('examples/ttl.cjs finds nothing when the time is over', async (t) => {
  await using sidecar = await startSidecar();
  t.equal(
    await runExample('ttl.cjs', sidecar),
    `Data from cache: { first: 'Tomasz', last: 'Janczuk' }
Waiting 5 seconds to allow for TTL expiration...
Data from cache: null
`,
  );
});

t.test('examples/latency.cjs prints mean and percentiles of 1,000 puts and 1,000 gets', async (t) => {
  await using sidecar = await startSidecar();
  const number = String.raw`(\d+\.\d{3}) ms`;
  const numbers = `mean ${number}, p50 ${number}, p90 ${number}, p99 ${number}`;
  const printed = new RegExp(`^1000 sequential puts: ${numbers}\n1000 sequential gets: ${numbers}\n$`);
  const found =
    printed
      .exec(await runExample('latency.cjs', sidecar))
      ?.slice(1)
      .map(Number) ?? [];
  t.equal(found.length, 8);
  for (const [mean, p50, p90, p99] of [found.slice(0, 4), found.slice(4)] as [
    number,
    number,
    number,
    number,
  ][])
    t.ok(mean > 0 && p50 <= p90 && p90 <= p99);
});

t.test('examples/keyv.mjs finds what it put, and nothing once it is cleared', async (t) => {
  await using sidecar = await startSidecar();
  t.equal(await runExample('keyv.mjs', sidecar), 'hello\nundefined\n');
});

/** A web application of examples/, ready on a port of its own. */
async function startApp(name: string, sidecar: Sidecar): Promise<Child<string>> {
  return startChild({
    name,
    command: process.execPath,
    args: [at(`examples/${name}`)],
    env: { ...cleanEnvironment(), PORT: '0', AZURE_CACHE_URL: urlOf(sidecar) },
    readyLine: (line) => /^Listening on port (\d+)$/.exec(line)?.[1],
  });
}

for (const name of ['express3.cjs', 'express5.cjs', 'fastify.mjs', 'koa.mjs'])
  t.test(`two processes of examples/${name} on two sidecars count together`, async (t) => {
    await using redis = await startRedis();
    const env = { AZURE_CACHE_CONNECTION: redis.url };
    await using firstSidecar = await startSidecar({ env });
    await using secondSidecar = await startSidecar({ env });
    await using first = await startApp(name, firstSidecar);
    await using second = await startApp(name, secondSidecar);
    const browser = visitor();
    const ask = ({ ready: port }: Child<string>, path: string) => browser.ask(port, path);
    for (let sum = 1; sum <= 6; sum += 2) {
      t.equal(await ask(first, '/inc'), `Increased sum: ${sum}`);
      t.equal(await ask(second, '/inc'), `Increased sum: ${sum + 1}`);
      t.equal(await ask(first, '/get'), `Current sum: ${sum + 1}`);
    }
    // Keys with NUL are the sidecar's own.
    const keys = (await redis.cli('KEYS', '*')).split('\n').filter((key) => !key.includes('\0'));
    t.equal(keys.length, 1, 'one session');
    t.match(keys[0], /^sess:/);
    t.equal(JSON.parse(await redis.cli('GET', String(keys[0]))).counter, 6, 'plain JSON');
    browser.forget();
    t.equal(await ask(second, '/inc'), 'Increased sum: 1', 'another browser has a count of its own');
  });
