// The command behind `--`: started with our stdin, stdout, stderr and environment; its end as an exit code. Called by
// run.ts. cross-spawn finds what Windows starts by other rules (npm.cmd).
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import spawn from 'cross-spawn';

/** The command could not be started. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** As shells have it: 127 not found, 126 found but not to be run. */
  readonly exitCode: 126 | 127;

  constructor(message: string, exitCode: 126 | 127) {
    super(message);
    this.exitCode = exitCode;
  }
}

export interface Command {
  /** Passes a signal on. */
  kill(signal?: NodeJS.Signals): void;
  /** Ends it hard; what it has started itself lives on. */
  endHard(): void;
  /** Its exit code, or 128 and the number of the signal that ended it. Rejects with a CommandError. */
  readonly ended: Promise<number>;
}

/** Running when it resolves. @throws CommandError */
export function startCommand(
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Command> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawn(name, args, { env, stdio: 'inherit' });
    const ended = new Promise<number>((done, failed) => {
      child.once('exit', (code, signal) => done(signal ? 128 + constants.signals[signal] : (code ?? 1)));
      // On Windows a command that is not there is known late: cross-spawn starts cmd.exe, and makes an error of its answer.
      child.once('error', ({ code }: NodeJS.ErrnoException) => failed(failure(name, code)));
    });
    ended.catch(reject);
    child.once('spawn', () =>
      resolve({ kill: (signal) => void child.kill(signal), endHard: () => void child.kill(9), ended }),
    );
  });
}

function failure(name: string, code: string | undefined): CommandError {
  if (code === 'ENOENT')
    return new CommandError(`The command ${name} was not found. Is it in the PATH?`, 127);
  return new CommandError(`The command ${name} cannot be run (${code}). May this user run it?`, 126);
}
