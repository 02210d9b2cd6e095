// What is wrong with a frame, and what becomes of the connection that it came on. Thrown by frame.ts, frame-reader.ts and
// extras.ts.

/**
 * What becomes of the rest: `refused`: this frame only; `skipped`: it is too long and is thrown away as it arrives;
 * `fatal`: where the next frame begins is not known, the connection has to end.
 */
export type FrameFault = 'refused' | 'skipped' | 'fatal';

/** A frame that cannot be used. */
export class FrameError extends Error {
  /** The id to answer to; 0 when it is not known. */
  readonly id: number;
  readonly fault: FrameFault;

  constructor(id: number, message: string, fault: FrameFault = 'refused') {
    super(message);
    this.name = 'FrameError';
    this.id = id;
    this.fault = fault;
  }
}
