// The stream: an upgraded connection (GET /v1/stream, Upgrade: azurecache/1) of frames, answered as results complete,
// out of order. Called by listen.ts for upgrades; calls Cache. The frame format is frame.ts's.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { failure, type Operation, type Result } from './backend.js';
import { type Cache, MAX_CURSOR_BYTES, MAX_KEY_BYTES, valueTooLarge } from './cache.js';
import { ERRORS, type ErrorCode } from './errors.js';
import { MAX_EXTRAS_BYTES } from './extras.js';
import {
  ETAG_BYTES,
  frameId,
  OPERATION_HEADER_BYTES,
  readOperation,
  resultBytes,
  writeResult,
} from './frame.js';
import { FrameError } from './frame-error.js';
import { FrameReader } from './frame-reader.js';
import type { Guard } from './guard.js';
import { replyRaw } from './raw-reply.js';

/** What a client asks for in its Upgrade header. */
export const STREAM_PROTOCOL = 'azurecache/1';

/** No more frames are read while one connection has this many operations, or this many bytes of them, under way. */
const MAX_UNANSWERED = 128;
const MAX_UNANSWERED_BYTES = 16 * 1024 * 1024;
/** How large an answer is taken to be before any has come: the operations of a first burst are under way by then. */
const FIRST_GUESS_BYTES = 256 * 1024;
/** No more frames are read while this many bytes of answers wait for the reader. */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** Values from this size on are sent without a copy, in a write of their own. */
const OWN_WRITE_BYTES = 16 * 1024;
/** A frame begun, or answers unread, without a byte moving for this long: the connection ends. */
const STALLED_MS = 30_000;

/** What RFC 9110 wants said along with these. */
const REFUSAL_HEADERS: Partial<Record<ErrorCode, Record<string, string>>> = {
  unauthorized: { 'www-authenticate': 'Bearer' },
  method_not_allowed: { allow: 'GET' },
};

/** Wire numbers from here on are errors; those below are answers, for which the client has words of its own. */
const FIRST_ERROR = 16;

/** All streams of a sidecar. */
export class Streams {
  readonly #cache: Cache;
  readonly #guard: Guard;
  readonly #open = new Set<Stream>();
  #closing = false;

  constructor(cache: Cache, guard: Guard) {
    this.#cache = cache;
    this.#guard = guard;
  }

  /** Takes over a connection that asks for an upgrade, or refuses it with an HTTP error. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const refusal = this.#refusal(request, socket);
    if (refusal) return replyRaw(socket, refusal, REFUSAL_HEADERS[refusal]);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: azurecache/1\r\nConnection: Upgrade\r\n\r\n');
    const stream = new Stream(this.#cache, socket);
    this.#open.add(stream);
    socket.on('close', () => this.#open.delete(stream));
    stream.take(head);
  }

  /** Reads no more, answers what is under way, then ends every connection. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#open].map((stream) => stream.end()));
  }

  /** Ends every connection at once. */
  destroy(): void {
    for (const stream of this.#open) stream.destroy();
  }

  #refusal(request: IncomingMessage, socket: Socket): ErrorCode | undefined {
    const refusal = this.#guard.refusal(request.headers, socket, false);
    if (refusal) return refusal;
    if (this.#closing) return 'shutting_down';
    if (request.url !== '/v1/stream') return 'route_not_found';
    return request.method === 'GET' ? undefined : 'method_not_allowed';
  }
}

/** One upgraded connection. */
class Stream {
  readonly #cache: Cache;
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  /** Bytes of each operation under way, by id. */
  readonly #unanswered = new Map<number, number>();
  #unansweredBytes = 0;
  /** How large answers have been of late, at the most: so many bytes may come for each operation under way. */
  #answerBytes = FIRST_GUESS_BYTES;
  /** Answers of this turn of the event loop. */
  #answers: [id: number, result: Result][] = [];
  #ending: (() => void) | undefined;

