// An attachment that is held: its end, leaving, and asking whether the sidecar is there. Made by attach.ts, used by runner.ts
// and hung.ts; runners.ts is the other side and describes what is said.
import type { Socket } from 'node:net';
import { LEAVE, LOOK } from './runners.js';
import { type Connection, endHard } from './sidecar-process.js';

/** The last runner waits this long for the sidecar to end; requests under way and the backend may take their time. */
const LEAVE_MS = 20_000;

export interface Attachment {
  /** Resolves when the connection has ended. */
  readonly gone: Promise<void>;
  /** Says so to the sidecar; resolves when that has let go, or, if this was the last runner, has ended. */
  leave(): Promise<void>;
  /** The process does not stay alive for it. */
  unref(): void;
  /** What its runners look after; not a sidecar that was started by hand, nor one of an older version. */
  readonly watched?: Watched | undefined;
}

export interface Watched {
  /** As it says. */
  readonly pid: number;
  /** Asks whether it is there. */
  look(answered: () => void): void;
  /** Ends the process hard; false, and nothing done, if it is not proved to be the sidecar. */
  end(): boolean;
}

/** @param pid as the sidecar has said it, if it has */
export function hold(socket: Socket, place: string | undefined, pid: number | undefined): Attachment {
  socket.setTimeout(0);
  socket.on('error', () => socket.destroy());
  // The sidecar's end must be seen.
  socket.resume();
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return {
    gone,
    leave: async () => {
      socket.write(LEAVE);
      const timer = setTimeout(() => socket.destroy(), LEAVE_MS);
      await gone;
      clearTimeout(timer);
    },
    unref: () => void socket.unref(),
    watched: pid === undefined ? undefined : watch(socket, place, pid),
  };
}

function watch(socket: Socket, place: string | undefined, pid: number): Watched {
  const { localPort = 0, remotePort = 0 } = socket;
  const connection: Connection = place === undefined ? { localPort, remotePort } : { path: place };
  let answered = () => {};
  // It says nothing but that it is there.
  socket.on('data', () => answered());
  return {
    pid,
    look: (then) => {
      answered = then;
      socket.write(LOOK);
    },
    end: () => !socket.destroyed && endHard(pid, connection),
  };
}
