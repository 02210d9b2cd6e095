// How long one call takes when nothing else goes on: 1,000 puts of a small session, one after the other, then 1,000
// gets. The first ones wake the compilers of Node and .NET, and count.
// Start a sidecar (npm start), then: node examples/latency.cjs
const cache = require('azurecache').create({ prefix: 'latency:' });

const CALLS = 1000;
const value = { user: 'ada', counter: 1, cookie: { path: '/', httpOnly: true, originalMaxAge: null } };

async function measure(name, call) {
  const times = [];
  for (let i = 0; i < CALLS; i++) {
    const start = performance.now();
    await call(`key${i}`);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const at = (percent) => times[Math.ceil((CALLS * percent) / 100) - 1];
  const mean = times.reduce((sum, time) => sum + time, 0) / CALLS;
  const numbers = { mean, p50: at(50), p90: at(90), p99: at(99) };
  const shown = Object.entries(numbers).map(([label, ms]) => `${label} ${ms.toFixed(3)} ms`);
  console.log(`${CALLS} sequential ${name}: ${shown.join(', ')}`);
}

async function main() {
  await measure('puts', (key) => cache.put(key, value, 60));
  await measure('gets', (key) => cache.get(key));
  await cache.close();
}

main();
