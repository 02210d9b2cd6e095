// The names a setting goes by (config file, environment, flag), and what to answer to a name that is none.
// Called by sources.ts and by bin/docs.js. Knows nothing of values.

import { closest, distance } from 'fastest-levenshtein';
import { type About, about, ConfigError, type SettingKey, settingsSchema } from './settings.js';

/** One setting with its names. */
export interface Setting extends About {
  /** The key in the config file: `keyPrefix`. */
  key: SettingKey;
  /** The environment variable: `AZURE_CACHE_KEY_PREFIX`. */
  env: string;
  /** The flag, without dashes: `key-prefix`. */
  flag: string;
  /** A flag that may stand alone, meaning true. */
  isSwitch: boolean;
  /** The default as it would be given, or what applies without the setting. */
  defaultText: string;
}

/** All settings, in the order of the docs. */
export const SETTINGS: readonly Setting[] = Object.entries(settingsSchema.shape).map(([key, schema]) => {
  const facts = about.get(schema) as About;
  const fallback = schema.parse(undefined);
  return {
    ...facts,
    key: key as SettingKey,
    env: `AZURE_CACHE_${upperSnake(key)}`,
    flag: upperSnake(key).toLowerCase().replaceAll('_', '-'),
    isSwitch: typeof fallback === 'boolean',
    defaultText: fallback === '' ? 'empty' : String(fallback ?? facts.unset ?? 'none'),
  };
});

/** Variables that only the client reads. The sidecar accepts and ignores them in its environment. */
export const CLIENT_SETTINGS: readonly { env: string; sentence: string }[] = [
  {
    env: 'AZURE_CACHE_URL',
    sentence: 'Where the client finds the sidecar. (What the sidecar connects to is AZURE_CACHE_CONNECTION.)',
  },
];

/** The name of the old module's README for `ttlSeconds`; read from the environment alone. */
export const OLD_TTL_ENV = 'AZURE_CACHE_TTL';

// Names people guess that are too far from the right one for a spelling match.
const GUESSES: Record<string, SettingKey> = {
  REDIS: 'connection',
  REDIS_URL: 'connection',
  URL: 'connection',
  CONNECTION_STRING: 'connection',
  REDIS_CONNECTION_STRING: 'connection',
  NAME: 'identifier',
  ENDPOINT: 'identifier',
  KEY: 'token',
  ACCESS_KEY: 'token',
  PASSWORD: 'token',
  CA: 'caFile',
  BIND: 'host',
  LISTEN: 'host',
  ADDRESS: 'host',
  PIPE: 'socket',
  UNIX_SOCKET: 'socket',
  AUTH_TOKEN: 'apiToken',
  TTL: 'ttlSeconds',
  TTL_MS: 'ttlSeconds',
  EXPIRY: 'ttlSeconds',
  PREFIX: 'keyPrefix',
  MAX_VALUE_SIZE: 'maxValueBytes',
  TIMEOUT: 'deadlineMs',
  TIMEOUT_MS: 'deadlineMs',
  DATA: 'dataDir',
  LOG: 'logLevel',
};

/** `keyPrefix`, `key-prefix` and `AZURE_CACHE_KEY_PREFIX` → `KEY_PREFIX`. */
function upperSnake(name: string): string {
  const snake = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll('-', '_');
  return snake.toUpperCase().replace(/^AZURE_CACHE_/, '');
}

/**
 * The refusal of a name that is no setting, with the one that was probably meant.
 * @param where the name as given, with its source
 * @param name the bare name
 * @param spell writes a setting the way this source does
 */
export function unknownName(where: string, name: string, spell: (setting: Setting) => string): ConfigError {
  const meant = nearest(upperSnake(name));
  const advice = meant ? `Did you mean ${spell(meant)}?` : 'See azurecache --help for all of them.';
  return new ConfigError(`${where} is not a setting. ${advice}`);
}

function nearest(name: string): Setting | undefined {
  const guess = GUESSES[name];
  if (guess) return SETTINGS.find(({ key }) => key === guess);
  const names = SETTINGS.map(({ key }) => upperSnake(key));
  const close = closest(name, names);
  // A name of which more than half would have to change was not a slip.
  return distance(close, name) * 2 <= name.length ? SETTINGS[names.indexOf(close)] : undefined;
}
