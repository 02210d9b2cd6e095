// Cuts the bytes of a connection into frames (frame.ts). Used by stream.ts.
import { frameId } from './frame.js';
import { FrameError } from './frame-error.js';

/** Longer frames end the connection instead of being skipped: such a length is no length. */
const SKIP_LIMIT_BYTES = 128 * 1024 * 1024;

/**
 * Cuts incoming bytes into whole frames, one at a time, so that the reader can stop between two of them.
 * Memory grows with the bytes that have arrived, not with the length that a frame claims.
 */
export class FrameReader {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #held = 0;
  /** Bytes of a frame over the limit that are still to be thrown away. */
  #skip = 0;

  /** @param maxBytes the longest frame to accept, its length field included */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** True while part of a frame has arrived and the rest has not. */
  get unfinished(): boolean {
    return this.#held > 0 || this.#skip > 0;
  }

  /** Takes the next bytes; they are not copied. */
  push(chunk: Buffer): void {
    const dropped = Math.min(this.#skip, chunk.length);
    this.#skip -= dropped;
    if (dropped === chunk.length) return;
    this.#parts.push(dropped === 0 ? chunk : chunk.subarray(dropped));
    this.#held += chunk.length - dropped;
  }

  /**
   * The next whole frame, or undefined when it has not all arrived. The frame is a view of the bytes pushed.
   * @throws FrameError `skipped` or `fatal`
   */
  next(): Buffer | undefined {
    if (this.#held < 8) return undefined;
    let head = this.#parts[0] as Buffer;
    if (head.length < 8) head = this.#join();
    const bytes = head.readUInt32LE(0) + 4;
    if (bytes < 8) throw new FrameError(0, 'A frame is too short to have an id.', 'fatal');
    if (bytes > this.#maxBytes) throw this.#refuse(frameId(head), bytes);
    if (this.#held < bytes) return undefined;
    if (head.length < bytes) head = this.#join();
    this.#take(head, bytes);
    return head.subarray(0, bytes);
  }

  /** Makes one buffer of all that is held. */
  #join(): Buffer {
    const joined = Buffer.concat(this.#parts, this.#held);
    this.#parts = [joined];
    return joined;
  }

  #take(head: Buffer, bytes: number): void {
    if (head.length > bytes) this.#parts[0] = head.subarray(bytes);
    else this.#parts.shift();
    this.#held -= bytes;
  }

  #refuse(id: number, bytes: number): FrameError {
    if (bytes > SKIP_LIMIT_BYTES) return new FrameError(0, 'A frame is too long to be one.', 'fatal');
    const rest = this.#held > bytes ? [this.#join().subarray(bytes)] : [];
    this.#skip = Math.max(0, bytes - this.#held);
    this.#held = Math.max(0, this.#held - bytes);
    this.#parts = rest;
    return new FrameError(id, `A frame is over the limit of ${this.#maxBytes} bytes.`, 'skipped');
  }
}
