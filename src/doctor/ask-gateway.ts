// The doctor's own process for .NET: what crashes there is a line and not the end of the doctor. Started by gateway.ts, which
// sends what to ask for; everything found is told as it is found. A process of its own, so it touches process as main.ts does.
import { randomBytes } from 'node:crypto';
import { type Operation, operation, type Result } from '../backend.js';
import type { BackendFacts, Bridge, EndPoint } from '../bridge.js';
import { prepareEdge } from '../edge-env.js';
import type { GatewayOptions } from '../gateway-options.js';
import { thisMachine } from '../preflight/machine.js';
import { explainLoading } from '../preflight/preflight.js';

/** What is asked for. */
export interface Asked {
  options: GatewayOptions;
  dotnetFolder: string | undefined;
}

/** An operation tried. `detail` names no key and no value. */
export interface Tried {
  what: 'put' | 'get' | 'delete' | 'put with a condition' | 'touch';
  status: Result['status'];
  detail: string | undefined;
}

/** What is told, in this order as far as it comes. */
export type Told =
  | { step: 'opened'; embedded: boolean; dotnet: string; endPoints: readonly EndPoint[] }
  | { step: 'event'; level: string; event: string; message: string }
  | { step: 'facts'; facts: BackendFacts }
  | { step: 'entries'; tried: Tried[] }
  | { step: 'tracking'; proven: boolean }
  /** One sentence that says what to do. */
  | { step: 'failed'; loaded: boolean; sentence: string };

/** A change comes back within milliseconds; the marks of a connection that stands are proven in less than a second. */
const PROOF_MS = 3000;
const MARK_MS = 300;

process.once('message', (asked) => {
  ask(asked as Asked)
    .catch((error: Error) => tell(failed(error)))
    .finally(() => process.exit(0));
});

async function ask({ options, dotnetFolder }: Asked): Promise<void> {
  prepareEdge(process.env, dotnetFolder);
  const { openBridge } = await import('../bridge.js');
  const bridge = await openBridge({
    ...options,
    dotnetFolder,
    onEvent: (event) => void tell({ step: 'event', ...event }),
  });
  const { backend, versions } = bridge.description;
  const { endPoints } = bridge;
  await tell({
    step: 'opened',
    embedded: backend === 'embedded',
    dotnet: versions.dotnet as string,
    endPoints,
  });
  const facts = await bridge.diagnose();
  await tell({ step: 'facts', facts });
  if (facts.failure === null) {
    await tell({ step: 'entries', tried: await tryEntries(bridge, options.deadlineMs) });
    if (options.tracking && !bridge.alone) await tell({ step: 'tracking', proven: await isTold(bridge) });
  }
  await bridge.close();
}

/** Nobody else has this entry: its name is random, below a prefix that no key of a user can have. */
async function tryEntries(bridge: Bridge, deadlineMs: number): Promise<Tried[]> {
  const key = randomBytes(8);
  key.forEach((byte, i) => {
    key[i] = (byte % 26) + 97;
  });
  const value = Buffer.from('written by azurecache doctor');
  const tried: Tried[] = [];
  const run = async (what: Tried['what'], more: Partial<Operation> & { verb: Operation['verb'] }) => {
    const result = await bridge.run({ ...operation(more.verb, key), deadlineMs, ...more });
    tried.push({ what, status: result.status, detail: result.detail });
    return result;
  };
  const life = { ttlKind: 'for', ttlMs: 60_000 } as const;
  await run('put', { verb: 'put', value, ...life });
  const { etag } = await run('get', { verb: 'get', wantEtag: true, fresh: true });
  await run('put with a condition', { verb: 'put', value, condition: 'etag', etag, ...life });
  await run('touch', { verb: 'touch', ...life });
  await run('delete', { verb: 'delete' });
  return tried;
}

/** Whether a mark comes back as a change. */
function isTold(bridge: Bridge): Promise<boolean> {
  return new Promise((resolve) => {
    let mark = 0;
    const end = (proven: boolean) => {
      clearInterval(marking);
      clearTimeout(late);
      resolve(proven);
    };
    const late = setTimeout(end, PROOF_MS, false);
    const marking = setInterval(() => bridge.mark(++mark), MARK_MS);
    bridge.watch((change) => change.kind === 'proof' && end(true));
    bridge.mark(++mark);
  });
}

function failed(error: Error): Told {
  const sentence =
    error.name === 'BridgeError' ? error.message : explainLoading(thisMachine(process.env), error);
  return { step: 'failed', loaded: error.name === 'BridgeError', sentence };
}

/** Resolves when it has left: the process ends soon. */
function tell(told: Told): Promise<void> {
  return new Promise((resolve) => process.send?.(told, () => resolve()));
}
