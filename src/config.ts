// Reads the settings once, from flags > environment > config file, checks them one by one and together, and gives
// the rest of the sidecar one frozen object. Called by main.ts, which passes in all that belongs to the process.

import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { posix, win32 } from 'node:path';
import { discoveryFileOf, type Place, socketPath } from './door-paths.js';
import { SETTINGS } from './setting-names.js';
import { ConfigError, isApiToken, type SettingKey, type Settings, settingsSchema } from './settings.js';
import { type GivenSettings, readSources } from './sources.js';

export { ConfigError } from './settings.js';
export { askedFor, helpText } from './sources.js';

/** What the sidecar runs with. Paths are absolute, times are milliseconds, and everything is checked. */
export interface Config {
  /** Address of the TCP door. */
  readonly host: string;
  /** Port of the TCP door, 0 = any; undefined = this door stays closed. */
  readonly port: number | undefined;
  /** Nobody has said which port: where several sidecars share a machine, another one may be taken. */
  readonly portIsDefault: boolean;
  /** Path of the Unix socket or full name of the named pipe; undefined = this door stays closed. */
  readonly socket: string | undefined;
  /** File that tells clients the doors; undefined without a socket, and on Windows without LOCALAPPDATA. */
  readonly discoveryFile: string | undefined;
  /** The token every request must carry, also when it came from a file. */
  readonly apiToken: string | undefined;
  /** The TCP door may listen on an address that is not loopback. */
  readonly allowRemote: boolean;
  /** StackExchange.Redis string or redis URL. Without it and without `identifier` the backend is embedded. */
  readonly connection: string | undefined;
  /** Name of the Azure cache, short or full; comes with `token` or `entra`. */
  readonly identifier: string | undefined;
  /** Access key of the Azure cache. */
  readonly token: string | undefined;
  /** PEM file of the issuer to trust for TLS to the backend. */
  readonly caFile: string | undefined;
  /** The Entra ID identity to sign in with: system, default or user:<client id>. */
  readonly entra: string | undefined;
  /** Folder of the embedded backend; undefined = memory only. */
  readonly dataDir: string | undefined;
  /** Life of an entry put without one. */
  readonly defaultTtlMs: number;
  /** Stands before every key. */
  readonly keyPrefix: string;
  readonly maxValueBytes: number;
  /** Memory for the entries of the embedded backend. */
  readonly embeddedBytes: number;
  /** 0 = no near cache. */
  readonly nearCacheBytes: number;
  /** How long a request waits for the backend. */
  readonly deadlineMs: number;
  readonly logLevel: Settings['logLevel'];
}

/** What `loadConfig` needs to know of the process and the machine. */
export interface Surroundings extends Place {
  /** Arguments behind the script's name. */
  argv: readonly string[];
  /** Where relative paths start, and where azurecache.json is looked for. */
  cwd: string;
}

/**
 * Reads and checks all settings. Reads files, changes nothing.
 * @throws ConfigError when the sidecar cannot start like this
 */
export function loadConfig(around: Surroundings): Config {
  const paths = around.platform === 'win32' ? win32 : posix;
  const resolvePath = (path: string) => paths.resolve(around.cwd, path);
  const given = readSources(around.argv, around.env, resolvePath, around.platform === 'win32');
  const { ttlSeconds, apiTokenFile, ...settings } = parse(given);
  checkTogether(settings, given);
  const socket = socketPath(settings.socket, around, resolvePath);
  if (socket === undefined && settings.port === 'off')
    throw new ConfigError(
      'Port and socket are both off, so nobody could reach the sidecar. Leave one of them on.',
    );
  const caFile = settings.caFile && resolvePath(settings.caFile);
  // .NET reads it later; a wrong path should be told now.
  if (caFile) readText(caFile, whereOf(given, 'caFile'));
  return Object.freeze({
    ...settings,
    port: settings.port === 'off' ? undefined : settings.port,
    portIsDefault: !given.has('port'),
    socket,
    caFile,
    discoveryFile: discoveryFileOf(socket, around),
    apiToken: apiTokenFile
      ? readApiToken(resolvePath(apiTokenFile), whereOf(given, 'apiTokenFile'))
      : settings.apiToken,
    connection: settings.connection,
    identifier: settings.identifier,
    token: settings.token,
    entra: settings.entra,
    dataDir: settings.dataDir && resolvePath(settings.dataDir),
    defaultTtlMs: ttlSeconds * 1000,
  });
}

