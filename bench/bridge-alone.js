// The bridge and the provider without a door: calls as cache.ts makes them, in a process of its own. Started by
// layers.js with a connection string, or none for the embedded backend; prints one line of JSON.
import { prepareEdge } from '../dist/edge-env.js';
import { callLoad, KEYS, VALUE } from './load.js';

const [seconds, connection] = process.argv.slice(2);
prepareEdge(process.env);
const { openBridge } = await import('../dist/bridge.js');
const bridge = await openBridge({
  connection,
  keyPrefix: '',
  deadlineMs: 2000,
  maxValueBytes: 8 * 1024 * 1024,
  embeddedBytes: 256 * 1024 * 1024,
  clientName: 'azurecache-bench',
  onEvent: () => {},
});

const bare = {
  condition: 'none',
  ttlKind: 'default',
  ttlMs: 0,
  deadlineMs: 2000,
  wantEtag: false,
  wantTtl: false,
};
const keys = new Map(KEYS.map((key) => [key, Buffer.from(key)]));
const get = (key) => ask({ ...bare, verb: 'get', key: keys.get(key) }, 'ok');
// A touch without a life is refused by .NET as soon as it arrives: what is left is the crossing, both ways.
const cross = (key) => ask({ ...bare, verb: 'touch', key: keys.get(key) }, 'frame_invalid');

for (const key of keys.values())
  await ask({ ...bare, verb: 'put', key, value: VALUE, ttlKind: 'never' }, 'ok');
const measured = {};
for (const [name, call] of Object.entries({ cross, get })) {
  measured[name] = [];
  for (const callers of [1, 16, 64]) {
    await callLoad(call, callers, seconds / 4);
    measured[name].push((await callLoad(call, callers, Number(seconds))).rate);
  }
}
console.log(JSON.stringify(measured));
await bridge.close();

async function ask(operation, expected) {
  const { status } = await bridge.run(operation);
  if (status !== expected) throw new Error(`${operation.verb} was answered ${status}, not ${expected}.`);
}