  constructor(cache: Cache, socket: Socket) {
    this.#cache = cache;
    this.#socket = socket;
    const valueBytes = Math.max(cache.rules.maxValueBytes, MAX_CURSOR_BYTES);
    const restBytes = MAX_KEY_BYTES + ETAG_BYTES + MAX_EXTRAS_BYTES;
    this.#reader = new FrameReader(OPERATION_HEADER_BYTES + restBytes + valueBytes);
    socket.setNoDelay(true);
    socket.setTimeout(STALLED_MS, () => {
      if (this.#reader.unfinished || socket.writableLength > 0) socket.destroy();
    });
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('drain', () => this.#read());
    socket.on('end', () => void this.end());
  }

  /** Takes bytes that have arrived. */
  take(chunk: Buffer): void {
    this.#reader.push(chunk);
    this.#read();
  }

  /** Answers what is under way, then ends the connection; resolves when it has closed. */
  end(): Promise<void> {
    if (this.#socket.destroyed) return Promise.resolve();
    this.#socket.pause();
    return new Promise((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#ending = () => this.#socket.end(() => this.#socket.destroy());
      if (this.#unanswered.size === 0) setImmediate(this.#ending);
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Frames are taken one by one while there is room: a reader that stops is not buffered without bound. */
  #read(): void {
    while (!this.#ending) {
      if (this.#full()) return void this.#socket.pause();
      let frame: Buffer | undefined;
      try {
        frame = this.#reader.next();
        if (!frame) break;
        this.#start(frame);
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
        if (this.#refuseFrame(error)) return;
      }
    }
    if (this.#socket.isPaused() && !this.#ending) this.#socket.resume();
  }

  #full(): boolean {
    return (
      this.#unanswered.size >=
        Math.min(MAX_UNANSWERED, Math.ceil(MAX_UNANSWERED_BYTES / this.#answerBytes)) ||
      this.#unansweredBytes >= MAX_UNANSWERED_BYTES ||
      this.#socket.writableLength >= MAX_UNREAD_BYTES
    );
  }

  // (2)
  #start(frame: Buffer): void {
    const id = frameId(frame);
    // Whose answer would the next one with this id be? The stream can no longer be trusted.
    if (this.#unanswered.has(id)) throw new FrameError(0, 'An id is used again before its answer.', 'fatal');
    const operation: Operation = readOperation(frame);
    this.#unanswered.set(id, frame.length);
    this.#unansweredBytes += frame.length;
    this.#cache.run(operation).then((result) => {
      this.#unanswered.delete(id);
      this.#unansweredBytes -= frame.length;
      this.#answerBytes = Math.max(resultBytes(result), this.#answerBytes * 0.9);
      this.#answer(id, worded(result));
    });
  }

  /** True when the connection ends with it. */
  #refuseFrame(error: FrameError): boolean {
    const tooLong = error.fault === 'skipped';
    const limit = this.#cache.rules.maxValueBytes;
    this.#answer(error.id, tooLong ? valueTooLarge(limit) : failure('frame_invalid', error.message));
    if (error.fault !== 'fatal') return false;
    void this.end();
    return true;
  }

  /** Answers of one turn of the event loop leave in one write. */
  #answer(id: number, result: Result): void {
    if (this.#answers.push([id, result]) === 1) setImmediate(() => this.#flush());
  }

  // (9)
  #flush(): void {
    const answers = this.#answers;
    this.#answers = [];
    if (this.#socket.destroyed) return;
    const own = ({ value }: Result) => value !== undefined && value.length >= OWN_WRITE_BYTES;
    let bytes = 0;
    for (const [, result] of answers) bytes += resultBytes(result, !own(result));
    const small = Buffer.allocUnsafe(bytes);
    let from = 0;
    let at = 0;
    this.#socket.cork();
    for (const [id, result] of answers) {
      at = writeResult(small, at, id, result, !own(result));
      if (!own(result)) continue;
      this.#socket.write(small.subarray(from, at));
      this.#socket.write(result.value as Buffer);
      from = at;
    }
    if (from < at) this.#socket.write(small.subarray(from, at));
    this.#socket.uncork();
    if (this.#ending && this.#unanswered.size === 0) this.#ending();
    else this.#read();
  }
}

/** An error of which the backend has no more to say gets the message of the table, as over HTTP. */
function worded(result: Result): Result {
  const { status, value, detail } = result;
  if (status === 'ok' || status === 'miss' || value || detail || ERRORS[status].wire < FIRST_ERROR)
    return result;
  return { ...result, detail: ERRORS[status].message };
}