/** Every setting that is set, each with its source; no values. For the doctor. */
export function givenSettings({ argv, env, cwd, platform }: Surroundings): string[] {
  const { resolve } = platform === 'win32' ? win32 : posix;
  const given = readSources(argv, env, (path) => resolve(cwd, path), platform === 'win32');
  return [...given.values()].map(({ where }) => where);
}

function parse(given: GivenSettings): Settings {
  const texts = Object.fromEntries([...given].map(([key, { text }]) => [key, text]));
  const parsed = settingsSchema.safeParse(texts);
  if (parsed.success) return parsed.data;
  const key = parsed.error.issues[0]?.path[0] as SettingKey;
  const allowed = SETTINGS.find((setting) => setting.key === key)?.allowed;
  throw new ConfigError(`${whereOf(given, key)} is not valid: it takes ${allowed}.`);
}

function whereOf(given: GivenSettings, key: SettingKey): string {
  return given.get(key)?.where ?? key;
}

function checkTogether(settings: Omit<Settings, 'ttlSeconds' | 'apiTokenFile'>, given: GivenSettings): void {
  const where = (key: SettingKey) => whereOf(given, key);
  const refuse = (message: string) => {
    throw new ConfigError(message);
  };
  const { host, port, allowRemote } = settings;
  if (given.has('identifier') && given.has('connection'))
    refuse(`${where('identifier')} and ${where('connection')} both name a backend. Give one of them.`);
  if (given.has('entra') && given.has('token'))
    refuse(
      `${where('entra')} takes the place of an access key, and ${where('token')} is one. Give one of them.`,
    );
  if (given.has('entra') && !given.has('identifier') && !given.has('connection'))
    refuse(
      `${where('entra')} is for a cache on Azure; the embedded backend needs no sign-in. Set AZURE_CACHE_IDENTIFIER too.`,
    );
  if (given.has('identifier') && !given.has('token') && !given.has('entra'))
    refuse(
      `${where('identifier')} needs the access key of that cache too: AZURE_CACHE_TOKEN. Without a key: AZURE_CACHE_ENTRA.`,
    );
  if (given.has('token') && !given.has('identifier'))
    refuse(
      `${where('token')} needs AZURE_CACHE_IDENTIFIER too. The password of a Redis goes into AZURE_CACHE_CONNECTION; a token for the sidecar itself is AZURE_CACHE_API_TOKEN.`,
    );
  if (given.has('dataDir') && (given.has('connection') || given.has('identifier')))
    refuse(`${where('dataDir')} is for the embedded backend alone; this sidecar is set to use another one.`);
  if (given.has('apiToken') && given.has('apiTokenFile'))
    refuse(`${where('apiToken')} and ${where('apiTokenFile')} both give the token. Give one of them.`);
  if (port === 'off' || isLoopback(host)) return;
  if (!allowRemote)
    refuse(`${where('host')} is not a loopback address. If it is meant, set AZURE_CACHE_ALLOW_REMOTE=true.`);
  if (!given.has('apiToken') && !given.has('apiTokenFile'))
    refuse(`${where('host')} is not a loopback address. Such a door needs AZURE_CACHE_API_TOKEN or _FILE.`);
}

/** Whether the address can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  return host.toLowerCase() === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

function readApiToken(path: string, where: string): string {
  const token = readText(path, where).replace(/\r?\n$/, '');
  if (isApiToken(token)) return token;
  const allowed = SETTINGS.find(({ key }) => key === 'apiToken')?.allowed;
  throw new ConfigError(`${where}: the token in that file is not valid: it takes ${allowed}.`);
}

function readText(path: string, where: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${where}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}
