// One request after the other on each connection. Node hands over pipelined requests as they arrive, and only keeps their
// answers in order: a GET would not find what the PUT before it puts, and one connection could have any number of large
// answers under way. Called by listen.ts. Knows nothing of what is asked.
import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';

/** No more is read from a connection on which so many requests wait. */
const MAX_WAITING = 64;

/** What waits on a connection while a request is under way on it. */
interface Line {
  waiting: (() => void)[];
  paused: boolean;
}

const lines = new WeakMap<Socket, Line>();

/** `routing`, told of a request when the one before it on its connection has been answered. */
export function inTurn(routing: RequestListener): RequestListener {
  return (request, response) => {
    const { socket } = request;
    const line = lines.get(socket);
    const begin = () => {
      routing(request, response);
      // Near hits have been answered already.
      if (response.writableEnded) return;
      lines.set(socket, line ?? { waiting: [], paused: false });
      response.once('close', () => leave(socket));
    };
    if (!line) return begin();
    if (line.waiting.push(begin) < MAX_WAITING || line.paused) return;
    line.paused = true;
    socket.pause();
  };
}

/** Calls `act` when what was asked before on this connection has been answered. */
export function behindOthers(socket: Socket, act: () => void): void {
  const line = lines.get(socket);
  if (line) line.waiting.push(act);
  else act();
}

function leave(socket: Socket): void {
  const line = lines.get(socket);
  lines.delete(socket);
  // The next that is not answered at once puts the line back.
  while (line && !socket.destroyed && !lines.has(socket)) {
    const next = line.waiting.shift();
    if (!next) break;
    next();
  }
  if (!line?.paused || line.waiting.length >= MAX_WAITING) return;
  line.paused = false;
  socket.resume();
}
