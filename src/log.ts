// The log: JSON lines on stdout, or on stderr where stdout is a command's. Made by main.ts and start.ts.
import { constants, fstatSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { type Logger, pino } from 'pino';
import type { Config } from './config.js';

/** So much is kept of what cannot be written now: when there is room again, it comes first. What is more than that is lost. */
const MOST_UNWRITTEN_BYTES = 256 * 1024;
const RETRY_MS = 500;

/** @param fd where the lines go; a runner that ends at once must have written them, so they are written at once */
export function logTo(fd: 1 | 2, level: Config['logLevel']): Logger {
  const lines = pino.destination({
    dest: withoutWaiting(fd),
    sync: true,
    maxLength: MOST_UNWRITTEN_BYTES,
    // pino would sleep until there is room, and everything with it.
    retryEAGAIN: () => false,
  });
  // A full disk, a reader that has stopped, or a terminal that was closed while others use the sidecar: the cache goes on
  // without its log. (pino itself forgives a broken pipe alone; and its flushSync tries for ever.)
  let isWaiting = false;
  lines.on('error', () => {
    lines.flushSync = () => {};
    if (isWaiting) return;
    isWaiting = true;
    setTimeout(() => {
      isWaiting = false;
      lines.write('');
    }, RETRY_MS).unref();
  });
  return pino({ level, timestamp: pino.stdTimeFunctions.isoTime }, lines);
}

/**
 * Where to write instead, so that no write waits for who reads it: a program that starts a sidecar, and does not read what
 * it prints, would stop it. A pipe or terminal is opened anew, for whoever shares `fd` shares what is set on it; Linux alone
 * can do that. A socket, which is what Node gives to its children, cannot be opened. Elsewhere, and where stderr is one (the
 * command has it too) or is systemd's journal, a write waits.
 */
function withoutWaiting(fd: 1 | 2): number {
  try {
    if (process.platform !== 'linux') return fd;
    const stat = fstatSync(fd);
    // Node sets this stream so when it is first asked for.
    if (fd === 1 && stat.isSocket()) void process.stdout;
    if (!stat.isFIFO() && !isatty(fd)) return fd;
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    return openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    return fd;
  }
}
