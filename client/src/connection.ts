// One upgraded connection to the sidecar: operations go out in the order they were asked, answers come back in the
// order they are ready. Opened by the application through `connect`; later by the client's pool.
// Knows nothing of reconnecting or of retries: when it ends, it says of every operation what became of it.
import type { Socket } from 'node:net';
import { AzureCacheError, type ErrorCode, type Outcome } from './errors.js';
import {
  FrameReader,
  frameId,
  LAST_ID,
  operationBytes,
  readResult,
  UNASKED,
  writeOperation,
} from './frame.js';
import { lostOutcome, type Operation, type Result, refusalOf } from './operation.js';
import { type Door, upgrade } from './upgrade.js';

export interface ConnectOptions {
  /** The sidecar's AZURE_CACHE_API_TOKEN, if it has one. */
  token?: string;
  /** Milliseconds until an operation without a deadline of its own fails, and for connecting. Default 3000. */
  deadlineMs?: number;
}

/** A write closes at this size, so that what waits behind it can still be told apart from what was sent. */
const WRITE_BYTES = 256 * 1024;
/** The sidecar's part of the deadline: its answer, which knows the outcome, comes before ours, which does not. */
const SIDECAR_SHARE = 0.9;

interface Waiting {
  id: number;
  operation: Operation;
  /** In milliseconds of `performance.now()`. */
  overdueAt: number;
  sent: boolean;
  resolve: (result: Result) => void;
  reject: (error: AzureCacheError) => void;
}

/**
 * Connects to a door of the sidecar.
 * @throws AzureCacheError `sidecar_unreachable`, or the sidecar's refusal (`unauthorized`, for instance)
 */
export async function connect(door: Door, options: ConnectOptions = {}): Promise<Connection> {
  const { token, deadlineMs = 3000 } = options;
  const { socket, head } = await upgrade(door, token, deadlineMs);
  return new Connection(socket, head, deadlineMs);
}

export class Connection {
  readonly #socket: Socket;
  readonly #deadlineMs: number;
  readonly #reader = new FrameReader();
  /** Everything unanswered, in the order it was asked. */
  readonly #waiting = new Map<number, Waiting>();
  /** Of these no byte has left. */
  #unsent: Waiting[] = [];
  #writing = false;
  #lastId = 0;
  #alarm: NodeJS.Timeout | undefined;
  #alarmAt = Number.POSITIVE_INFINITY;
  #closing = false;
  /** Why nothing more can be asked. */
  #end: AzureCacheError | undefined;
  readonly #ended: Promise<void>;

