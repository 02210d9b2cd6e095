// Every setting of the sidecar: what it takes, its default, its unit and one sentence. One zod schema, from which
// config.ts takes the rules and bin/docs.js the page docs/configuration.md.
// Knows nothing of where a setting was given: a value comes in as text and leaves in the form the code uses.

import { isIP } from 'node:net';
import { z } from 'zod';

/** The sidecar cannot start as it is set. One line: which setting, from which source, what is allowed; never a value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(message: string) {
    // A name in a config file can hold line breaks.
    super(message.replace(/\p{Cc}+/gu, ' '));
  }
}

/** What the docs and the messages say of a setting. */
export interface About {
  group: 'Backend' | 'Doors' | 'Access' | 'Entries' | 'Operation';
  unit?: 'seconds' | 'milliseconds' | 'bytes';
  /** Completes "it takes …". */
  allowed: string;
  /** What applies when it is not set and the schema has no default. */
  unset?: string;
  sentence: string;
}

const MIB = 1024 * 1024;
const TEN_YEARS_SECONDS = 10 * 365 * 24 * 60 * 60;
const IDENTIFIER = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;
const ENDED_SERVICE = /(?<!\.redis)\.cache\.windows\.net$/i;
const API_TOKEN = /^[!-~]{16,}$/;

/** What is said of each setting, by its schema. */
export const about = z.registry<About>();

// UTF-8 turns a lone surrogate (possible in JSON) into another character, and C strings end at NUL.
const text = z.string().refine((value) => !value.includes('\0') && Buffer.from(value).toString() === value);
const onOff = z.stringbool({ truthy: ['true', '1'], falsy: ['false', '0'], case: 'sensitive' });
const isWhole = (value: string, min: number, max: number): boolean =>
  /^(0|[1-9]\d*)$/.test(value) && Number(value) >= min && Number(value) <= max;
const whole = (min: number, max: number) =>
  z
    .string()
    .refine((value) => isWhole(value, min, max))
    .transform(Number);
const port = z
  .string()
  .refine((value) => value === 'off' || isWhole(value, 0, 65535))
  .transform((value) => (value === 'off' ? value : Number(value)));

/** Whether `value` can be a token of the sidecar: printable ASCII without spaces, at least 16 characters. */
export const isApiToken = (value: string): boolean => API_TOKEN.test(value);

