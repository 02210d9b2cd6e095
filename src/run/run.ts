// `azurecache run [--settings] -- <command> [args]`: a sidecar first, then the command, with AZURE_CACHE_URL; its end is
// ours. Called by main.ts, which passes signals in.
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { isAlive } from '../around.js';
import type { Config } from '../config.js';
import { ListenError, makeFolder } from '../door-files.js';
import { type EndTurn, takeTurn } from '../start-turn.js';
import { attach, isReady, tcpDoor, type Where } from './attach.js';
import { type Command, CommandError, startCommand } from './command.js';
import type { Identity } from './identity.js';
import { launchSidecar } from './launch.js';
import { PATIENCE, type Patience, Runner, type RunnerOptions } from './runner.js';

export const RUN_USAGE = 'Write azurecache run [--name=value …] -- <command> [args].';

/** A backend that is away holds up the command no longer than this. */
const READY_MS = 5000;
const READY_EVERY_MS = 50;

/** The command line behind `run`, in two; undefined if there is no command. */
export function splitRun(argv: readonly string[]): { flags: string[]; command: string[] } | undefined {
  const dashes = argv.indexOf('--');
  if (dashes < 0 || dashes === argv.length - 1) return undefined;
  return { flags: argv.slice(0, dashes), command: argv.slice(dashes + 1) };
}

export interface RunOptions {
  config: Config;
  identity: Identity;
  log: Logger;
  flags: readonly string[];
  command: readonly string[];
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** For tests. */
  patience?: Patience;
}

/** What a Runner needs to know, from the settings. */
export function runnerOptions(
  { config, identity, log, flags, env, cwd, patience = PATIENCE }: Omit<RunOptions, 'command'>,
  background: boolean,
): RunnerOptions {
  const { socket, host, port, apiToken } = config;
  const launch: RunnerOptions['launch'] = async (inBackground, again) => {
    let endTurn: EndTurn;
    try {
      endTurn = await takeTurn({ socket, name: 'launching', isAlive, background: inBackground });
    } catch (error) {
      // Another runner's sidecar is there by now.
      if (error instanceof ListenError && error.inUse) return { inUse: error.message };
      throw error;
    }
    try {
      return await launchSidecar({ flags: atPort(flags, again), env, cwd, background: inBackground });
    } finally {
      await endTurn();
    }
  };
  const meet = (where: Where | undefined, check = async () => {}): RunnerOptions => ({
    ...{ where, launch, log, background, patience },
    attach: async (at, inBackground) => {
      await check();
      return attach(at, { identity, apiToken, background: inBackground });
    },
  });
  if (socket === undefined) return meet(port === 0 ? undefined : tcpDoor(host, port as number));
  // A socket that somebody else could have put there is not given the token.
  return meet({ socketPath: socket }, socket.startsWith('\\\\') ? undefined : () => makeFolder(socket));
}

/** "Any free port" is chosen once. */
function atPort(flags: readonly string[], again: Where | undefined): readonly string[] {
  if (!again || !('port' in again)) return flags;
  const others = flags.filter((flag, i) => !/^--port(=|$)/.test(flag) && flags[i - 1] !== '--port');
  return [...others, `--port=${again.port}`];
}

/** The environment with what clients need to find the sidecar. */
export function withDoor(
  env: NodeJS.ProcessEnv,
  url: string,
  { apiToken }: Config,
  flags: readonly string[] = [],
): NodeJS.ProcessEnv {
  const { AZURE_CACHE_API_TOKEN, AZURE_CACHE_API_TOKEN_FILE, ...others } = env;
  // A token may have come from a flag or from azurecache.json, which the command does not know; a flag counts before
  // what the environment says.
  const isKnown =
    apiToken === undefined ||
    ((AZURE_CACHE_API_TOKEN || AZURE_CACHE_API_TOKEN_FILE) &&
      !flags.some((flag) => flag.startsWith('--api-token')));
  if (isKnown) return { ...env, AZURE_CACHE_URL: url };
  return { ...others, AZURE_CACHE_URL: url, AZURE_CACHE_API_TOKEN: apiToken };
}

/** One run of a command. */
export class Run {
  readonly #options: RunOptions;
  readonly #runner: Runner;
  #command: Command | undefined;
  /** Ends the run before there is a command. */
  #abort: (exitCode: number) => void = () => {};

  constructor(options: RunOptions) {
    this.#options = options;
    this.#runner = new Runner(runnerOptions(options, false));
  }

  /**
   * Resolves with the exit code when the command has ended.
   * @throws AttachError, LaunchError, CommandError
   */
  async end(): Promise<number> {
    const aborted = new Promise<number>((resolve) => {
      this.#abort = resolve;
    });
    const prepared = this.#prepare().then(() => undefined);
    const early = await Promise.race([prepared, aborted]);
    try {
      if (early !== undefined) return early;
      return await this.#attend();
    } finally {
      // A sidecar that is only starting finds nobody, and ends.
      await this.#runner.leave();
    }
  }

  /** A signal to this process. `toCommand`: the command has not got it otherwise. */
  signal(signal: NodeJS.Signals, number: number, toCommand: boolean): void {
    if (!this.#command) this.#abort(128 + number);
    else if (toCommand) this.#command.kill(signal);
  }

  async #prepare(): Promise<void> {
    const { log } = this.#options;
    await this.#runner.join();
    const { where } = this.#runner;
    const late = pause(READY_MS, 'late' as const, { ref: false });
    for (;;) {
      const state = await Promise.race([isReady(where), late]);
      if (state === true) return;
      if (state === 'late')
        return log.warn('the backend does not answer yet; the command is started all the same');
      await pause(READY_EVERY_MS);
    }
  }

  async #attend(): Promise<number> {
    const { command, env, config, flags, log, patience = PATIENCE } = this.#options;
    const [name = '', ...args] = command;
    this.#command = await startCommand(name, args, withDoor(env, this.#runner.url, config, flags));
    const exitCode = await Promise.race([this.#command.ended, this.#runner.lost.then(() => undefined)]);
    if (exitCode !== undefined) return exitCode;
    log.error('the command is ended, so that whoever started it can start everything anew');
    this.#command.kill();
    const { commandMs } = patience;
    const late = pause(commandMs, 'late' as const, { ref: false });
    if ((await Promise.race([this.#command.ended, late])) === 'late') {
      log.error(`the command has not ended ${commandMs / 1000} seconds after SIGTERM: it is ended hard`);
      this.#command.endHard();
      await this.#command.ended;
    }
    return 1;
  }
}

/** The exit code for what kept a run from starting. */
export function exitCodeOf(error: unknown): number {
  return error instanceof CommandError ? error.exitCode : 1;
}
