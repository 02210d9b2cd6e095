// The options of a session store, checked: from what applications write to the rules of sessions.ts. Called by the
// stores. Knows nothing of a store's framework but how its cookie says when it ends.
import { AzureCacheError } from '../errors.js';
import { defaultLife, type Life, lifeOf, lifeOfMs } from '../life.js';
import { type TransportOptions, warnOfOthers } from '../transport/transport.js';
import type { Conflict, Fields } from './merge.js';
import type { SessionRules } from './session-rules.js';
import type { Serializer } from './snapshot.js';
import { type TagOf, tagging } from './tagging.js';

/** Options of a session store; names and defaults are connect-redis' where it has them. */
export interface StoreOptions extends TransportOptions {
  /** Stands before each session id. Default `sess:`. */
  prefix?: string;
  /**
   * Seconds that a session lives whose cookie does not say, or a function that answers the seconds for every session.
   * Default: AZURE_CACHE_TTL_SECONDS, else what the sidecar is set to (one day).
   */
  ttl?: number | ((session: never) => number);
  /** `touch` does nothing. Default false. */
  disableTouch?: boolean;
  /** Sessions never expire. Default false. */
  disableTTL?: boolean;
  /** Default JSON. */
  serializer?: Serializer;
  /** Seconds. A touch that would move the end of a session by less is left out. Default 0: none is. */
  touchAfter?: number;
  /** Which change counts where two requests have changed one field. Default `mine`, the later one. */
  conflict?: Conflict;
  /** Fields of which a later request never overwrites a change. Default passport, user, userId. */
  atomic?: readonly string[];
  /**
   * What a session is found by, `'user:42'` for instance: asked at each save, for a text, an array of up to 100, or
   * undefined. `destroyByTag` then ends every session that has it. Default: sessions have no tags.
   */
  tag?: (session: never) => string | readonly string[] | null | undefined;
  /** Reads may come from the near cache of the sidecar, also for up to a second after a logout elsewhere. Default false. */
  near?: boolean;
  /**
   * Emit `disconnect` and `connect` when the sidecar goes and comes, which make express-session go on without a
   * session. Default false: requests get an error with status 503.
   */
  signalReadiness?: boolean;
  /** Options of 2013, checked and not used: the settings of the sidecar name the cache. */
  identifier?: string;
  token?: string;
}

/** What the options say of the rules; the rest is the store's. */
export type CheckedOptions = Omit<SessionRules, 'dates' | 'tell'>;

const isBoolean = (value: unknown) => typeof value === 'boolean';
const isFunction = (value: unknown) => typeof value === 'function';
/** What each option takes, beside null and undefined, which are not given. */
const CHECKS: readonly [name: keyof StoreOptions, takes: string, fits: (value: unknown) => boolean][] = [
  ['prefix', 'a string', (value) => typeof value === 'string'],
  ['disableTouch', 'true or false', isBoolean],
  ['disableTTL', 'true or false', isBoolean],
  [
    'serializer',
    'an object with the functions stringify and parse',
    (value) => isFunction((value as Serializer).stringify) && isFunction((value as Serializer).parse),
  ],
  ['touchAfter', 'a number of seconds from 0 on', (value) => typeof value === 'number' && value >= 0],
  [
    'conflict',
    "'mine', 'theirs' or a function (field, base, mine, theirs) => value",
    (value) => value === 'mine' || value === 'theirs' || isFunction(value),
  ],
  [
    'atomic',
    'an array of names of fields',
    (value) => Array.isArray(value) && value.every((field) => typeof field === 'string'),
  ],
  ['tag', 'a function (session) => text, texts or undefined', isFunction],
  ['near', 'true or false', isBoolean],
  ['signalReadiness', 'true or false', isBoolean],
];

/**
 * @param msLeft how long a session still has to live by what its framework has written in it; undefined = it does not say
 * @throws AzureCacheError `options_invalid` or `ttl_invalid`, and the errors of 2013 for `identifier` and `token`
 */
export function checkOptions(
  options: StoreOptions,
  msLeft: (session: Fields) => number | undefined = cookieMsLeft,
): CheckedOptions {
  if (typeof options !== 'object' || options === null)
    throw invalid('The store takes its options as an object.');
  checkOld(options);
  for (const [name, takes, fits] of CHECKS)
    if ((options[name] ?? undefined) !== undefined && !fits(options[name]))
      throw invalid(`The option ${name} of the store is not valid: it takes ${takes}.`);
  if ('client' in options)
    throw invalid('The store takes no client: the sidecar has the connection to Redis.');
  // connect-redis' scanCount is the sidecar's business, and stands in the way of nobody who comes from there.
  warnOfOthers(
    'The store',
    options,
    ['ttl', ...CHECKS.map(([name]) => name)],
    ['identifier', 'token', 'scanCount'],
  );
  return {
    prefix: options.prefix ?? 'sess:',
    serializer: options.serializer ?? JSON,
    conflict: options.conflict ?? 'mine',
    atomic: new Set(options.atomic ?? ['passport', 'user', 'userId']),
    touchAfterMs: (options.touchAfter ?? 0) * 1000,
    fresh: options.near !== true,
    lifeOf: options.tag
      ? tagging(lifeRule(options, msLeft), options.tag as TagOf)
      : lifeRule(options, msLeft),
  };
}

/** The checks of 2013, with their messages. */
function checkOld(options: StoreOptions): void {
  for (const name of ['identifier', 'token'] as const)
    if (options[name] && typeof options[name] !== 'string')
      throw new Error(`The options.${name} must be a string.`);
}

type LifeRule = (session: Fields) => Life | undefined;

function lifeRule(
  { ttl, disableTTL }: StoreOptions,
  msLeft: (session: Fields) => number | undefined,
): LifeRule {
  const rule = timedRule(ttl, msLeft);
  // A session whose cookie is over ends all the same: that is how some applications log out.
  return disableTTL ? (session) => rule(session) && lifeOf('never') : rule;
}

/** The order: function, what the framework says, number, the application's environment, the sidecar. */
function timedRule(ttl: StoreOptions['ttl'], msLeft: (session: Fields) => number | undefined): LifeRule {
  if (typeof ttl === 'function')
    return (session) => lifeFor((ttl as (session: Fields) => number)(session) * 1000);
  // A text was taken, and passed over, in 2013.
  const fallback = defaultLife(typeof ttl === 'string' && ttl !== '' ? Number(ttl) : ttl);
  return (session) => {
    const ms = msLeft(session);
    return ms === undefined ? fallback : lifeFor(ms);
  };
}

type CookieLife = { expires?: Date | string | false | null; maxAge?: number | null };

function cookieMsLeft(session: Fields): number | undefined {
  const cookie = session.cookie as CookieLife | undefined;
  if (cookie?.expires) return new Date(cookie.expires).getTime() - Date.now();
  return typeof cookie?.maxAge === 'number' ? cookie.maxAge : undefined;
}

/** Undefined = the time is over. */
function lifeFor(ms: number): Life | undefined {
  if (typeof ms !== 'number' || Number.isNaN(ms))
    throw new AzureCacheError(
      'ttl_invalid',
      'The life of the session is no number: look at the function ttl, and at cookie.expires.',
    );
  return lifeOfMs(ms);
}

function invalid(message: string): AzureCacheError {
  return new AzureCacheError('options_invalid', message);
}
