// How long an entry is to live: from what applications write (seconds, `never`, `keep`) to what is sent. Used by
// cache.ts and by the stores. Knows nothing of entries.
import { AzureCacheError } from './errors.js';

/** As in an Operation. */
export type Life = {
  /** `default`: the sidecar's setting decides. */
  ttlKind: 'default' | 'for' | 'never' | 'keep';
  /** Milliseconds with `for`, else 0. */
  ttlMs: number;
};

/** Ten years of 365 days: the sidecar takes no longer life. */
export const MAX_TTL_MS = 10 * 365 * 86_400_000;

const DEFAULT: Life = Object.freeze({ ttlKind: 'default', ttlMs: 0 });
const NEVER: Life = Object.freeze({ ttlKind: 'never', ttlMs: 0 });
const KEEP: Life = Object.freeze({ ttlKind: 'keep', ttlMs: 0 });
/** Seconds times 1000 may be off by two units in the last place: 1.1 s are 1100 ms, not 1101. */
const ROUNDING = 1 - 2 * Number.EPSILON;

/**
 * @param ttl seconds (above 0, at most 10 years; parts of a millisecond are rounded up), 'never', or 'keep';
 * undefined and null: the default
 * @throws AzureCacheError `ttl_invalid`
 */
export function lifeOf(ttl: unknown): Life {
  if (ttl === undefined || ttl === null) return DEFAULT;
  if (ttl === 'never') return NEVER;
  if (ttl === 'keep') return KEEP;
  // Not over 0 is also what is not a number.
  if (typeof ttl !== 'number' || !(ttl > 0)) throw invalid();
  const ttlMs = Math.ceil(ttl * 1000 * ROUNDING);
  if (ttlMs > MAX_TTL_MS) throw invalid();
  return { ttlKind: 'for', ttlMs };
}

/** Of milliseconds, parts of one rounded up. Longer than the sidecar takes becomes the longest; undefined = it is over. */
export function lifeOfMs(ms: number): Life | undefined {
  return ms > 0 ? { ttlKind: 'for', ttlMs: Math.min(Math.ceil(ms), MAX_TTL_MS) } : undefined;
}

function invalid(): AzureCacheError {
  const message =
    "A ttl is a number of seconds above 0 and at most 10 years, 'never', or 'keep'; undefined and null stand for the default.";
  return new AzureCacheError('ttl_invalid', message);
}

/**
 * The life of entries that are written without one: the option `ttl`, else the application's environment
 * (AZURE_CACHE_TTL_SECONDS, or AZURE_CACHE_TTL, which is what the README of 2013 said), else the sidecar's default.
 * @throws AzureCacheError `ttl_invalid`
 */
export function defaultLife(option: unknown, env: NodeJS.ProcessEnv = process.env): Life {
  if (option === 'keep') throw new AzureCacheError('ttl_invalid', "The option ttl cannot be 'keep'.");
  // In 2013 a text was taken and passed over: now it counts when it is a number.
  const ttl = typeof option === 'string' && /^[\d.]+$/.test(option) ? Number(option) : option;
  if (ttl !== undefined && ttl !== null && ttl !== '') return lifeOf(ttl);
  for (const name of ['AZURE_CACHE_TTL_SECONDS', 'AZURE_CACHE_TTL'])
    if (env[name]) return lifeOfText(name, env[name]);
  return DEFAULT;
}

function lifeOfText(name: string, text: string): Life {
  try {
    return lifeOf(Number(text));
  } catch {
    const message = `${name} is a number of seconds above 0 and at most 10 years. Correct it, or unset it.`;
    throw new AzureCacheError('ttl_invalid', message);
  }
}
