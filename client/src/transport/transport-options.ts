// The options of a transport, checked, with what the environment says in place of those that are not given.
// Called by transport.ts. No message has a value in it: a URL or a token could be a secret.
import { readFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { AzureCacheError } from '../errors.js';
import { defaultPlace, type Place, placeAt, type Surroundings } from './doors.js';

export interface TransportOptions {
  /** `http://host:port`, `unix:/path` or `pipe:name`. Default: AZURE_CACHE_URL, else found by itself. */
  url?: string | undefined;
  /** Default: AZURE_CACHE_API_TOKEN, or the content of the file AZURE_CACHE_API_TOKEN_FILE. */
  apiToken?: string | undefined;
  /** Milliseconds a sidecar may be away (starting, restarting) before calls fail at once. Default 5000. */
  waitMs?: number | undefined;
  /** Milliseconds until a call fails. Default 3000. */
  deadlineMs?: number | undefined;
}

/** What a transport works with. */
export interface Settings {
  place: Place;
  token: string | undefined;
  waitMs: number;
  deadlineMs: number;
}

const MAX_MS = 0x7fff_ffff;
const NAMES: readonly (keyof TransportOptions)[] = ['url', 'apiToken', 'waitMs', 'deadlineMs'];

/**
 * Warns of options that there are not (`process.on('warning')`, AzureCacheWarning): a misspelt one counts as not given. No
 * error: the module of 2013 took no notice of them, nor do other stores, and what ran with them is to run on.
 * @param names the options beside those of a transport
 * @param unsaid others that are taken all the same
 */
export function warnOfOthers(
  who: string,
  options: object,
  names: readonly string[],
  unsaid: readonly string[] = [],
): void {
  const all = [...names, ...NAMES];
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && !all.includes(name) && !unsaid.includes(name))
      process.emitWarning(
        `${who}: there is no option ${name}. It takes ${all.join(', ')}.`,
        'AzureCacheWarning',
      );
}

/** @throws AzureCacheError `options_invalid` naming the option or the variable */
export function settingsOf(options: TransportOptions, around: Surroundings = surroundings()): Settings {
  return {
    place: placeOf(options.url, around),
    token: tokenOf(options.apiToken, around),
    waitMs: milliseconds('waitMs', options.waitMs ?? 5000, 0),
    deadlineMs: milliseconds('deadlineMs', options.deadlineMs ?? 3000, 1),
  };
}

function surroundings(): Surroundings {
  return {
    env: process.env,
    platform: process.platform,
    tempDir: tmpdir(),
    cwd: process.cwd(),
    uid: process.getuid?.(),
    userName: () => userInfo().username,
  };
}

function placeOf(url: unknown, around: Surroundings): Place {
  // As for the sidecar, a variable without text is not set.
  const given = url ?? (around.env.AZURE_CACHE_URL || undefined);
  const where = nameOf(url, 'url', 'AZURE_CACHE_URL');
  if (given === undefined) return defaultPlace(around);
  if (typeof given !== 'string') throw invalid(where, 'must be a string.');
  return placeAt(given, where, around.platform);
}

function tokenOf(option: unknown, { env }: Surroundings): string | undefined {
  const file = env.AZURE_CACHE_API_TOKEN_FILE;
  const given = option ?? (env.AZURE_CACHE_API_TOKEN || undefined);
  if (given !== undefined) return checkedToken(given, nameOf(option, 'apiToken', 'AZURE_CACHE_API_TOKEN'));
  return file ? checkedToken(readToken(file), 'The file AZURE_CACHE_API_TOKEN_FILE') : undefined;
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw invalid('The file AZURE_CACHE_API_TOKEN_FILE', `cannot be read (${code}).`);
  }
}

function checkedToken(token: unknown, where: string): string {
  // What else a header cannot carry; how long it must be is the sidecar's rule.
  if (typeof token !== 'string' || !/^[!-~]+$/.test(token))
    throw invalid(where, 'must be printable ASCII without spaces, as the sidecar has it.');
  return token;
}

function milliseconds(name: string, value: unknown, least: number): number {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > MAX_MS)
    throw invalid(`The option ${name}`, `must be a whole number of milliseconds, at least ${least}.`);
  return value as number;
}

function nameOf(option: unknown, name: string, variable: string): string {
  return option === undefined || option === null ? variable : `The option ${name}`;
}

function invalid(where: string, what: string): AzureCacheError {
  return new AzureCacheError('options_invalid', `${where} ${what}`);
}