  /** Called by `connect`. */
  constructor(socket: Socket, head: Buffer, deadlineMs: number) {
    this.#socket = socket;
    this.#deadlineMs = deadlineMs;
    socket.setNoDelay(true);
    this.#rest();
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (cause) =>
      this.#endWith(lost(`The connection to the sidecar failed: ${cause.message}.`, cause)),
    );
    this.#ended = new Promise((resolve) => socket.on('close', resolve)).then(() =>
      this.#endWith(lost('The sidecar ended the connection.')),
    );
    if (head.length > 0) this.#take(head);
  }

  /**
   * Sends one operation; operations of one tick leave in one write. While the sidecar does not read, they wait here.
   * @throws AzureCacheError with `outcome`: for a write, whether it has happened all the same
   */
  run(operation: Operation): Promise<Result> {
    const refusal = refusalOf(operation) ?? this.#end;
    if (refusal) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const overdueAt = performance.now() + (operation.deadlineMs ?? this.#deadlineMs);
      const waiting = { id: this.#nextId(), operation, overdueAt, sent: false, resolve, reject };
      if (this.#waiting.size === 0) this.#socket.ref();
      this.#waiting.set(waiting.id, waiting);
      if (this.#unsent.push(waiting) === 1) process.nextTick(() => this.#write());
      this.#wakeAt(overdueAt);
    });
  }

  /** Takes nothing more, waits for what is unanswered (to its deadline at most), then ends the connection. */
  close(): Promise<void> {
    this.#end ??= new AzureCacheError('connection_closed', 'The connection has been closed. Open another.');
    this.#closing = true;
    this.#socket.ref();
    this.#rest();
    return this.#ended;
  }

  #nextId(): number {
    do this.#lastId = this.#lastId === LAST_ID ? 1 : this.#lastId + 1;
    while (this.#waiting.has(this.#lastId));
    return this.#lastId;
  }

  /** One write at a time: what has not been handed to the socket has certainly not left. */
  #write(): void {
    if (this.#writing || this.#unsent.length === 0) return;
    let bytes = 0;
    let count = 0;
    for (const { operation } of this.#unsent) {
      const more = operationBytes(operation);
      if (count > 0 && bytes + more > WRITE_BYTES) break;
      bytes += more;
      count += 1;
    }
    const leaving = this.#unsent.splice(0, count);
    const frames = Buffer.allocUnsafe(bytes);
    let end = 0;
    for (const waiting of leaving) {
      waiting.sent = true;
      const { id, operation } = waiting;
      const deadlineMs = Math.ceil((operation.deadlineMs ?? this.#deadlineMs) * SIDECAR_SHARE);
      end = writeOperation(frames, end, id, operation, deadlineMs);
    }
    this.#writing = true;
    this.#socket.write(frames, (error) => {
      // A connection that broke takes nothing more; what is unsent stays so.
      if (error) return;
      this.#writing = false;
      this.#write();
    });
  }

  #take(chunk: Buffer): void {
    this.#reader.push(chunk);
    try {
      for (let frame = this.#reader.next(); frame; frame = this.#reader.next()) this.#answer(frame);
    } catch (cause) {
      this.#endWith(lost('The sidecar sent what is no frame of azurecache/1. Do the versions fit?', cause));
    }
  }

  #answer(frame: Buffer): void {
    const result = readResult(frame);
    const id = frameId(frame);
    if (id === UNASKED) {
      if (result && 'detail' in result)
        this.#endWith(
          new AzureCacheError(result.status, result.detail || 'The sidecar refused the connection.'),
        );
      return;
    }
    const waiting = this.#waiting.get(id);
    // Undefined when the deadline has passed before.
    if (!waiting || !result) return;
    this.#waiting.delete(id);
    this.#rest();
    if (!('detail' in result)) return waiting.resolve(result);
    const message = result.detail || `${waiting.operation.verb}: the sidecar answered ${result.status}.`;
    waiting.reject(new AzureCacheError(result.status, message, result.outcome));
  }

  /** With nothing unanswered, `close` goes on, and an open connection does not keep the process alive. */
  #rest(): void {
    if (this.#waiting.size > 0) return;
    if (this.#closing) this.#socket.destroySoon();
    else this.#socket.unref();
  }

  #wakeAt(time: number): void {
    if (time >= this.#alarmAt) return;
    clearTimeout(this.#alarm);
    this.#alarmAt = time;
    this.#alarm = setTimeout(() => this.#endOverdue(), Math.max(0, time - performance.now())).unref();
  }

  /** One alarm for all, at the earliest deadline: a timer for each operation would cost as much as its frame. */
  #endOverdue(): void {
    this.#alarmAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    for (const waiting of this.#waiting.values()) {
      if (waiting.overdueAt > now) next = Math.min(next, waiting.overdueAt);
      else
        this.#fail(
          waiting,
          'timeout',
          'no answer came before the deadline; see outcome before writing again.',
        );
    }
    this.#unsent = this.#unsent.filter(({ id }) => this.#waiting.has(id));
    this.#wakeAt(next);
  }

  #fail(waiting: Waiting, code: ErrorCode, what: string, cause?: unknown): void {
    const { operation, sent } = waiting;
    const outcome: Outcome = sent ? lostOutcome(operation) : 'not_applied';
    this.#waiting.delete(waiting.id);
    this.#rest();
    waiting.reject(new AzureCacheError(code, `${operation.verb}: ${what}`, outcome, cause));
  }

  #endWith(error: AzureCacheError): void {
    this.#end ??= error;
    this.#socket.destroy();
    this.#unsent = [];
    for (const waiting of this.#waiting.values())
      this.#fail(waiting, 'connection_lost', error.message, error.cause);
  }
}

function lost(message: string, cause?: unknown): AzureCacheError {
  return new AzureCacheError('connection_lost', message, 'not_applied', cause);
}
