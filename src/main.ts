// The process: which command is asked for, its settings, log, signals and exit code. Called by bin/azurecache.js.
// The only file that touches process.env, signals and the exit code.
import { readFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { type Logger, pino } from 'pino';
import { askedFor, helpText, loadConfig, type Surroundings } from './config.js';
import { thisMachine } from './machine.js';
import { explainLoading } from './preflight.js';
import { onceThere } from './shutdown-file.js';
import { type Sidecar, startSidecar } from './sidecar.js';

/** Runs the sidecar until a signal ends it. */
export async function main(): Promise<void> {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const argv = process.argv.slice(2);
  const wish = askedFor(argv);
  if (wish) return void process.stdout.write(wish === 'help' ? helpText() : `${version}\n`);
  if (argv[0] === 'doctor') return doctor(argv.slice(1), version);
  // Sockets and files are this user's alone.
  process.umask(0o077);
  try {
    const config = loadConfig(surroundings(argv));
    const log = pino({ level: config.logLevel, timestamp: pino.stdTimeFunctions.isoTime });
    const started = startSidecar({ config, log, version, env: process.env });
    endWith(log, started);
    await started;
  } catch (error) {
    process.stderr.write(`azurecache: ${reasonOf(error)}\n`);
    process.exit(1);
  }
}

/** The first signal, or App Service's file, ends the sidecar in order; the second signal at once. */
function endWith(log: Logger, started: Promise<Sidecar>): void {
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
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void end(signal));
  const shutdownFile = process.env.WEBJOBS_SHUTDOWN_FILE;
  if (shutdownFile) {
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
}

/** Prints what it finds; the exit code is 1 when something fails. */
async function doctor(argv: string[], version: string): Promise<void> {
  const { examine } = await import('./doctor/doctor.js');
  const { asText, reportOf } = await import('./doctor/report.js');
  const around = surroundings(argv.filter((argument) => argument !== '--json'));
  const checks = await examine({ around, env: process.env, version, isAlive });
  const report = reportOf(version, checks);
  const text = argv.includes('--json') ? `${JSON.stringify(report, null, 2)}\n` : asText(report);
  // Not before it has left: a pipe may be slow.
  process.stdout.write(text, () => process.exit(report.ok ? 0 : 1));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function surroundings(argv: string[]): Surroundings {
  return {
    argv,
    env: process.env,
    cwd: process.cwd(),
    platform: process.platform,
    tempDir: tmpdir(),
    uid: process.getuid?.(),
    // It names the pipe; elsewhere a user without an entry in passwd (containers) would make it throw.
    userName: process.platform === 'win32' ? userInfo().username : '',
  };
}

function reasonOf(error: unknown): string {
  const { name, message } = error as Error;
  if (['ConfigError', 'ListenError', 'PreflightError', 'BridgeError'].includes(name)) return message;
  return explainLoading(thisMachine(process.env), error as Error);
}
