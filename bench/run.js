// npm run bench [-- --quick] [--soak] [--write] [--rounds 5]: measures, prints the tables, and with --write puts them into
// docs/benchmarks.md. --quick: one short round, to see that it works; --soak: five minutes of load as well.
// Takes about ten minutes; nothing leaves loopback, and everything it starts is stopped.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { buildIfStale } from '../bin/build.js';
import { compare } from './compare.js';
import { openTargets, VERBS } from './doors.js';
import { measureLayers } from './layers.js';
import { describeMachine } from './machine.js';
import { measureNear } from './near.js';
import { measureMemory, measureSoak, measureStart } from './process.js';
import { writePage } from './report.js';
import { measureRolling } from './rolling.js';
import { startRedis, startSidecar, startWebdis, stopAll } from './servers.js';
import { measureSessions, openStores } from './sessions.js';

const {
  quick,
  soak,
  write,
  rounds: asked,
} = parseArgs({
  options: {
    quick: { type: 'boolean' },
    soak: { type: 'boolean' },
    write: { type: 'boolean' },
    rounds: { type: 'string', default: '5' },
  },
}).values;
if (quick && write)
  throw new Error('--quick shows that the benchmark works; its figures are not for the page.');

const rounds = quick ? 1 : Number(asked);
const seconds = quick ? 0.2 : 1;
const onProgress = (what) => process.stderr.write(`${new Date().toLocaleTimeString('en-GB')} ${what}\n`);

await buildIfStale();
const redis = await startRedis();
const webdis = await startWebdis(redis);
onProgress('start and memory');
const starts = await measureStart(rounds);
const memory = await measureMemory({ operations: quick ? 50_000 : 1_000_000, idleSeconds: quick ? 1 : 10 });
const soaked = soak && (await measureSoak({ seconds: quick ? 10 : 300, onProgress }));

const layers = await measureLayers(redis, { rounds, seconds, onProgress });
const onRedis = await startSidecar(redis);
const embedded = await startSidecar();
const targets = await openTargets({ redis, webdis, onRedis, embedded });
const how = { rounds, seconds, onProgress };
const cells = await compare(targets, VERBS, how);
for (const target of targets) await target.close();
const stores = await openStores({ redis, onRedis });
const sessions = await measureSessions(stores, how);
for (const store of stores) await store.close();
const rolling = await measureRolling({ redis, onRedis, onProgress });
const near = await measureNear({ redis, webdis }, how);
await stopAll();

const command = ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(
  ' ',
);
const machine = describeMachine(command, embedded.versions);
const page = writePage({
  ...{ machine, targets, cells, stores, sessions, rolling, near, layers, starts, memory },
  soak: soaked,
});
process.stdout.write(page);
if (write) writeFileSync(new URL('../docs/benchmarks.md', import.meta.url), page);
