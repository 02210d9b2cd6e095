// The backend, from the settings to an entry in it: loads the .NET half in a process of its own, walks the way to each server
// while that connects, and puts the lines of both together. Called by doctor.ts.
import type { EndPoint } from '../bridge.js';
import type { Config } from '../config.js';
import { gatewayOptions } from '../gateway-options.js';
import type { Machine } from '../preflight/machine.js';
import { backendChecks } from './backend.js';
import { type Check, fail, failAs, ok } from './check.js';
import { type Answers, askGateway } from './gateway.js';
import { addonLoaded, type Installation } from './installation.js';
import { type NetworkChecks, network, wantsTls } from './network.js';

/** Each operation tried ends by then, whatever the deadline of the sidecar. */
const DEADLINE_MS = 2000;

export interface BackendOptions {
  config: Config;
  machine: Machine;
  installed: Installation;
  env: NodeJS.ProcessEnv;
  version: string;
}

export const isEmbedded = ({ connection, identifier }: Config): boolean =>
  connection === undefined && identifier === undefined;

export async function lookAtBackend({
  config,
  machine,
  installed,
  env,
  version,
}: BackendOptions): Promise<Check[]> {
  const embedded = isEmbedded(config);
  const options = {
    ...gatewayOptions(config, version),
    // The folder may be in use by the sidecar that runs.
    dataDir: undefined,
    // Below a prefix that no key of a user can have; changes of others are not told to us there.
    keyPrefix: `${config.keyPrefix}\0doctor\0`,
    deadlineMs: Math.min(config.deadlineMs, DEADLINE_MS),
    clientName: 'azurecache-doctor',
  };
  let ways: Promise<NetworkChecks[]> = Promise.resolve([]);
  const { dotnetFolder } = installed;
  const answers = await askGateway({ options, dotnetFolder }, env, async (endPoints) => {
    if (!embedded) ways = Promise.all(endPoints.map((endPoint) => network(endPoint, config.caFile)));
    const walked = await ways;
    return walked.length > 0 && walked.every(({ checks }) => checks.some(({ state }) => state === 'fail'));
  });
  const { opened, ended } = answers;
  const loaded = addonCheck(machine, answers);
  if (!opened) return loaded;
  const isConnected = answers.facts?.failure === null;
  const way = wayChecks(await ways, isConnected);
  if (!isConnected && !embedded) way.push(...(await tlsWanted(opened.endPoints, await ways)));
  const isBlocked = !isConnected && way.some(({ state }) => state === 'fail');
  const early = `the .NET half ended early (${ended})`;
  return [
    ...loaded,
    ok(
      'backend',
      embedded ? 'embedded: it started in memory and answers' : opened.endPoints.map(named).join(', '),
    ),
    ...way,
    ...(isBlocked ? [] : backendChecks(answers, config, embedded)),
    ...(ended === undefined ? [] : [fail('backend', early, 'try again, and report it with this line')]),
  ];
}

const named = ({ host, port, serverName }: EndPoint) =>
  `${host}:${port}${serverName === null ? '' : ' with TLS'}`;

/** .NET trusts whom its own store says; where it has connected, what Node thinks of the certificate does not count. */
function wayChecks(ways: NetworkChecks[], isConnected: boolean): Check[] {
  return ways.flatMap(({ checks, distrusted }) => {
    if (!distrusted) return checks;
    const trusted = ok('tls', `${distrusted.says.split(': ', 1)[0]}, trusted by .NET`);
    return [...checks, isConnected ? trusted : distrusted];
  });
}

async function tlsWanted(endPoints: readonly EndPoint[], ways: NetworkChecks[]): Promise<Check[]> {
  const asked = endPoints.map((endPoint, i) => (ways[i]?.reached ? wantsTls(endPoint) : undefined));
  return (await Promise.all(asked)).filter((check) => check !== undefined);
}

/** What came of loading the addon, and of giving .NET the settings. */
function addonCheck(machine: Machine, { opened, failed, ended, printed }: Answers): Check[] {
  if (opened) return [addonLoaded(machine, opened.dotnet)];
  if (failed?.loaded)
    return [ok('addon', 'loaded in a process of its own'), failAs('backend', failed.sentence)];
  if (failed) return [failAs('addon', failed.sentence)];
  // Lines of edge-js and of the host; never an exception, whose words can be anything.
  const last = /^(CoreClrEmbedding|Failed to|Error:)/.test(printed ?? '') ? `: ${printed}` : '';
  const fix = 'run npm rebuild edge-js, and install the .NET 10 runtime again';
  return [fail('addon', `the process that loaded it ended (${ended ?? 'without a word'}${last})`, fix)];
}
