// A client that takes for ever does not hold a connection for ever, nor the sidecar. The limits are those of src/listen.ts.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Test, test } from 'tap';
import { connectDoor, rawRequest } from './fixtures/http.js';
import { startSidecar } from './fixtures/sidecar.js';
import { until } from './fixtures/wait.js';

const env = { AZURE_CACHE_API_TOKEN: 'slow-client-0123456789' };
const offering = (path: string, protocol: string) =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;
const STREAM = offering('/v1/stream', 'azurecache/1');

/** Asks, and never ends its side of the connection. Resolves with the first line of the answer. */
async function askAndStay(t: Test, path: string, text: string): Promise<{ socket: Socket; line: string }> {
  const socket = connect({ path, allowHalfOpen: true });
  t.teardown(() => socket.destroy());
  socket.write(text);
  const [answer] = await once(socket, 'data');
  return { socket, line: String(answer).split('\r\n', 1)[0] as string };
}

test('headers that do not arrive within 10 s are answered with 408, on both doors', async (t) => {
  await using sidecar = await startSidecar();
  const doors = [{ url: sidecar.url }, { socketPath: sidecar.socketPath }];
  await Promise.all(
    doors.map(async (door) => {
      const answer = await rawRequest(await connectDoor(door), 'GET /v1/cache/slow HTTP/1.1\r\nHost: loc');
      t.match(answer, /^HTTP\/1\.1 408 /);
      t.match(answer, /"code":"request_timeout"/);
    }),
  );
});

test('so are they behind an offer of h2c', async (t) => {
  await using sidecar = await startSidecar();
  const answer = await rawRequest(
    await connectDoor({ url: sidecar.url }),
    `${offering('/healthz', 'h2c')}GET /v1/cache/slow HTTP/1.1\r\nHost: loc`,
  );
  t.match(answer, /"status":"ok".*HTTP\/1\.1 408 /s);
});

test('who is refused an upgrade and stays on the line is cut off', async (t) => {
  await using sidecar = await startSidecar({ env });
  const { socket, line } = await askAndStay(t, sidecar.socketPath, STREAM);
  t.match(line, / 401 /);
  socket.on('error', () => {});
  await until(() => !socket.write('x') || socket.destroyed, 10_000, 'the connection to end');
});

for (const [who, text, status] of [
  ['is refused an upgrade', STREAM, / 401 /],
  ['has offered h2c', offering('/healthz', 'h2c'), / 200 /],
] as const)
  test(`who ${who} and stays on the line does not keep the sidecar from ending`, async (t) => {
    const sidecar = await startSidecar({ env });
    t.match((await askAndStay(t, sidecar.socketPath, text)).line, status);
    t.same(await sidecar.stop(), { code: 0, signal: null });
  });
