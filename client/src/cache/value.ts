// Values: from what an application puts to bytes, and back. JSON, or raw bytes as they are. Called by cache.ts, many.ts
// and update.ts. Knows nothing of keys or lives.
import { isUtf8 } from 'node:buffer';
import { isUint8Array } from 'node:util/types';
import { AzureCacheError } from '../errors.js';

/**
 * What an Operation takes: bytes, or JSON as the string it is.
 * @throws AzureCacheError `value_invalid`
 */
export function toBytes(value: unknown, raw: boolean | undefined): Uint8Array | string {
  if (raw) {
    if (isUint8Array(value)) return value;
    throw new AzureCacheError('value_invalid', 'With raw: true a value is bytes: a Buffer or a Uint8Array.');
  }
  const text = jsonOf(value);
  if (typeof text === 'string') return text;
  const kind = value === undefined ? 'undefined' : `a ${typeof value}`;
  throw new AzureCacheError('value_invalid', `The value cannot be written as JSON: it is ${kind}.`);
}

/** Undefined where JSON has nothing for the value, whatever its type says. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    const message =
      'The value cannot be written as JSON: it has a cycle, a BigInt, or a toJSON that throws. See the cause.';
    throw new AzureCacheError('value_invalid', message, 'not_applied', cause);
  }
}

/** @throws NotJson */
export function fromBytes(bytes: Buffer, raw: boolean | undefined): unknown {
  if (raw) return owned(bytes);
  const text = bytes.toString();
  // Not after a look at U+FFFD, which a value may hold: bytes that are no UTF-8 must not come back as others.
  if (!isUtf8(bytes)) throw new NotJson(text);
  try {
    return JSON.parse(text);
  } catch {
    throw new NotJson(text);
  }
}

/** A view keeps the block of memory that it arrived in: a value that is far smaller must not hold on to it. */
const MAX_BLOCK_PER_VALUE = 64;

function owned(bytes: Buffer): Buffer {
  return bytes.buffer.byteLength > bytes.length * MAX_BLOCK_PER_VALUE ? Buffer.from(bytes) : bytes;
}

/** A SyntaxError, as in 2013, but one that says nothing of the value; the rest is as in AzureCacheError. */
export class NotJson extends SyntaxError {
  readonly code = 'value_not_json';
  readonly status = 422;
  readonly retryable = false;
  readonly outcome = 'not_applied';
  readonly #text: string;

  constructor(text: string) {
    super('What lies under this key is not JSON. Another program wrote it? Read it with raw: true.');
    this.#text = text;
  }

  /** The value as text, if the error is one of these. */
  static textOf(error: unknown): string | undefined {
    return error instanceof NotJson ? error.#text : undefined;
  }
}
