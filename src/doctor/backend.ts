// What the facts of a backend mean, and what to do: sign-in, server, entries, scripts, changes, memory, way, clock. Called by
// doctor.ts with what gateway.ts has gathered.
import type { BackendFacts } from '../bridge.js';
import type { Config } from '../config.js';
import type { Tried } from './ask-gateway.js';
import { type Check, fail, ok, warn } from './check.js';
import type { Answers } from './gateway.js';

/** A way longer than this makes itself felt in every request that no copy answers. */
const SLOW_MS = 20;
const SKEW_MS = 2000;
const LOGINS = /WRONGPASS|NOAUTH|invalid|Authentication/;

type Credentials = Pick<Config, 'identifier' | 'entra'>;

/** `embedded`: nothing that can be set wrongly is told of it. */
export function backendChecks(answers: Answers, config: Credentials, embedded: boolean): Check[] {
  const { facts, tried, proven, events } = answers;
  if (!facts) return [];
  if (facts.failure !== null) return [signInFailed(facts, config, events)];
  const checks = tried ? entries(tried) : [];
  if (embedded) return checks;
  return [
    ok('sign-in', signInBy(config, events)),
    server(facts),
    ...checks,
    ...(proven === undefined ? [] : [tracking(proven, events)]),
    ...(facts.info ? [eviction(facts.info)] : []),
    ...(facts.pingMs === null ? [] : [latency(facts.pingMs)]),
    ...(facts.skewMs === null ? [] : [clock(facts.skewMs)]),
  ];
}

function signInBy({ identifier, entra }: Credentials, events: Answers['events']): string {
  const token = events.findLast(({ event }) => event === 'entra_token')?.message;
  if (entra !== undefined) return `accepted. ${token ?? 'Entra ID'}`.replace(/\.$/, '');
  return identifier === undefined ? 'accepted, as the settings say' : 'accepted (access key)';
}

function signInFailed(
  { failure, word }: BackendFacts,
  { identifier, entra }: Credentials,
  events: Answers['events'],
): Check {
  const why = [failure, word].filter(Boolean).join(', ');
  if (entra !== undefined) return entraFailed(why, events);
  if (!LOGINS.test(why)) {
    const fix = 'see the log of the server; it may be full, starting, or speak another protocol';
    return fail('sign-in', `the server can be reached, but there is no connection that stands (${why})`, fix);
  }
  const fix =
    identifier === undefined
      ? 'check user and password in AZURE_CACHE_CONNECTION; special characters in a URL are percent-encoded'
      : 'check AZURE_CACHE_TOKEN (a key that was renewed no longer counts), and that the cache allows access keys';
  return fail('sign-in', `refused (${why})`, fix);
}

/** EntraSignIn.cs says what is wrong, and what to do, in events of its own. */
function entraFailed(why: string, events: Answers['events']): Check {
  const told = events.findLast(({ event }) => event === 'entra_token_failed' || event === 'entra_refused');
  const fix = 'see docs/entra.md';
  if (!told)
    return fail('sign-in', why === 'NoToken' ? 'Entra ID gives no token yet' : `refused (${why})`, fix);
  const [, says = told.message] = /^(.+?)[:;] /.exec(told.message) ?? [];
  return fail(
    'sign-in',
    says,
    /(?:if it stays so, |: )(.+?)\.(?: Trying again\.)?$/.exec(told.message)?.[1] ?? fix,
  );
}

function server({ kind, servers, info }: BackendFacts): Check {
  if (!info)
    return warn(
      'server',
      `${kind.toLowerCase()}, ${count(servers)}; INFO is refused`,
      'allow it to this user to see more (ACL: +info)',
    );
  const [name, version] = product(info);
  const says = `${name} ${version}, ${kind.toLowerCase()}, ${count(servers)}`;
  if (info.role === 'slave')
    return fail('server', `${says}: a replica, which takes no writes`, 'name the primary in the settings');
  if (name === 'Redis' && Number.parseFloat(version) < 6)
    return warn(
      'server',
      says,
      'use version 6 or later: this one tells of no changes, so there is no near cache',
    );
  return ok('server', says);
}

function count(servers: number): string {
  return servers === 1 ? '1 server' : `${servers} servers`;
}

function product(info: Record<string, string>): [string, string] {
  if (info.garnet_version) return ['Garnet', info.garnet_version];
  if (info.valkey_version) return ['Valkey', info.valkey_version];
  return ['Redis', info.redis_version ?? 'of unknown version'];
}

function entries(tried: Tried[]): Check[] {
  const bad = tried.filter(({ status }) => status !== 'ok');
  const plain = bad.find(({ what }) => what === 'put' || what === 'get' || what === 'delete');
  const scripted = bad.find(({ what }) => what === 'touch' || what === 'put with a condition');
  const checks = [
    plain
      ? fail(
          'entries',
          told(plain),
          remedy(plain, 'the keys under AZURE_CACHE_KEY_PREFIX and +get +set +del'),
        )
      : ok('entries', 'put, got and deleted'),
  ];
  // Without the entry a script has nothing to work on.
  if (plain && plain.what !== 'delete') return checks;
  const wants = '+eval +evalsha +script, which sessions, locks, tags and conditions need';
  checks.push(
    scripted
      ? fail('scripting', told(scripted), remedy(scripted, wants))
      : ok('scripting', 'put with a condition, touched'),
  );
  return checks;
}

function remedy({ status, detail }: Tried, wants: string): string {
  if (status === 'timeout') return 'look at the load of the server, or set AZURE_CACHE_DEADLINE_MS higher';
  if (detail?.includes('OOM'))
    return 'give the server more memory, or set its maxmemory-policy to volatile-lru or allkeys-lru';
  if (status === 'backend_refused') return `allow this user ${wants} (ACL)`;
  return 'look at the log of the server';
}

function told({ what, status, detail }: Tried): string {
  return detail ? `${what} failed: ${detail.replace(/\.$/, '')}` : `${what} was answered with ${status}`;
}

function tracking(proven: boolean, events: Answers['events']): Check {
  if (proven) return ok('tracking', 'changes are told: there can be a near cache');
  const why =
    events.find(({ event }) => event === 'changes_not_told')?.message ?? 'no change came back in 3 s';
  const fix =
    'nothing, if that is meant: every read asks the server then. For a near cache use one Redis or Valkey of version 6 or later, and allow +client|tracking +client|list +subscribe';
  return warn('tracking', why.replace(/\.$/, ''), fix);
}

function eviction({ maxmemory = '0', maxmemory_policy: policy }: Record<string, string>): Check {
  if (policy === undefined) return ok('eviction', 'the server does not say');
  if (policy !== 'noeviction') return ok('eviction', policy);
  if (maxmemory === '0') return ok('eviction', 'noeviction, without a limit of memory');
  return warn(
    'eviction',
    'noeviction: once its memory is full the server refuses every put',
    'set maxmemory-policy to volatile-lru or allkeys-lru',
  );
}

function latency(ms: number): Check {
  const says = `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms to the server and back`;
  return ms < SLOW_MS
    ? ok('latency', says)
    : warn('latency', says, 'put the cache into the region of the app');
}

function clock(ms: number): Check {
  const away =
    Math.abs(ms) < 1000 ? `${Math.round(Math.abs(ms))} ms` : `${Math.round(Math.abs(ms) / 1000)} s`;
  const says = `${away} ${ms < 0 ? 'behind' : 'ahead of'} the server's`;
  if (Math.abs(ms) < SKEW_MS) return ok('clock', says);
  return warn(
    'clock',
    says,
    'set the clock of this machine (or of the server): entries that slide, and tokens, go by it',
  );
}
