// The sidecar as a Windows process under Wine, behind the fixture that other tests start theirs with
// (fixtures/sidecar.ts): they run as they are. Its `socketPath` is a Unix socket that leads to its named pipe.
// A test that asks for no backend gets the embedded one, or where run.js says so (WINDOWS_LEG_REDIS) a Redis of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '../fixtures/redis.js';
import { type Door, parse, type Sidecar, type SidecarOptions } from '../fixtures/sidecar.js';
import { leadToPipe } from './pipe-relay.js';
import { type Program, type Ran, runProgram, startProgram } from './program.js';
import { app } from './setup.js';

export const COMMAND = join(app, 'bin/azurecache.js');
const BACKENDS = ['AZURE_CACHE_CONNECTION', 'AZURE_CACHE_IDENTIFIER', 'AZURE_CACHE_DATA_DIR'];

export interface WindowsSidecar extends Sidecar {
  /** The full name of its pipe; empty when it is off. */
  readonly pipe: string;
}

export interface WindowsOptions extends SidecarOptions {
  /** The pipe is the one that it opens when nobody says otherwise. */
  defaultPipe?: boolean;
}

/** @throws when it ends before it is ready; the message holds its output */
export async function startWindowsSidecar(options: WindowsOptions = {}): Promise<WindowsSidecar> {
  const folder = await mkdtemp(join(tmpdir(), 'azurecache-'));
  const ends: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const clean = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const env = { ...options.env };
    const asked = env.AZURE_CACHE_SOCKET;
    // What is no path is a pipe's name already, or `off`.
    if (asked?.startsWith('/') || (asked === undefined && !options.defaultPipe))
      env.AZURE_CACHE_SOCKET = pipeFor(asked ?? folder);
    if (process.env.WINDOWS_LEG_REDIS && !BACKENDS.some((name) => name in env)) {
      const redis = await startRedis();
      ends.push(() => redis.stop());
      env.AZURE_CACHE_CONNECTION = redis.url;
    }
    const program = startProgram(folder, {
      args: [COMMAND, ...(options.args ?? [])],
      env: { AZURE_CACHE_PORT: '0', ...env },
      cwd: options.cwd ?? folder,
    });
    const doors = await program.said((line) => {
      const record = parse(line);
      return record?.msg === 'ready' ? (record.doors as Door[]) : undefined;
    });
    const pipe = doors.find(({ kind }) => kind === 'pipe')?.path ?? '';
    const socketPath = asked?.startsWith('/') ? asked : join(folder, 'door.sock');
    if (pipe) ends.push(await leadToPipe(socketPath, pipe));
    const url = doors.find(({ kind }) => kind === 'tcp')?.url ?? '';
    return { ...controls(program, clean), url, pipe, socketPath: pipe && socketPath };
  } catch (error) {
    await clean();
    throw error;
  }
}

function controls(program: Program, clean: () => Promise<void>): Omit<Sidecar, 'url' | 'socketPath'> {
  let printed: string | undefined;
  const read = () => program.stdout() + program.stderr();
  const output = () => printed ?? read();
  // Also when it ends by itself: nobody listens behind its socket any more.
  const ended = program.ended.then(async (end) => {
    printed = read();
    await clean();
    return end;
  });
  const after = async (asked: Promise<unknown>) => {
    await asked;
    return ended;
  };
  // The only signal that Windows knows and Wine passes on is Ctrl+C.
  const stop = () => after(program.stop('SIGINT'));
  return {
    ...{ process: program.process, pid: program.pid, ended, output, stop },
    kill: () => after(program.kill()),
    pause: () => void program.process.kill('SIGSTOP'),
    resume: () => void program.process.kill('SIGCONT'),
    logs: () =>
      output()
        .split('\n')
        .map(parse)
        .filter((record) => record !== undefined),
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
}

/** The command as refused-start.ts runs it, until it ends. Nothing is written to its settings but the doors. */
export function runWindowsCommand({ env, args = [], cwd }: SidecarOptions = {}): Promise<Ran> {
  const places = { AZURE_CACHE_PORT: '0', AZURE_CACHE_SOCKET: pipeFor(`refused-${process.pid}`) };
  return runProgram({ args: [COMMAND, ...args], env: { ...places, ...env }, ...(cwd && { cwd }) });
}

function pipeFor(path: string): string {
  return `\\\\.\\pipe\\${path.replaceAll(/\W+/g, '-').slice(-100)}`;
}
