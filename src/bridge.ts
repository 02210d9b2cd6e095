// The bridge to .NET: operations go over as frames, once per turn of the event loop; results come back as they
// complete. The only file that knows edge-js. Called by cache.ts as a Backend; opened by sidecar.ts.
//
// Rules that keep edge-js safe (measured, DESIGN 4): Buffers only, asynchronous calls only, on the main thread only;
// .NET never faults and never calls back: results are pulled.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import {
  type BackendEvent,
  type Change,
  failure,
  lostOutcome,
  type Operation,
  type Result,
  type Watched,
} from './backend.js';
import { readChange } from './changes.js';
import { GATEWAY_FOLDER, loadAt } from './edge-env.js';
import {
  CHANGES_STATUS,
  EVENT_STATUS,
  frameId,
  operationBytes,
  RESULT_HEADER_BYTES,
  readResult,
  writeOperation,
} from './frame.js';

/** A submission closes at this size; a larger frame travels alone, so that it holds up nobody else. */
const SUBMISSION_BYTES = 256 * 1024;
/** How often answers that are overdue are looked for; operations end this much after their deadline at most. */
const SWEEP_MS = 25;

/** What .NET needs to know; see docs/configuration.md for the meaning. */
export interface BridgeOptions {
  connection?: string | undefined;
  identifier?: string | undefined;
  token?: string | undefined;
  entra?: string | undefined;
  caFile?: string | undefined;
  dataDir?: string | undefined;
  keyPrefix: string;
  deadlineMs: number;
  maxValueBytes: number;
  /** Memory for the entries of the embedded backend. */
  embeddedBytes: number;
  /** Whether a Redis is asked to tell of changes. */
  tracking: boolean;
  /** What the name begins with that the backend lists our connections under. */
  clientName: string;
  /** The .NET runtime to use; without it edge-js looks for one. */
  dotnetFolder?: string | undefined;
  onEvent: (event: BackendEvent) => void;
}

/** What is at the other end; holds no secret. */
export interface BackendDescription {
  backend: 'embedded' | 'redis';
  endpoints: string[];
  versions: Record<string, string>;
}

/** A server as the settings name it; what its certificate has to say, where there is TLS. */
export interface EndPoint {
  host: string;
  port: number;
  serverName: string | null;
}

/** What Diagnosis.cs finds; null for what the server does not say, or not to this user. */
export interface BackendFacts {
  /** Why there is no connection, as StackExchange.Redis calls it; null: there is one. */
  failure: string | null;
  /** The error code of the server that goes with it. */
  word: string | null;
  /** Standalone, Cluster, Sentinel … */
  kind: string;
  servers: number;
  /** Chosen lines of INFO. */
  info: Record<string, string> | null;
  pingMs: number | null;
  /** How far our clock is ahead of the server's. */
  skewMs: number | null;
}

/** The backend could not be opened: one sentence that says what to do. */
export class BridgeError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'BridgeError';
    this.code = code;
  }
}

type EdgeFunction<T> = (input: Buffer | null, callback: (error: unknown, answer: T) => void) => void;

/** What Startup.cs answers. */
interface Gateway {
  error?: Buffer;
  description: Buffer;
  endPoints: Buffer;
  diagnose: EdgeFunction<Buffer>;
  submit: EdgeFunction<null>;
  mark: EdgeFunction<null>;
  results: EdgeFunction<Buffer | null>;
  close: EdgeFunction<null>;
}

interface Waiting {
  operation: Operation;
  overdueAt: number;
  resolve: (result: Result) => void;
}

/**
 * Starts .NET in this process and opens the backend.
 * @throws BridgeError when the settings cannot be used or the embedded backend cannot start
 */
export async function openBridge(options: BridgeOptions): Promise<Bridge> {
  const { onEvent, dotnetFolder, ...settings } = options;
  const edge = loadAt(dotnetFolder, () => createRequire(import.meta.url)('edge-js')) as {
    func(options: object): EdgeFunction<Gateway>;
  };
  const startup = edge.func({
    assemblyFile: fileURLToPath(new URL('AzureCache.Gateway.dll', GATEWAY_FOLDER)),
    typeName: 'AzureCache.Gateway.Startup',
    methodName: 'Invoke',
  });
  const gateway = await call(startup, Buffer.from(JSON.stringify(settings)));
  if (gateway.error) {
    const { code, message } = JSON.parse(gateway.error.toString());
    throw new BridgeError(code, message);
  }
  return new Bridge(gateway, onEvent);
}

/** The backend as seen from JavaScript. */
export class Bridge implements Watched {
  readonly description: BackendDescription;
  readonly alone: boolean;
  readonly endPoints: readonly EndPoint[];
  readonly #gateway: Gateway;
  readonly #onEvent: (event: BackendEvent) => void;
  readonly #waiting = new Map<number, Waiting>();
  readonly #watchers: ((change: Change) => void)[] = [];
  readonly #scratch = Buffer.allocUnsafeSlow(SUBMISSION_BYTES);
  /** Batches of frames that are not gone through yet. */
  readonly #arrived: Buffer[] = [];
  #asked: number[] = [];
  #lastId = 0;
  #sweep: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #drained: Promise<void>;

