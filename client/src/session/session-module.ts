// Finds the class that session stores are built on, in what an application gives: express up to 3, connect 2, or
// express-session. Called by index.ts.
import { AzureCacheError } from '../errors.js';
import type { StoreBase } from './express-store.js';

/** A module with sessions: express-session, or express up to 3. */
export type SessionModule<Base extends StoreBase = StoreBase> =
  | { readonly Store: Base }
  | { readonly session: { readonly Store: Base } };

const RIGHT = "require('azurecache')(require('express-session'))";

/** @throws AzureCacheError `options_invalid` */
export function storeBaseOf(given: unknown): StoreBase {
  if (!isModule(given)) throw invalid(`azurecache() takes the module that has the sessions: ${RIGHT}.`);
  for (const Store of [sessionOf(given)?.Store, given.Store])
    if (typeof Store === 'function') return Store as StoreBase;
  // express 4 and later: functions with a router.
  if (typeof given.Router === 'function')
    throw invalid(
      `express 4 and later have no sessions of their own. Install express-session, and use ${RIGHT}.`,
    );
  throw invalid(`There is no Store in what azurecache() was given. It takes express-session: ${RIGHT}.`);
}

type Unknown = { readonly [name: string]: unknown };

function isModule(given: unknown): given is Unknown {
  return typeof given === 'function' || (typeof given === 'object' && given !== null);
}

/** In express 4 `session` is a getter that throws. */
function sessionOf(given: Unknown): Unknown | undefined {
  try {
    return isModule(given.session) ? given.session : undefined;
  } catch {
    return undefined;
  }
}

function invalid(message: string): AzureCacheError {
  return new AzureCacheError('options_invalid', message);
}
