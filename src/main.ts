// The process: which command is asked for, its settings, log, signals and exit code. Called by bin/azurecache.js.
// The only file that touches signals and the exit code, and, with start.ts, process.env.
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { Logger } from 'pino';
import { identityIn, isAlive, surroundings } from './around.js';
import { askedFor, helpText, loadConfig } from './config.js';
import { ListenError } from './door-files.js';
import { logTo } from './log.js';
import { thisMachine } from './preflight/machine.js';
import { explainLoading } from './preflight/preflight.js';
import { SHARED, type Told } from './run/launch.js';
import { exitCodeOf, RUN_USAGE, Run, splitRun } from './run/run.js';
import { inForeground } from './run/terminal.js';
import { onceThere } from './shutdown-file.js';
import { type Sidecar, startSidecar } from './sidecar.js';

/** What a run passes on to its command. */
const PASSED_ON = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGBREAK', 'SIGQUIT', 'SIGUSR2'] as const;
/** These come from a terminal, which gives them to the command as well. */
const OF_TERMINALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGHUP', 'SIGQUIT'];

/** Does what the command line asks for. */
export async function main(): Promise<void> {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const argv = process.argv.slice(2);
  const own = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined);
  const wish = askedFor(own);
  if (wish) return void process.stdout.write(wish === 'help' ? helpText() : `${version}\n`);
  if (argv[0] === 'doctor') return doctor(argv.slice(1), version);
  if (argv[0] === 'run') return run(argv.slice(1));
  if (argv[0] === SHARED && process.send) return serve(argv.slice(1), version, tell);
  return serve(argv, version);
}

/** Runs the sidecar until a signal ends it; if there is somebody to tell, for as long as it has runners. */
async function serve(argv: string[], version: string, tell?: (told: Told) => void): Promise<void> {
  // Sockets and files are this user's alone.
  process.umask(0o077);
  let meeting: ListenError['inUse'];
  try {
    const around = surroundings(argv, process.env);
    const config = loadConfig(around);
    meeting = config.socket === undefined ? 'port' : 'socket';
    const log = logTo(1, config.logLevel);
    const started = startSidecar({
      ...{ config, log, version, env: process.env, shared: tell !== undefined },
      identity: identityIn(config, around),
    });
    const end = endWith(log, started, tell !== undefined);
    const sidecar = await started;
    tell?.({ doors: [...sidecar.doors] });
    sidecar.unused.then(() => end('no runner is left'));
  } catch (error) {
    const sentence = reasonOf(error);
    if (!tell) process.stderr.write(`azurecache: ${sentence}\n`);
    else {
      // Where runners meet, somebody is whom they may share.
      const isMet = error instanceof ListenError && error.inUse === meeting;
      // A sidecar that is ending has closed its doors, and still has its data folder.
      const again = (error as { code?: unknown }).code === 'data_dir_in_use';
      tell(isMet ? { inUse: sentence } : { refused: sentence, again });
    }
    process.exitCode = 1;
    // Else what is told may not leave. A runner that was ended meanwhile is told nothing.
    if (tell && process.connected) process.once('disconnect', () => process.exit());
    else process.exit();
  }
}

/** Tells the runner that has started this process, and ends the channel: from then on attachments count. */
function tell(told: Told): void {
  process.send?.(told, () => {
    if (process.connected) process.disconnect();
  });
}

/**
 * The first signal, or App Service's file, ends the sidecar in order; the second signal at once. A shared one heeds SIGTERM
 * alone: what a terminal sends is for the commands that use it. (SIGBREAK: Ctrl+Break, and how services are often stopped.)
 */
function endWith(log: Logger, started: Promise<Sidecar>, shared: boolean): (why: string) => void {
  let signals = 0;
  const end = async (signal: string) => {
    signals += 1;
    if (signals > 1) process.exit(1);
    const sidecar = await started;
    log.info({ signal }, 'closing');
    await sidecar.close();
    log.info('closed');
    process.exit(0);
  };
  process.on('SIGTERM', () => void end('SIGTERM'));
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGBREAK'] as const)
    process.on(signal, () => {
      if (!shared) void end(signal);
    });
  const shutdownFile = process.env.WEBJOBS_SHUTDOWN_FILE;
  // A shared one ends with the commands that use it, which know of the file themselves.
  if (shutdownFile && !shared) {
    const warn = (err: Error) =>
      log.warn(
        { err },
        'the folder of WEBJOBS_SHUTDOWN_FILE cannot be watched: it is looked for every second',
      );
    onceThere(shutdownFile, warn, () => void end('WEBJOBS_SHUTDOWN_FILE'));
  }
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error) => {
      log.fatal({ err: error }, 'the sidecar failed in a way it should not');
      process.exit(1);
    });
  return (why) => void end(why);
}

/** Prints what it finds; the exit code is 1 when something fails. */
async function doctor(argv: string[], version: string): Promise<void> {
  const { examine } = await import('./doctor/doctor.js');
  const { asText, reportOf } = await import('./doctor/report.js');
  const around = surroundings(
    argv.filter((argument) => argument !== '--json'),
    process.env,
  );
  const checks = await examine({ around, env: process.env, version, isAlive });
  const report = reportOf(version, checks);
  const text = argv.includes('--json') ? `${JSON.stringify(report, null, 2)}\n` : asText(report);
  // Not before it has left: a pipe may be slow.
  process.stdout.write(text, () => process.exit(report.ok ? 0 : 1));
}

async function run(argv: string[]): Promise<void> {
  const fail = (sentence: string, exitCode: number) => {
    process.stderr.write(`azurecache: ${sentence}\n`);
    process.exit(exitCode);
  };
  const line = splitRun(argv);
  if (!line) return fail(RUN_USAGE, 2);
  try {
    const around = surroundings(line.flags, process.env);
    const config = loadConfig(around);
    const log = logTo(2, config.logLevel);
    const identity = identityIn(config, around);
    const running = new Run({ ...line, config, identity, log, env: process.env, cwd: around.cwd });
    for (const signal of PASSED_ON)
      process.on(signal, () => {
        // Windows has no signals: what Node calls so comes from the console, to every process there.
        const fromTerminal =
          process.platform === 'win32' || (OF_TERMINALS.includes(signal) && inForeground());
        running.signal(signal, constants.signals[signal], !fromTerminal);
      });
    process.exit(await running.end());
  } catch (error) {
    fail(reasonOf(error), exitCodeOf(error));
  }
}

/** Errors that are one sentence already. */
const OURS = [
  ...['ConfigError', 'ListenError', 'PreflightError', 'BridgeError'],
  ...['AttachError', 'LaunchError', 'CommandError'],
];

function reasonOf(error: unknown): string {
  const { name, message } = error as Error;
  if (OURS.includes(name)) return message;
  return explainLoading(thisMachine(process.env), error as Error);
}
