// Named pipes of Wine for tests of this system: a Unix socket that leads to a pipe, by way of a Windows program that
// opens it (on-windows/relay.js; one for each test process, started when it is first needed).
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Program, startProgram } from './program.js';

const SCRIPT = fileURLToPath(new URL('on-windows/relay.js', import.meta.url));

let users = 0;
let relay: Promise<{ program: Program; folder: string; port: number }> | undefined;

async function startRelay() {
  const folder = await mkdtemp(join(tmpdir(), 'azurecache-relay-'));
  const program = startProgram(folder, { args: [SCRIPT], cwd: folder });
  const port = await program.said<number>((line) => JSON.parse(line).port);
  return { program, folder, port };
}

/** Everything that connects to `path` talks to the pipe, until it is closed. */
export async function leadToPipe(path: string, pipe: string): Promise<() => Promise<void>> {
  users += 1;
  relay ??= startRelay();
  const { port } = await relay;
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    far.write(`${pipe}\n`);
    const destroy = () => {
      socket.destroy();
      far.destroy();
      open.delete(socket);
    };
    open.add(socket);
    for (const side of [socket, far]) side.on('error', destroy).on('close', destroy);
    socket.pipe(far).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  let closed = false;
  return async () => {
    if (closed) return;
    closed = true;
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    users -= 1;
    if (users === 0) await endRelay();
  };
}

async function endRelay(): Promise<void> {
  const ending = relay;
  relay = undefined;
  if (!ending) return;
  const { program, folder } = await ending;
  await program.kill();
  await rm(folder, { recursive: true, force: true });
}
