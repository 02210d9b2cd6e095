// The log: JSON lines on stdout, or on stderr where stdout is a command's. Made by main.ts and start.ts.
import { type Logger, pino } from 'pino';
import type { Config } from './config.js';

/** So much is kept of what cannot be written now: when a full disk has room again, it comes first. */
const MOST_UNWRITTEN_BYTES = 64 * 1024;

/** @param fd where the lines go; a runner that ends at once must have written them, so they are written at once */
export function logTo(fd: 1 | 2, level: Config['logLevel']): Logger {
  const lines = pino.destination({ dest: fd, sync: true, maxLength: MOST_UNWRITTEN_BYTES });
  // A full disk, or a terminal that was closed while others use the sidecar: the cache goes on without its log. (pino
  // itself forgives a broken pipe alone; and its flushSync tries for ever.)
  lines.on('error', () => {
    lines.flushSync = () => {};
  });
  return pino({ level, timestamp: pino.stdTimeFunctions.isoTime }, lines);
}
