// Collects the settings as text from flags, environment and config file, in that order of precedence, and
// refuses names that are none. Called by config.ts. Knows names and places, not what a value may be.
// No message here carries a value: any of them could be a secret.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CLIENT_SETTINGS, OLD_TTL_ENV, SETTINGS, type Setting, unknownName } from './setting-names.js';
import { ConfigError, type SettingKey } from './settings.js';

/** A setting as it was given. */
export interface Given {
  text: string;
  /** The name with its source, to begin a message with. */
  where: string;
}

/** The settings that were given; an empty text counts as not given. */
export type GivenSettings = ReadonlyMap<SettingKey, Given>;

/** What the command line asks for instead of a running sidecar. */
export function askedFor(argv: readonly string[]): 'help' | 'version' | undefined {
  const tokens = tokensOf(argv);
  return (['help', 'version'] as const).find((name) =>
    tokens.some((token) => token.kind === 'option' && token.name === name),
  );
}

/** The answer to `--help`. */
export function helpText(): string {
  const lines = SETTINGS.map(
    ({ flag, isSwitch, sentence, defaultText }) =>
      `  --${flag}${isSwitch ? '' : '=…'}\n      ${sentence} Default: ${defaultText}.`,
  );
  return [
    'Usage: azurecache [--name=value …]           runs the sidecar',
    '       azurecache run [--name=value …] -- <command> [args]   a sidecar first, shared with others, then the command: docs/run.md',
    '       azurecache doctor [--name=value …]    checks everything it needs with these settings, and says what to do; --json',
    'Every setting can also be given as AZURE_CACHE_<NAME> or in azurecache.json; see docs/configuration.md.',
    '  --config=…\n      The config file. Default: azurecache.json in the working folder, if there is one.',
    ...lines,
    '  --help, --version',
    '',
  ].join('\n');
}

/**
 * Reads the three sources.
 * @param resolvePath makes a path absolute
 * @param isWindows names of environment variables are the same in any case
 * @throws ConfigError on an unknown name, a flag given twice or without value, a config file that cannot be read
 */
export function readSources(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  resolvePath: (path: string) => string,
  isWindows: boolean,
): GivenSettings {
  const flags = readFlags(argv);
  const given = [
    ...readWebJob(env),
    ...readFile(flags.config, resolvePath),
    ...readEnvironment(env, isWindows),
    ...flags.settings,
  ].filter(([, { text }]) => text !== '');
  return new Map(given);
}

type Entry = [SettingKey, Given];

function tokensOf(argv: readonly string[]) {
  const options = Object.fromEntries(
    SETTINGS.map(({ flag, isSwitch }) => [flag, { type: isSwitch ? 'boolean' : 'string' } as const]),
  );
  const { tokens } = parseArgs({
    args: [...argv],
    options: {
      ...options,
      config: { type: 'string' },
      help: { type: 'boolean' },
      version: { type: 'boolean' },
    },
    // Strict mode would quote arguments in its errors.
    strict: false,
    tokens: true,
  });
  return tokens;
}

function readFlags(argv: readonly string[]): { settings: Entry[]; config: string | undefined } {
  const settings: Entry[] = [];
  const seen = new Set<string>();
  let config: string | undefined;
  const tokens = tokensOf(argv);
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    const setting = SETTINGS.find(({ flag }) => flag === name);
    if (!setting && name !== 'config')
      throw unknownName(`The flag ${rawName}`, name, ({ flag }) => `--${flag}`);
    if (seen.has(name)) throw new ConfigError(`${rawName} is given twice.`);
    seen.add(name);
    const text = value ?? (setting?.isSwitch ? 'true' : undefined);
    if (text === undefined || (!inlineValue && text.startsWith('-')))
      throw new ConfigError(`${rawName} has no value. Write ${rawName}=value.`);
    if (setting) settings.push([setting.key, { text, where: rawName }]);
    else config = text || undefined;
  }
  // Last, for a misspelt flag leaves its value behind as an argument.
  if (tokens.some((token) => token.kind === 'positional'))
    throw new ConfigError(
      'There is an argument that is no command (run, doctor) and belongs to no flag. Write settings as --name=value.',
    );
  return { settings, config };
}

function readEnvironment(env: Readonly<Record<string, string | undefined>>, isWindows: boolean): Entry[] {
  const entries: Entry[] = [];
  for (const [rawName, text] of Object.entries(env)) {
    if (!/^azure_cache_/i.test(rawName) || !text) continue;
    const name = isWindows ? rawName.toUpperCase() : rawName;
    const where = `${name} in the environment`;
    const setting = SETTINGS.find((known) => known.env === name);
    if (setting) entries.push([setting.key, { text, where }]);
    // First, so that the proper name takes precedence over the old one.
    else if (name === OLD_TTL_ENV) entries.unshift(['ttlSeconds', { text, where }]);
    else if (CLIENT_SETTINGS.some((client) => client.env === name)) refuseRedisUrl(where, text);
    else throw unknownName(where, name, (known) => known.env);
  }
  return entries;
}

/** The port that App Service has chosen for a WebJob, so that Kudu finds it; any source of ours comes before it. */
function readWebJob({ WEBJOBS_PORT: text }: Readonly<Record<string, string | undefined>>): Entry[] {
  return text ? [['port', { text, where: 'WEBJOBS_PORT in the environment' }]] : [];
}

/** A Redis URL under the client's name would leave the sidecar on its embedded backend without a word. */
function refuseRedisUrl(where: string, text: string): void {
  if (/^rediss?:/i.test(text))
    throw new ConfigError(
      `${where} is where clients find the sidecar, but it has a Redis URL. Did you mean AZURE_CACHE_CONNECTION?`,
    );
}

function readFile(config: string | undefined, resolvePath: (path: string) => string): Entry[] {
  const path = resolvePath(config ?? 'azurecache.json');
  const content = readIfThere(path, config !== undefined);
  if (content === undefined) return [];
  const spell = ({ key }: Setting) => key;
  return Object.entries(parseObject(content, path)).map(([key, value]) => {
    const where = `${key} in ${path}`;
    const setting = SETTINGS.find((known) => known.key === key);
    if (!setting) throw unknownName(where, key, spell);
    if (!['string', 'number', 'boolean'].includes(typeof value))
      throw new ConfigError(`${where} must be a string, a number, true or false.`);
    return [setting.key, { text: String(value), where }];
  });
}

function readIfThere(path: string, mustBeThere: boolean): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && !mustBeThere) return undefined;
    throw new ConfigError(`The config file ${path} cannot be read (${code}).`);
  }
}

function parseObject(content: string, path: string): object {
  let parsed: unknown;
  try {
    // Windows editors put a byte order mark in front.
    parsed = JSON.parse(content.replace(/^\uFEFF/, ''));
  } catch {
    // The parser's message quotes the text around the fault, which may be a secret.
    throw new ConfigError(`The config file ${path} is not valid JSON.`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new ConfigError(`The config file ${path} must be one JSON object, {"name": value, …}.`);
  return parsed;
}
