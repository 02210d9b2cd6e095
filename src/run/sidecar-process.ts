// Ends a sidecar that hangs, hard, if it is proved which process that is. Called by attachment.ts. A number proves nothing: it
// may be in use again by now, or count in another container, or be a lie (docs/decisions/0024-runners-share-a-sidecar.md).
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A connection to the sidecar, as the system's tables name it. */
export type Connection = { path: string } | { localPort: number; remotePort: number };

/** Processes of ours. A child keeps its number until its end has been seen here. */
const children = new Map<number, ChildProcess>();

export function isOurs(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  children.set(pid, child);
  child.once('exit', () => children.delete(pid));
}

/** False: it is not proved that this process is at the other end, or it may not be ended. Then nothing is done. */
export function endHard(pid: number, connection: Connection): boolean {
  const child = children.get(pid);
  if (child) return child.kill(9);
  if (!holds(pid, connection)) return false;
  try {
    // Between the proof and this a number is not given away again: the system goes through all others first.
    return process.kill(pid, 9);
  } catch {
    return false;
  }
}

/** On Linux; elsewhere nobody says. Links of another user's process cannot be read, which is as good as not to be it. */
function holds(pid: number, connection: Connection): boolean {
  try {
    if (!countsAsWeDo()) return false;
    const sockets = new Set(socketsOf(connection));
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((fd) => sockets.has(linkAt(`${folder}/${fd}`)));
  } catch {
    return false;
  }
}

/** A /proc that was mounted outside our container has other numbers; it shows ours behind its own. */
function countsAsWeDo(): boolean {
  return new RegExp(`^NSpid:\\s+${process.pid}$`, 'm').test(readFileSync('/proc/self/status', 'utf8'));
}

/** The sidecar's ends, as links in /proc show them. Ours has no path, and its ports the other way round. */
function socketsOf(connection: Connection): string[] {
  if ('path' in connection)
    return readFileSync('/proc/net/unix', 'utf8')
      .split('\n')
      .map((line) => /^(?:\S+\s+){6}(\d+) (.*)$/.exec(line))
      .filter((found) => found?.[2] === connection.path)
      .map((found) => `socket:[${found?.[1]}]`);
  const hex = (port: number) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const { localPort, remotePort } = connection;
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((table) => tableAt(table).split('\n'))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, own = '', other]) => own.endsWith(hex(remotePort)) && other?.endsWith(hex(localPort)))
    .map((fields) => `socket:[${fields[9]}]`);
}

/** Without IPv6 its table is missing. */
function tableAt(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Some are closed while they are looked at. */
function linkAt(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
