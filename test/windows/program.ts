// A program of the Windows build of Node, under Wine. Used by the fixtures and tests of the Windows leg.
// Its output goes to files: Node for Windows cannot write to the pipes of another system.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cleanEnvironment } from '../fixtures/environment.js';
import { until, within } from '../fixtures/wait.js';
import { dotnetRoot, nodeExe } from './setup.js';
import { windowsPath, wine, wineEnvironment } from './wine.js';

/** Which Node: 20 or 22, as run.js says. */
export const NODE = process.env.WINDOWS_LEG_NODE ?? '20';
const READY_MS = 40_000;
const STOP_MS = 20_000;
const running = new Set<Program>();
process.on('exit', () => {
  for (const program of running) program.process.kill('SIGKILL');
});

export interface ProgramOptions {
  /** A script, by its Linux path, and its arguments. */
  args?: string[];
  /** Of Node itself, before the script. */
  options?: string[];
  /** A program of Wine's own with its arguments, `cmd.exe`, in place of Node and a script. It finds `node`. */
  command?: string[];
  /** Over an environment without settings of ours. */
  env?: Record<string, string | undefined>;
  cwd: string;
}

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export type Program = ReturnType<typeof startProgram>;

/** Starts it; whether it is ready is for the caller to find out, with `said`. */
export function startProgram(folder: string, { options = [], args = [], command, env, cwd }: ProgramOptions) {
  const [script = '', ...rest] = args;
  const node = nodeExe(NODE);
  const files = ['stdout', 'stderr'].map((name) => join(folder, name));
  const outputs = files.map((file) => openSync(file, 'w'));
  // tap puts a loader of its own into the options of every Node that a test starts, by a path of this system.
  const words = command ?? [node, ...options, windowsPath(script), ...rest];
  const child = spawn('env', ['-u', 'NODE_OPTIONS', wine(), ...words], {
    cwd,
    env: {
      ...{ ...cleanEnvironment(), ...wineEnvironment(), WINEPATH: windowsPath(dirname(node)) },
      ...{ DOTNET_ROOT: windowsPath(dotnetRoot), ...env },
    },
    stdio: ['ignore', outputs[0], outputs[1]],
  });
  for (const output of outputs) closeSync(output);
  const [stdout, stderr] = files.map((file) => () => readFileSync(file, 'utf8')) as [
    () => string,
    () => string,
  ];
  let end: Ended | undefined;
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      end = { code, signal };
      running.delete(program);
      resolve(end);
    });
  });
  /** Ends by SIGINT, which Wine makes a Ctrl+C: SIGTERM would end it hard, as TerminateProcess does. */
  const stop = async (signal: NodeJS.Signals = 'SIGINT') => {
    child.kill(signal);
    child.kill('SIGCONT');
    try {
      return await within(ended, STOP_MS, () => `the end of a Windows program; it printed:\n${stdout()}`);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  };
  /** Hard: Wine ends it without a word to it. */
  const kill = () => {
    child.kill('SIGKILL');
    return ended;
  };
  /** The first line of stdout for which `find` has an answer. */
  const said = <T>(find: (line: string) => T | undefined) =>
    until(
      () => {
        const lines = stdout().split('\n').slice(0, -1);
        for (const line of lines) {
          const found = find(line);
          if (found !== undefined) return found;
        }
        if (end) throw new Error(`It ended (${end.signal ?? end.code}) before:\n${stdout()}${stderr()}`);
        return undefined;
      },
      READY_MS,
      () => `a Windows program to be ready; it printed:\n${stdout()}${stderr()}`,
    );
  const program = { process: child, pid: child.pid as number, ended, stop, kill, said, stdout, stderr };
  running.add(program);
  return program;
}

export interface Ran extends Ended {
  stdout: string;
  stderr: string;
}

/** Runs it to its end, for at most 60 s. */
export async function runProgram(options: Omit<ProgramOptions, 'cwd'> & { cwd?: string }): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), 'azurecache-'));
  try {
    const program = startProgram(folder, { ...options, cwd: options.cwd ?? folder });
    const end = await within(program.ended, 60_000, `the end of ${options.args?.[0]}`).finally(program.kill);
    return { ...end, stdout: program.stdout(), stderr: program.stderr() };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
