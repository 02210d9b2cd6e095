// What happens to entries over HTTP: GET /v1/events, server-sent events (the HTML standard, 9.2). Reads the request,
// asks Events, writes to the connection; which events there are is events.ts's.
import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { checkPrefix } from '../cache.js';
import type { EventName, EventReader, Events } from '../events.js';
import { checkEncoding, checkUnguarded, queryOf } from './parameters.js';
import { replyError, replyFailure } from './replies.js';

/** Proxies and clients give up a connection on which nothing comes. */
const HEARTBEAT_MS = 15_000;
/** A reader that is so far behind is dropped. */
const MAX_UNREAD_BYTES = 256 * 1024;

/** Registers the route. */
export function eventRoutes(app: FastifyInstance, events: Events): void {
  app.get('/v1/events', async (request, reply) => {
    checkEncoding(request);
    checkUnguarded(request);
    const { prefix = '' } = queryOf(request, 'prefix');
    const fault = checkPrefix(Buffer.from(prefix));
    if (fault) return replyFailure(reply, fault);
    const stream = new EventStream(reply.raw, prefix);
    const end = events.read(stream);
    if (!end) return replyError(reply, 'too_many_readers');
    reply.hijack();
    stream.open(end);
  });
}

/** One connection that is told. */
class EventStream implements EventReader {
  readonly prefix: string;
  readonly #response: ServerResponse;
  /** What was told in this turn of the event loop; it leaves in one write. */
  #text = '';
  #ended = false;
  #leave = () => {};

  constructor(response: ServerResponse, prefix: string) {
    this.#response = response;
    this.prefix = prefix;
  }

  /** @param leave called when the connection has ended */
  open(leave: () => void): void {
    this.#leave = leave;
    const heartbeat = setInterval(() => this.#write(':\n\n'), HEARTBEAT_MS).unref();
    this.#response.on('close', () => {
      clearInterval(heartbeat);
      this.#over();
    });
    this.#response.writeHead(200, {
      'content-type': 'text/event-stream',
      'x-content-type-options': 'nosniff',
      // Keys can be secrets: those of sessions are.
      'cache-control': 'no-store',
      // The end of the events is that of the connection: no other request waits behind them.
      connection: 'close',
    });
    // A browser that was cut off comes back after a second.
    this.#write('retry: 1000\n\n');
  }

  tell(name: EventName, json: string): void {
    this.#write(`event: ${name}\ndata: ${json}\n\n`);
  }

  end(reason: 'closing' | 'slow'): void {
    if (this.#ended) return;
    this.#over();
    this.#response.end(`${this.#text}event: end\ndata: ${JSON.stringify({ reason })}\n\n`);
  }

  #write(text: string): void {
    if (this.#ended) return;
    if (this.#text === '') setImmediate(() => this.#flush());
    this.#text += text;
    if (this.#response.writableLength + this.#text.length <= MAX_UNREAD_BYTES) return;
    // What it has not been told it cannot know: that the end is told is all that counts.
    this.#text = '';
    this.end('slow');
  }

  #flush(): void {
    if (!this.#ended) this.#response.write(this.#text);
    this.#text = '';
  }

  #over(): void {
    this.#ended = true;
    this.#leave();
  }
}
