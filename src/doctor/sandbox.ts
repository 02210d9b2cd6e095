// Whether loopback works here, and what the sandbox of Azure App Service means. Called by doctor.ts.
// On App Service the site and its WebJobs are in sandboxes of their own, and connections from one to another are refused.
import { execFile } from 'node:child_process';
import { type AddressInfo, connect, createServer } from 'node:net';
import { type Machine, variable } from '../preflight/machine.js';
import { type Check, fail, ok, warn, within } from './check.js';

const STEP_MS = 5000;
/** Another process: it says what it failed with. */
const CHILD = `
const { argv, exit, stderr } = require('node:process');
const socket = require('node:net').connect(Number(argv[1]), '127.0.0.1');
socket.once('connect', () => exit(0)).once('error', ({ code }) => stderr.write(code, () => exit(1)));
`;

/** A port is opened on 127.0.0.1, and connected to from here and from another process. */
export async function loopback(env: NodeJS.ProcessEnv): Promise<Check> {
  const server = createServer((socket) => socket.on('error', () => {}).end());
  const opened = new Promise<string | undefined>((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    server.listen(0, '127.0.0.1', () => resolve(undefined));
  });
  const problem = await opened;
  if (problem !== undefined)
    return fail(
      'loopback',
      `no port can be opened on 127.0.0.1 (${problem})`,
      'use the socket or pipe: AZURE_CACHE_PORT=off',
    );
  const { port } = server.address() as AddressInfo;
  const late = () => 'no answer in 5 s';
  const here = await within(STEP_MS, connectHere(port), late);
  const child = await within(STEP_MS, connectChild(port, env), late);
  server.close();
  if (here !== undefined)
    return fail(
      'loopback',
      `a connection to 127.0.0.1 is refused (${here})`,
      'use the socket or pipe: AZURE_CACHE_PORT=off',
    );
  if (child !== undefined) {
    const says = `a connection to 127.0.0.1 from another process is refused (${child})`;
    return fail(
      'loopback',
      says,
      'start the sidecar as a child of the app (azurecache run), or use the socket or pipe',
    );
  }
  return ok('loopback', 'opened a port on 127.0.0.1, connected from here and from another process');
}

function connectHere(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(undefined)).once('connect', () => socket.destroy());
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

function connectChild(port: number, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { timeout: STEP_MS, env: { ...env, NODE_OPTIONS: '' } };
    execFile(process.execPath, ['-e', CHILD, String(port)], options, (error, _stdout, stderr) =>
      resolve(error ? stderr.slice(0, 40) || String(error.code) : undefined),
    );
  });
}

/** Undefined where this is no App Service. */
export function appService(machine: Machine): Check | undefined {
  const site = variable(machine, 'WEBSITE_SITE_NAME');
  if (site === undefined) return undefined;
  const job = variable(machine, 'WEBJOBS_NAME');
  const where = job ? `the WebJob ${job} of the site ${site}` : `the site ${site}`;
  const bits = machine.arch === 'ia32' ? '32-bit' : '64-bit';
  const says = `${where}, ${machine.platform}, ${bits} worker`;
  if (machine.platform !== 'win32') return ok('app-service', `${says}; containers of one app share loopback`);
  if (machine.arch === 'ia32')
    return fail(
      'app-service',
      says,
      'set the platform to 64 bit (az webapp config set --use-32bit-worker-process false)',
    );
  const limits =
    'a sandbox has at most 128 named pipes; Always On keeps site and WebJobs running (it cannot be seen from here)';
  if (job)
    return warn(
      'app-service',
      `${says}: in a sandbox of its own, so the site cannot connect to it over loopback; ${limits}`,
      'start the sidecar from the site (azurecache run), or use the named pipe',
    );
  return ok('app-service', `${says}; children of the site share its sandbox, WebJobs do not; ${limits}`);
}
