// `azurecache doctor`: looks at everything a sidecar with these settings depends on, in less than half a minute, and says of
// each what to do. Called by main.ts, which has the process. Nothing here throws for what it finds.
import { totalmem } from 'node:os';
import { type Config, ConfigError, givenSettings, loadConfig, type Surroundings } from '../config.js';
import { type Machine, thisMachine, variable } from '../preflight/machine.js';
import { CHECKS, type Check, fail, failAs, ok, within } from './check.js';
import { dataFolder } from './data-folder.js';
import { doors } from './doors.js';
import { installation } from './installation.js';
import { isEmbedded, lookAtBackend } from './look-at-backend.js';
import { memory, memoryLimit } from './memory.js';
import { appService, loopback } from './sandbox.js';

const DOORS_MS = 10_000;

export interface Patient {
  around: Surroundings;
  env: NodeJS.ProcessEnv;
  version: string;
  /** Whether a process of this number is there. */
  isAlive: (pid: number) => boolean;
}

/** The lines, in the order of CHECKS. */
export async function examine({ around, env, version, isAlive }: Patient): Promise<Check[]> {
  const machine = thisMachine(env);
  const installed = installation(machine);
  const { config, check } = readSettings(around);
  const site = appService(machine);
  const others = Promise.all([loopback(env), config && doorsAndFolder(config, isAlive)]);
  const asked =
    config && installed.canLoad && (await lookAtBackend({ config, machine, installed, env, version }));
  const [loop, held = []] = await others;
  const checks = [check, ...installed.checks, ...(site ? [site] : []), loop, ...held];
  if (config) checks.push(memory(config, isEmbedded(config), limitOf(machine)));
  if (asked) checks.push(...asked);
  const order = Object.keys(CHECKS);
  return checks.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
}

function readSettings(around: Surroundings): { config: Config | undefined; check: Check } {
  try {
    const config = loadConfig(around);
    const given = givenSettings(around);
    const says =
      given.length > 0 ? `set: ${given.join('; ')}` : 'none is set: embedded backend, all defaults';
    return { config, check: ok('settings', says) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { config: undefined, check: failAs('settings', error.message) };
  }
}

function limitOf(machine: Machine) {
  const constrained = process.constrainedMemory?.() ?? 0;
  return memoryLimit(totalmem(), constrained, variable(machine, 'WEBSITE_MEMORY_LIMIT_MB'));
}

async function doorsAndFolder(config: Config, isAlive: (pid: number) => boolean): Promise<Check[]> {
  const late = () => ({
    checks: [fail('port', 'the doors could not be looked at in 10 s', 'try again')],
    running: undefined,
  });
  const { checks, running } = await within(DOORS_MS, doors(config, isAlive), late);
  const folder = await dataFolder(config, running?.pid, isAlive);
  return folder ? [...checks, folder] : checks;
}
