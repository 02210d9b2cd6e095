// The way to one server, step by step: name, connection, TLS. From Node, so that a firewall and a name are told apart from
// what the .NET client makes of it. The end points come from .NET, which has read the settings. Called by doctor.ts.
import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { connect, isIP, type Socket } from 'node:net';
import { type PeerCertificate, type TLSSocket, connect as tlsConnect } from 'node:tls';
import type { EndPoint } from '../bridge.js';
import { type Check, fail, ok, warn, within } from './check.js';

const STEP_MS = 5000;
/** A Redis without TLS waits for the end of a line, and does not answer at all. */
const PROBE_MS = 1500;
const SOON_DAYS = 14;
const DAY_MS = 24 * 60 * 60 * 1000;
const FIREWALL =
  'check host and port in the settings, that the server runs, and that firewall, virtual network or private endpoint let this machine through';

export interface NetworkChecks {
  checks: Check[];
  /** A connection could be made, if not more. */
  reached: boolean;
  /** Node trusts the certificate. .NET has a store of its own, and the last word. */
  distrusted?: Check;
}

export async function network(endPoint: EndPoint, caFile: string | undefined): Promise<NetworkChecks> {
  const { host, port, serverName } = endPoint;
  const where = `${host}:${port}`;
  const checks: Check[] = [];
  if (!isIP(host)) {
    const names = await resolve(host);
    checks.push(names);
    if (names.state === 'fail') return { checks, reached: false };
  }
  const begun = performance.now();
  const socket = await open(host, port);
  if (typeof socket === 'string') {
    checks.push(fail('tcp', `no connection to ${where} (${socket})`, FIREWALL));
    return { checks, reached: false };
  }
  checks.push(ok('tcp', `connected to ${where} in ${Math.ceil(performance.now() - begun)} ms`));
  if (serverName === null) {
    socket.destroy();
    return { checks, reached: true };
  }
  const tls = await within(STEP_MS, handshake(socket, serverName, caFile), () => 'no answer in 5 s');
  socket.destroy();
  if (typeof tls === 'string') {
    const fix =
      'check that the port is the one for TLS (on Azure 10000, or 6380), or use redis:// or ssl=false';
    checks.push(fail('tls', `no TLS with ${where} (${tls})`, fix));
    return { checks, reached: true };
  }
  return { reached: true, ...certificateChecks(checks, tls, serverName) };
}

/** Whether a server that the settings say nothing of TLS for wants it: asked only where there is no connection, for it takes time. */
export async function wantsTls({ host, port, serverName }: EndPoint): Promise<Check | undefined> {
  if (serverName !== null) return undefined;
  const socket = await open(host, port);
  if (typeof socket === 'string') return undefined;
  const tls = await within(PROBE_MS, handshake(socket, host, undefined), () => 'no answer');
  socket.destroy();
  if (typeof tls === 'string') return undefined;
  const says = `${host}:${port} speaks TLS, and the settings do not say so`;
  return fail('tls', says, 'use a rediss:// URL or ssl=true');
}

async function resolve(host: string): Promise<Check> {
  const fix =
    'check the name in the settings, and that DNS works here (a private endpoint needs its private DNS zone)';
  try {
    const found = await within<string[] | undefined>(
      STEP_MS,
      lookup(host, { all: true }).then((all) => all.map(({ address }) => address)),
      () => undefined,
    );
    if (!found) return fail('dns', `no answer for ${host} in 5 s`, fix);
    return ok('dns', `${host} is ${found.join(', ')}`);
  } catch (error) {
    return fail('dns', `${host} has no address (${(error as NodeJS.ErrnoException).code})`, fix);
  }
}

/** A connection, or why there is none. */
function open(host: string, port: number): Promise<Socket | string> {
  const socket = connect({ host, port });
  const made = new Promise<Socket | string>((resolve) => {
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
  return within(STEP_MS, made, () => {
    socket.destroy();
    return 'no answer in 5 s';
  });
}

interface Handshake {
  protocol: string;
  certificate: PeerCertificate;
  /** Why Node would not trust it; undefined: it does. */
  problem: string | undefined;
}

/** What the server says in a handshake, or why there was none. Trusts everybody: nothing is sent. */
function handshake(
  socket: Socket,
  serverName: string,
  caFile: string | undefined,
): Promise<Handshake | string> {
  return new Promise((resolve) => {
    const ca = caFile === undefined ? undefined : readFileSync(caFile);
    const tls: TLSSocket = tlsConnect({
      ...{ socket, rejectUnauthorized: false, ...(ca && { ca }), host: serverName },
      ...(!isIP(serverName) && { servername: serverName }),
    });
    tls.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    tls.once('close', () => resolve('the server hung up'));
    tls.once('secureConnect', () => {
      const { authorizationError } = tls;
      resolve({
        protocol: tls.getProtocol() ?? 'unknown',
        certificate: tls.getPeerCertificate(),
        problem: authorizationError
          ? String((authorizationError as NodeJS.ErrnoException).code ?? authorizationError)
          : undefined,
      });
    });
  });
}

function certificateChecks(checks: Check[], { protocol, certificate, problem }: Handshake, name: string) {
  const issuer = certificate.issuer?.CN ?? 'unknown';
  const ends = new Date(certificate.valid_to);
  const days = Math.floor((ends.getTime() - Date.now()) / DAY_MS);
  const about = `${protocol}, certificate of ${certificate.subject?.CN ?? 'nobody'} by ${issuer}, to ${Number.isNaN(days) ? 'an unknown day' : ends.toISOString().slice(0, 10)}`;
  if (problem === undefined) {
    checks.push(
      days < SOON_DAYS
        ? warn('tls', `${about}: ${days} days`, 'renew the certificate of the server')
        : ok('tls', `${about}, trusted and for ${name}`),
    );
    return { checks };
  }
  return { checks, distrusted: fail('tls', `${about}: ${meaning(problem, name)}`, remedy(problem)) };
}

function meaning(problem: string, name: string): string {
  if (problem === 'ERR_TLS_CERT_ALTNAME_INVALID') return `it is not for ${name}`;
  if (problem === 'CERT_HAS_EXPIRED') return 'it has expired';
  return `its issuer is not trusted (${problem})`;
}

function remedy(problem: string): string {
  if (problem === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'use the name that is in the certificate';
  if (problem === 'CERT_HAS_EXPIRED')
    return 'renew the certificate of the server, and check the clock of this machine';
  return 'set AZURE_CACHE_CA_FILE to the PEM file of its issuer';
}
