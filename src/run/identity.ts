// Whose sidecar this is and whose data it serves: the owner, and a fingerprint of what decides which entries are read and
// written. Runners share a sidecar only if both are equal (runners.ts). Called by main.ts and start.ts. No secret
// goes in: passwords and tokens are left out before anything is hashed or shown.
import { createHash } from 'node:crypto';
import type { Config } from '../config.js';

/** What is said of a sidecar, or asked of one. */
export interface Identity {
  /** User and site, as in the default name of the pipe. */
  owner: string;
  /** 16 hex digits. */
  fingerprint: string;
  /** For messages: the end points in clear, without credentials, and the prefix. */
  backend: string;
}

/** What decides whose data it is, of one kind of backend. */
interface Backend {
  /** host:port in lower case, in order. */
  endPoints: string[];
  database?: number | string;
  user?: string;
  tls?: boolean;
  /** The folder of an embedded backend; the name of the service for sentinels. */
  place?: string;
  /** As shown; the end points where nothing else is said. */
  shown?: string;
}

export interface OwnerFacts {
  /** Number of the user; undefined on Windows. */
  uid: number | undefined;
  userName: string;
  site: string | undefined;
}

export function identityOf(config: Config, { uid, userName, site }: OwnerFacts): Identity {
  const user = uid === undefined ? `user ${userName}` : `user ${uid}`;
  const { shown, ...backend } = backendOf(config);
  const { endPoints, database = 0, user: login = '', tls = false, place = '' } = backend;
  const facts = [endPoints, String(database), config.entra ?? login, tls, place, config.keyPrefix];
  const prefix = config.keyPrefix === '' ? 'no key prefix' : `key prefix ${JSON.stringify(config.keyPrefix)}`;
  return {
    owner: site ? `${user}, site ${site}` : user,
    fingerprint: createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16),
    backend: `${shown ?? endPoints.join(' ')}, ${prefix}`,
  };
}

/** One line, for messages. */
export function described({ owner, fingerprint, backend }: Identity): string {
  return `${owner}, on ${backend} (fingerprint ${fingerprint})`;
}

function backendOf({ connection, identifier, dataDir }: Config): Backend {
  if (identifier !== undefined) return { endPoints: [azureEndPoint(identifier)], tls: true };
  if (connection !== undefined) return connection.includes('://') ? ofUrl(connection) : ofList(connection);
  const place = dataDir ?? '';
  return {
    endPoints: [],
    place,
    shown: dataDir ? `the embedded backend in ${dataDir}` : 'the embedded backend',
  };
}

/** As AzureNames.cs has it. */
function azureEndPoint(identifier: string): string {
  const name = identifier.toLowerCase();
  if (!name.includes('.')) return `${name}.redis.cache.windows.net:6380`;
  return `${name}:${name.endsWith('.redis.azure.net') ? 10000 : 6380}`;
}

/** As RedisUrl.cs reads it. What that refuses is refused there, with a sentence; here it must only not fail. */
function ofUrl(connection: string): Backend {
  try {
    const { protocol, hostname, port, pathname, username } = new URL(connection);
    return {
      endPoints: [`${hostname.toLowerCase()}:${port || 6379}`],
      database: Number(pathname.replaceAll('/', '') || 0),
      user: decodeURIComponent(username),
      tls: protocol === 'rediss:',
    };
  } catch {
    return { endPoints: [], shown: 'a backend whose URL cannot be read' };
  }
}

/** A StackExchange.Redis string: end points and name=value, between commas. */
function ofList(connection: string): Backend {
  const parts = connection.split(',').map((part) => part.trim());
  const option = (name: string) =>
    parts
      .findLast((part) => part.split('=', 1)[0]?.trim().toLowerCase() === name && part.includes('='))
      ?.split('=')
      .slice(1)
      .join('=')
      .trim();
  const tls = option('ssl')?.toLowerCase() === 'true';
  const whole = (part: string) => `${part}${/:\d+$/.test(part) ? '' : `:${tls ? 6380 : 6379}`}`.toLowerCase();
  const isEndPoint = (part: string) => part !== '' && !part.includes('=');
  const first = parts.findIndex((part) => !isEndPoint(part));
  // Behind an option, an end point may be the rest of a password that has a comma in it: hashed, but not shown.
  const inFront = first < 0 ? parts : parts.slice(0, first);
  return {
    endPoints: parts.filter(isEndPoint).map(whole).sort(),
    database: option('defaultdatabase') ?? 0,
    user: option('user') ?? '',
    tls,
    place: option('servicename') ?? '',
    shown: inFront.map(whole).join(' ') || 'a backend that is named behind the options of its string',
  };
}
