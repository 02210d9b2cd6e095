// From promises to the callbacks of Node. Used by cache.ts and by the stores; knows nothing of the cache.

export type Callback<T> = (error: Error | null, value?: T) => void;

const ignore = () => {};

/**
 * Answers the promise, and calls `callback` with how it ended: once, and outside of the promise, so that what the
 * callback throws is an uncaught exception, as with Node's own functions.
 * The promise counts as handled either way: an application of 2013 that gives no callback and awaits nothing must not
 * be ended by an unhandled rejection.
 */
export function settle<T>(promise: Promise<T>, callback?: Callback<T>): Promise<T> {
  // Whatever else stands there was passed over in 2013.
  if (typeof callback === 'function')
    promise.then(
      (value) => process.nextTick(callback, null, value),
      (error) => process.nextTick(callback, error),
    );
  else promise.then(undefined, ignore);
  return promise;
}
