// One operation under way: who waits for it, until when, and how far it has come. Made where it is asked
// (transport.ts, `Connection.run`), handed down to whoever can send it, and settled once.
import type { AzureCacheError } from '../errors.js';
import type { Operation, Result } from './operation.js';

/** Who asks. */
export interface Caller {
  /** Milliseconds a sidecar may be away before the calls fail. */
  readonly waitMs: number;
}

export interface Call {
  readonly operation: Operation;
  /** As it was asked for. */
  readonly deadlineMs: number;
  readonly caller: Caller;
  /** In milliseconds of `performance.now()`. */
  overdueAt: number;
  /** On the connection that has it; 0 when none has. */
  id: number;
  /** False while certainly no byte of it has left. */
  sent: boolean;
  /** It has been lost with a connection once. */
  retried: boolean;
  resolve: (result: Result) => void;
  reject: (error: AzureCacheError) => void;
}

/** Its deadline runs from now. */
export function newCall(
  operation: Operation,
  deadlineMs: number,
  caller: Caller,
  resolve: Call['resolve'],
  reject: Call['reject'],
): Call {
  // Field by field and in one place, so that every call has one shape: with a spread the whole client does half as
  // many operations a second.
  return {
    operation,
    deadlineMs,
    caller,
    overdueAt: performance.now() + deadlineMs,
    id: 0,
    sent: false,
    retried: false,
    resolve,
    reject,
  };
}

/** Calls `then` once the call is settled, after who waits for it. */
export function whenSettled(call: Call, then: () => void): void {
  const { resolve, reject } = call;
  call.resolve = (result) => {
    resolve(result);
    then();
  };
  call.reject = (error) => {
    reject(error);
    then();
  };
}
