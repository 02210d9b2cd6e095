// The calls of AzureCache (azure-cache.ts) that add to what is there, in types and in words. What they do is in
// counters.ts. One that was lost on its way is never sent again: its outcome is `unknown`.
import type { Callback } from '../callback.js';
import type { CallOptions, IncrementOptions } from './call-options.js';

type Maybe<T> = T | null | undefined;
/** A number while that is exact, up to 2^53; a bigint beyond, up to 64 bits, signed. */
type Sum = number | bigint;
type OptionsBehind = Omit<IncrementOptions, 'by'>;

export interface Counting {
  /**
   * Adds to a whole number, in one step: however many do it at once, each counts. A number is what `put` stores of
   * one, JSON digits; what else is there is an error, `not_a_number`. A sum beyond 64 bits is one too,
   * `number_overflow`; then nothing changes.
   * @param by how much. Default: 1
   * @returns the new number; a bigint when it is no safe integer
   */
  increment(key: string, callback?: Callback<Sum>): Promise<Sum>;
  increment(key: string, by: Maybe<Sum | IncrementOptions>, callback?: Callback<Sum>): Promise<Sum>;
  increment(
    key: string,
    by: Maybe<Sum>,
    options: Maybe<OptionsBehind>,
    callback?: Callback<Sum>,
  ): Promise<Sum>;

  /** As `increment`, but it takes away; below 0 it counts on. */
  decrement(key: string, callback?: Callback<Sum>): Promise<Sum>;
  decrement(key: string, by: Maybe<Sum | IncrementOptions>, callback?: Callback<Sum>): Promise<Sum>;
  decrement(
    key: string,
    by: Maybe<Sum>,
    options: Maybe<OptionsBehind>,
    callback?: Callback<Sum>,
  ): Promise<Sum>;

  /**
   * Adds text or bytes, as they are and not as JSON, at the end of a value, which keeps its life. Over the limit of a
   * value it is an error, `value_too_large`, and nothing is added.
   * @returns the new length in bytes; null when there is no entry: `put` the first part, with `raw: true`
   */
  append(key: string, value: string | Uint8Array, callback?: Callback<number | null>): Promise<number | null>;
  append(
    key: string,
    value: string | Uint8Array,
    options: Maybe<CallOptions>,
    callback?: Callback<number | null>,
  ): Promise<number | null>;

  /** As `append`, at the start. */
  prepend(
    key: string,
    value: string | Uint8Array,
    callback?: Callback<number | null>,
  ): Promise<number | null>;
  prepend(
    key: string,
    value: string | Uint8Array,
    options: Maybe<CallOptions>,
    callback?: Callback<number | null>,
  ): Promise<number | null>;
}