/** The schema. Takes an object of texts, gives them in the form the code uses, with defaults filled in. */
export const settingsSchema = z.strictObject({
  connection: text.optional().register(about, {
    group: 'Backend',
    allowed: 'a StackExchange.Redis string or a redis:// or rediss:// URL',
    unset: 'embedded backend',
    sentence: 'The Redis-protocol service that holds the entries. A secret when it carries a password.',
  }),
  identifier: text
    .refine((value) => IDENTIFIER.test(value) && !ENDED_SERVICE.test(value))
    .optional()
    .register(about, {
      group: 'Backend',
      allowed:
        'the name of an Azure cache, short or as *.redis.cache.windows.net or *.redis.azure.net, without a port ' +
        '(*.cache.windows.net, the service before it, ended in 2016)',
      unset: 'embedded backend',
      sentence:
        'The Azure cache that holds the entries, always over TLS. Goes with the token, or with Entra ID.',
    }),
  token: text.optional().register(about, {
    group: 'Backend',
    allowed: 'the access key of the Azure cache',
    sentence: 'The access key that goes with the identifier. A secret.',
  }),
  caFile: text.optional().register(about, {
    group: 'Backend',
    allowed: 'the path of a PEM file',
    unset: 'the issuers the system trusts',
    sentence: 'The issuer to trust for TLS to the backend, where its certificate is not from a public one.',
  }),
  entra: text
    .regex(/^(system|default|user:[0-9a-f-]{36})$/i)
    .optional()
    .register(about, {
      group: 'Backend',
      allowed: 'system, default or user:<client id>',
      unset: 'an access key is used',
      sentence:
        'Sign in to the Azure cache with Entra ID instead of an access key: as the identity that Azure gives this app or machine (system), as one that was assigned to it (user), or as whatever is found, on a developer’s machine too (default). See docs/entra.md.',
    }),
  dataDir: text.optional().register(about, {
    group: 'Backend',
    allowed: 'the path of a folder',
    unset: 'memory only',
    sentence: 'Where the embedded backend keeps entries over a restart. One sidecar per folder.',
  }),
  host: text
    .refine((value) => isIP(value) !== 0 || /^[a-z0-9.-]+$/i.test(value))
    .default('127.0.0.1')
    .register(about, {
      group: 'Doors',
      allowed: 'an IP address or a host name, without brackets and without a port',
      sentence:
        'The address the TCP door listens on. One that is not loopback needs AZURE_CACHE_ALLOW_REMOTE and a token.',
    }),
  port: port.optional().default(22233).register(about, {
    group: 'Doors',
    allowed: 'a whole number from 0 to 65535, or off',
    sentence:
      'The port of the TCP door; 0 takes a free one, which the ready line names; off closes this door.',
  }),
  socket: text.optional().register(about, {
    group: 'Doors',
    allowed:
      'a path of at most 103 bytes (what macOS can bind), on Windows a pipe name such as \\\\.\\pipe\\azurecache, or off',
    unset: 'one of the user’s own',
    sentence: 'The Unix socket, on Windows the named pipe; off closes this door.',
  }),
  apiToken: text.refine(isApiToken).optional().register(about, {
    group: 'Access',
    allowed: 'at least 16 characters of printable ASCII without spaces',
    unset: 'no token asked for',
    sentence:
      'The token that requests must carry on every door (Authorization: Bearer …), all but /healthz and /readyz. A secret.',
  }),
  apiTokenFile: text.optional().register(about, {
    group: 'Access',
    allowed: 'the path of a readable file',
    sentence: 'A file that holds the token instead; a line break at its end does not count.',
  }),
  allowRemote: onOff.default(false).register(about, {
    group: 'Access',
    allowed: 'true or false',
    sentence: 'Lets the TCP door listen on an address that is not loopback.',
  }),
  ttlSeconds: whole(1, TEN_YEARS_SECONDS)
    .default(86400)
    .register(about, {
      group: 'Entries',
      unit: 'seconds',
      allowed: `a whole number of seconds from 1 to ${TEN_YEARS_SECONDS} (10 years)`,
      sentence:
        'The life of an entry that is put without one. AZURE_CACHE_TTL is read where this is not set.',
    }),
  keyPrefix: text
    .refine((value) => Buffer.byteLength(value) <= 256)
    .default('')
    .register(about, {
      group: 'Entries',
      allowed: 'at most 256 bytes of UTF-8 without NUL',
      sentence: 'Stands before every key in the backend, so that several apps can share one.',
    }),
  maxValueBytes: whole(1, 64 * MIB)
    .default(8 * MIB)
    .register(about, {
      group: 'Entries',
      unit: 'bytes',
      allowed: `a whole number from 1 to ${64 * MIB} (64 MiB)`,
      sentence:
        'The largest value. Redis allows 512 MiB, but a value travels whole through the memory of the sidecar, so more than 64 MiB is refused.',
    }),
  embeddedBytes: whole(64 * MIB, 65_536 * MIB)
    .default(256 * MIB)
    .register(about, {
      group: 'Entries',
      unit: 'bytes',
      allowed: `a whole number from ${64 * MIB} (64 MiB) to ${65_536 * MIB} (64 GiB)`,
      sentence:
        'Memory for the entries of the embedded backend, taken as it fills. When it is full, the entries written longest ago make room.',
    }),
  nearCacheBytes: whole(0, 8192 * MIB)
    .default(64 * MIB)
    .register(about, {
      group: 'Entries',
      unit: 'bytes',
      allowed: `a whole number from 0 to ${8192 * MIB} (8 GiB)`,
      sentence:
        'Memory for copies of entries in the sidecar, which are served where the backend tells of every change: embedded, or one Redis of version 6 or later; 0 turns it off, and with it the events of what others change.',
    }),
  deadlineMs: whole(50, 60_000).default(2000).register(about, {
    group: 'Operation',
    unit: 'milliseconds',
    allowed: 'a whole number from 50 to 60000',
    sentence: 'How long a request waits for the backend before it is answered with 504.',
  }),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info').register(about, {
    group: 'Operation',
    allowed: 'debug, info, warn or error',
    sentence: 'The least serious log lines to write; debug has one per request.',
  }),
});

/** The settings in the form the code uses. */
export type Settings = z.infer<typeof settingsSchema>;
/** The name of a setting, as the config file writes it. */
export type SettingKey = keyof Settings;
