// One upgraded connection to the sidecar: operations go out in the order they were asked, answers come back in the
// order they are ready. Opened by reach.ts; `connect` is for tests and benchmarks of the connection alone.
// Knows nothing of reconnecting or of retries: when it ends, it says of every operation what became of it.
import type { Socket } from 'node:net';
import { AzureCacheError } from '../errors.js';
import { type Call, newCall } from './call.js';
import { FrameReader, frameId, readResult, UNASKED } from './frame.js';
import { type Operation, type Result, refusalOf } from './operation.js';
import { Outbox } from './outbox.js';
import { Unanswered } from './unanswered.js';
import { type Door, upgrade } from './upgrade.js';

export interface ConnectOptions {
  /** The sidecar's AZURE_CACHE_API_TOKEN, if it has one. */
  token?: string;
  /** Milliseconds until an operation without a deadline of its own fails, and for connecting. Default 3000. */
  deadlineMs?: number;
}

/** Who holds a connection and goes on when it ends. */
export interface Keeper {
  /** Nothing more can be asked. Told before the calls that it lost. */
  ended(): void;
  /** A call that had no answer yet; `error` says whether it has happened all the same. */
  lost(call: Call, error: AzureCacheError): void;
}

/**
 * When deadlines pass, so far apart, and not a byte has come in between, the other end is gone without a word (a
 * cable, a paused machine): the sidecar answers within its share of the deadline even when it has to say "timeout".
 */
const SILENT_MS = 5000;
const NOBODY = { waitMs: 0 };
const NO_KEEPER: Keeper = { ended: () => {}, lost: (call, error) => call.reject(error) };

/**
 * Connects to a door of the sidecar.
 * @throws AzureCacheError `sidecar_unreachable`, or the sidecar's refusal (`unauthorized`, for instance)
 */
export async function connect(door: Door, options: ConnectOptions = {}): Promise<Connection> {
  const { token, deadlineMs = 3000 } = options;
  const { socket, head } = await upgrade(door, { token, deadlineMs });
  return new Connection(socket, head, { deadlineMs });
}

export class Connection {
  readonly #socket: Socket;
  readonly #deadlineMs: number;
  readonly #keeper: Keeper;
  readonly #reader = new FrameReader();
  readonly #unanswered = new Unanswered(
    () => this.#rest(),
    () => this.#doubt(),
  );
  readonly #outbox: Outbox;
  #closing = false;
  /** What had arrived when a deadline passed. */
  #heard = { bytes: -1, at: 0 };
  /** Why nothing more can be asked. */
  #end: AzureCacheError | undefined;
  readonly #ended: Promise<void>;

  /** Of what `upgrade` gave. */
  constructor(socket: Socket, head: Buffer, { deadlineMs, keeper }: { deadlineMs: number; keeper?: Keeper }) {
    this.#socket = socket;
    this.#deadlineMs = deadlineMs;
    this.#keeper = keeper ?? NO_KEEPER;
    this.#outbox = new Outbox(socket);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (cause) =>
      this.#endWith(lost(`The connection to the sidecar failed: ${cause.message}.`, cause)),
    );
    const over = () => this.#endWith(lost('The sidecar ended the connection.'));
    // Not only at `close`: what is asked from here on cannot be answered.
    socket.on('end', over);
    this.#ended = new Promise((resolve) => socket.on('close', resolve)).then(over);
    this.#rest();
    this.#take(head);
  }

  /** Why nothing more can be asked; undefined while it can. */
  get end(): AzureCacheError | undefined {
    return this.#end;
  }

  /**
   * Sends one operation; operations of one tick leave in one write. While the sidecar does not read, they wait here.
   * @throws AzureCacheError with `outcome`: for a write, whether it has happened all the same
   */
  run(operation: Operation): Promise<Result> {
    const refusal = refusalOf(operation) ?? this.#end;
    if (refusal) return Promise.reject(refusal);
    const deadlineMs = operation.deadlineMs ?? this.#deadlineMs;
    return new Promise((resolve, reject) =>
      this.send(newCall(operation, deadlineMs, NOBODY, resolve, reject)),
    );
  }

  /** As `run`, of an operation that can be written as a frame; not after the end. */
  send(call: Call): void {
    if (this.#unanswered.count === 0) this.#socket.ref();
    this.#unanswered.add(call);
    this.#outbox.push(call);
  }

  /** Nobody waits for this call any more: not sent yet, it never is; its answer is nobody's. */
  forget(call: Call): void {
    this.#unanswered.take(call.id);
  }

  /** The calls without an answer. */
  calls(): Call[] {
    return this.#unanswered.all();
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
    const call = this.#unanswered.take(frameId(frame));
    if (failed) call?.reject(new AzureCacheError(result.status, message, result.outcome));
    else call?.resolve(result);
  }

  /** A deadline has passed. */
  #doubt(): void {
    const now = performance.now();
    const { bytesRead } = this.#socket;
    if (bytesRead !== this.#heard.bytes) this.#heard = { bytes: bytesRead, at: now };
    else if (now - this.#heard.at >= SILENT_MS)
      this.#endWith(lost('The sidecar has said nothing for too long.'));
  }

  #endWith(error: AzureCacheError): void {
    const first = this.#end === undefined;
    this.#end ??= error;
    this.#socket.destroy();
    this.#outbox.clear();
    if (first) this.#keeper.ended();
    this.#unanswered.failAll(error.message, error.cause, (call, why) => this.#keeper.lost(call, why));
  }
}

function lost(message: string, cause?: unknown): AzureCacheError {
  return new AzureCacheError('connection_lost', message, 'not_applied', cause);
}
