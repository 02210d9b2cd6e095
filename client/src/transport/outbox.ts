// What has been asked on one connection and has not left yet. The calls of one tick leave in one write, and there is
// one write at a time: what has not been handed to the socket has certainly not left. Used by connection.ts.
import type { Socket } from 'node:net';
import type { Call } from './call.js';
import { operationBytes, writeOperation } from './frame.js';

/** A write closes at this size, so that what waits behind it can still be told apart from what was sent. */
const WRITE_BYTES = 256 * 1024;
/** The sidecar's part of the deadline: its answer, which knows the outcome, comes before ours, which does not. */
const SIDECAR_SHARE = 0.9;

export class Outbox {
  readonly #socket: Socket;
  /** For all writes that fit: there is one at a time. */
  #scratch: Buffer | undefined;
  /** In the order they were asked. */
  #unsent: Call[] = [];
  #writing = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Takes a call that has its id. */
  push(call: Call): void {
    if (this.#unsent.push(call) === 1) process.nextTick(() => this.#write());
  }

  /** Nothing more leaves. */
  clear(): void {
    this.#unsent = [];
  }

  #write(): void {
    if (this.#writing) return;
    const now = performance.now();
    const { leaving, bytes } = this.#nextToLeave(now);
    if (leaving.length === 0) return;
    this.#scratch ??= Buffer.allocUnsafeSlow(WRITE_BYTES);
    const frames = bytes > WRITE_BYTES ? Buffer.allocUnsafeSlow(bytes) : this.#scratch.subarray(0, bytes);
    let end = 0;
    for (const call of leaving) {
      call.sent = true;
      const shareMs = Math.ceil((call.overdueAt - now) * SIDECAR_SHARE);
      end = writeOperation(frames, end, call.id, call.operation, shareMs);
    }
    this.#writing = true;
    this.#socket.write(frames, (error) => {
      // A connection that broke takes nothing more; what is unsent stays so.
      if (error) return;
      this.#writing = false;
      this.#write();
    });
  }

  /** As many as fit into one write, one at least; those that have ended or are overdue are left out. */
  #nextToLeave(now: number): { leaving: Call[]; bytes: number } {
    const leaving: Call[] = [];
    let bytes = 0;
    let passed = 0;
    for (const call of this.#unsent) {
      if (call.id !== 0 && call.overdueAt > now) {
        const size = operationBytes(call.operation);
        if (leaving.length > 0 && bytes + size > WRITE_BYTES) break;
        bytes += size;
        leaving.push(call);
      }
      passed += 1;
    }
    this.#unsent = passed === this.#unsent.length ? [] : this.#unsent.slice(passed);
    return { leaving, bytes };
  }
}