  constructor(gateway: Gateway, onEvent: (event: BackendEvent) => void) {
    this.#gateway = gateway;
    this.#onEvent = onEvent;
    this.description = JSON.parse(gateway.description.toString());
    this.endPoints = JSON.parse(gateway.endPoints.toString());
    this.alone = this.description.backend === 'embedded';
    this.#drained = new Promise((resolve) => this.#pull(resolve));
  }

  run(operation: Operation): Promise<Result> {
    if (this.#closed) return Promise.resolve(failure('shutting_down'));
    return new Promise((resolve) => {
      const id = this.#nextId();
      this.#waiting.set(id, { operation, overdueAt: performance.now() + operation.deadlineMs, resolve });
      // Everything asked in this turn of the event loop goes over in one crossing.
      if (this.#asked.push(id) === 1) setImmediate(() => this.#submit());
      this.#sweep ??= setTimeout(() => this.#endOverdue(), SWEEP_MS);
    });
  }

  watch(listener: (change: Change) => void): void {
    this.#watchers.push(listener);
  }

  mark(mark: number): void {
    if (this.#closed) return;
    const number = Buffer.alloc(4);
    number.writeUInt32LE(mark);
    this.#gateway.mark(number, (error) => this.#report(error));
  }

  /** For the doctor. */
  async diagnose(): Promise<BackendFacts> {
    return JSON.parse((await call(this.#gateway.diagnose, null)).toString());
  }

  async close(): Promise<void> {
    if (this.#closed) return this.#drained;
    this.#closed = true;
    this.#submit();
    await call(this.#gateway.close, null);
    await this.#drained;
    clearTimeout(this.#sweep);
    for (const { operation, resolve } of this.#waiting.values())
      resolve(failure('shutting_down', undefined, lostOutcome(operation)));
    this.#waiting.clear();
  }

  #nextId(): number {
    do this.#lastId = this.#lastId === 0xffff_ffff ? 1 : this.#lastId + 1;
    while (this.#waiting.has(this.#lastId));
    return this.#lastId;
  }

  // (4)
  #submit(): void {
    const asked = this.#asked;
    this.#asked = [];
    let used = 0;
    for (const id of asked) {
      const operation = this.#waiting.get(id)?.operation;
      if (!operation) continue;
      const bytes = operationBytes(operation);
      if (used > 0 && used + bytes > SUBMISSION_BYTES) {
        this.#cross(this.#scratch.subarray(0, used));
        used = 0;
      }
      if (bytes > SUBMISSION_BYTES) {
        const alone = Buffer.allocUnsafeSlow(bytes);
        writeOperation(alone, 0, id, operation);
        this.#cross(alone);
      } else used = writeOperation(this.#scratch, used, id, operation);
    }
    if (used > 0) this.#cross(this.#scratch.subarray(0, used));
  }

  /** edge-js copies the frames before it returns, so the caller may use the buffer again. */
  #cross(frames: Buffer): void {
    this.#gateway.submit(frames, (error) => this.#report(error));
  }

  #report(error: unknown): void {
    if (error) this.#onEvent({ level: 'error', event: 'bridge_failed', message: String(error) });
  }

  // (7)
  #pull(drained: () => void): void {
    this.#gateway.results(null, (error, frames) => {
      if (error || frames === null) {
        this.#report(error);
        return drained();
      }
      this.#arrived.push(frames);
      // Calls back before it returns where .NET has more already: so the batches are gone through in their order here.
      this.#pull(drained);
      for (let batch = this.#arrived.shift(); batch; batch = this.#arrived.shift()) this.#goThrough(batch);
    });
  }

  #goThrough(frames: Buffer): void {
    for (let at = 0; at < frames.length; ) {
      const end = at + 4 + frames.readUInt32LE(at);
      this.#complete(frames.subarray(at, end));
      at = end;
    }
  }

  // (8)
  #complete(frame: Buffer): void {
    if (frame[8] === EVENT_STATUS)
      return this.#onEvent(JSON.parse(frame.toString('utf8', RESULT_HEADER_BYTES)));
    if (frame[8] === CHANGES_STATUS) return this.#tell(readChange(frame.subarray(RESULT_HEADER_BYTES)));
    const id = frameId(frame);
    const waiting = this.#waiting.get(id);
    // Undefined when the deadline has answered already.
    if (!waiting) return;
    this.#waiting.delete(id);
    waiting.resolve(readResult(frame));
  }

  #tell(change: Change): void {
    for (const listener of this.#watchers) listener(change);
  }

  /** The backstop: .NET times out first, and knows more of the outcome; here nobody waits for ever. */
  #endOverdue(): void {
    const now = performance.now();
    for (const [id, { operation, overdueAt, resolve }] of this.#waiting) {
      if (overdueAt > now) continue;
      this.#waiting.delete(id);
      const detail = `${operation.verb}: no answer from the backend in ${operation.deadlineMs} ms; see outcome.`;
      resolve(failure('timeout', detail, lostOutcome(operation)));
    }
    this.#sweep = this.#waiting.size > 0 ? setTimeout(() => this.#endOverdue(), SWEEP_MS) : undefined;
  }
}

function call<T>(edgeFunction: EdgeFunction<T>, input: Buffer | null): Promise<T> {
  return new Promise((resolve, reject) =>
    edgeFunction(input, (error, answer) => (error ? reject(error) : resolve(answer))),
  );
}
