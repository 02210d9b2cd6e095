// One upgraded connection to the sidecar: operations go out in the order they were asked, answers come back in the
// order they are ready. Opened by the application through `connect`; later by the client's pool.
// Knows nothing of reconnecting or of retries: when it ends, it says of every operation what became of it.
import type { Socket } from 'node:net';
import { AzureCacheError } from './errors.js';
import { FrameReader, frameId, operationBytes, readResult, UNASKED, writeOperation } from './frame.js';
import { type Operation, type Result, refusalOf } from './operation.js';
import { Unanswered, type Waiting } from './unanswered.js';
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
  readonly #unanswered = new Unanswered(() => this.#rest());
  /** Of these no byte has left; in the order they were asked. */
  #unsent: Waiting[] = [];
  #writing = false;
  #closing = false;
  /** Why nothing more can be asked. */
  #end: AzureCacheError | undefined;
  readonly #ended: Promise<void>;

  /** Called by `connect`. */
  constructor(socket: Socket, head: Buffer, deadlineMs: number) {
    this.#socket = socket;
    this.#deadlineMs = deadlineMs;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (cause) =>
      this.#endWith(lost(`The connection to the sidecar failed: ${cause.message}.`, cause)),
    );
    this.#ended = new Promise((resolve) => socket.on('close', resolve)).then(() =>
      this.#endWith(lost('The sidecar ended the connection.')),
    );
    this.#rest();
    this.#take(head);
  }

  /**
   * Sends one operation; operations of one tick leave in one write. While the sidecar does not read, they wait here.
   * @throws AzureCacheError with `outcome`: for a write, whether it has happened all the same
   */
  run(operation: Operation): Promise<Result> {
    const refusal = refusalOf(operation) ?? this.#end;
    if (refusal) return Promise.reject(refusal);
    const deadlineMs = operation.deadlineMs ?? this.#deadlineMs;
    return new Promise((resolve, reject) => {
      if (this.#unanswered.count === 0) this.#socket.ref();
      const waiting = this.#unanswered.add({ operation, deadlineMs, resolve, reject });
      if (this.#unsent.push(waiting) === 1) process.nextTick(() => this.#write());
    });
  }

  /** Takes nothing more, waits for what is unanswered (to its deadline at most), then ends the connection. */
  close(): Promise<void> {
    this.#end ??= new AzureCacheError('closed', 'The connection has been closed. Open another.');
    this.#closing = true;
    this.#socket.ref();
    if (this.#unanswered.count === 0) this.#rest();
    return this.#ended;
  }

  /** With nothing unanswered, `close` goes on, and an open connection does not keep the process alive. */
  #rest(): void {
    if (this.#closing) this.#socket.destroySoon();
    else this.#socket.unref();
  }

  /** One write at a time: what has not been handed to the socket has certainly not left. */
  #write(): void {
    if (this.#writing) return;
    const leaving = this.#nextToLeave();
    if (leaving.length === 0) return;
    const bytes = leaving.reduce((sum, { operation }) => sum + operationBytes(operation), 0);
    const frames = Buffer.allocUnsafe(bytes);
    let end = 0;
    for (const waiting of leaving) {
      const { id, operation, deadlineMs } = waiting;
      waiting.sent = true;
      end = writeOperation(frames, end, id, operation, Math.ceil(deadlineMs * SIDECAR_SHARE));
    }
    this.#writing = true;
    this.#socket.write(frames, (error) => {
      // A connection that broke takes nothing more; what is unsent stays so.
      if (error) return;
      this.#writing = false;
      this.#write();
    });
  }

  /** As many as fit into one write, one at least; those whose deadline has passed are left out. */
  #nextToLeave(): Waiting[] {
    const unsent = this.#unsent.filter((waiting) => this.#unanswered.has(waiting));
    let bytes = 0;
    let count = 0;
    for (const { operation } of unsent) {
      bytes += operationBytes(operation);
      if (count > 0 && bytes > WRITE_BYTES) break;
      count += 1;
    }
    this.#unsent = unsent.slice(count);
    return unsent.slice(0, count);
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
    // An event.
    if (!result) return;
    const failed = 'detail' in result;
    const message = failed ? result.detail || `The sidecar answered ${result.status}.` : '';
    if (frameId(frame) === UNASKED)
      return failed ? this.#endWith(new AzureCacheError(result.status, message)) : undefined;
    const waiting = this.#unanswered.take(frameId(frame));
    if (failed) waiting?.reject(new AzureCacheError(result.status, message, result.outcome));
    else waiting?.resolve(result);
  }

  #endWith(error: AzureCacheError): void {
    this.#end ??= error;
    this.#socket.destroy();
    this.#unsent = [];
    this.#unanswered.failAll('connection_lost', error.message, error.cause);
  }
}

function lost(message: string, cause?: unknown): AzureCacheError {
  return new AzureCacheError('connection_lost', message, 'not_applied', cause);
}
