// The sidecar as a process, on its embedded backend: how soon it answers, and how much memory it takes. Called by run.js.
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { cacheRequest, clientOf, fill, socketDoor } from './doors.js';
import { callLoad, httpLoad, KEYS } from './load.js';
import { startSidecar } from './servers.js';

/** Milliseconds from spawning the process to its first 204, once for each round. */
export async function measureStart(rounds) {
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    const sidecar = await startSidecar();
    const answer = await fetch(`${sidecar.url}/v1/cache/first`, { method: 'PUT', body: 'x' });
    times.push(performance.now() - start);
    if (answer.status !== 204) throw new Error(`The first PUT was answered ${answer.status}.`);
    await sidecar.stop();
  }
  return times;
}

/** Resident MiB of a sidecar that has just started, and after `operations`, half puts and half gets. */
export async function measureMemory({ operations, idleSeconds }) {
  const sidecar = await startSidecar();
  await pause(idleSeconds * 1000);
  const idle = residentMib(sidecar.pid);
  const client = await clientOf(sidecar);
  await fill(client);
  const ask = putsAndGets(client);
  let asked = 0;
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      while (asked < operations) await ask(KEYS[asked++ % KEYS.length]);
    }),
  );
  await pause(idleSeconds * 1000);
  const after = residentMib(sidecar.pid);
  await client.close();
  await sidecar.stop();
  return { idle, after, operations };
}

/**
 * Resident MiB under a steady load through the client and over HTTP, looked at once a second.
 * @returns the means of the second and of the last fifth of the time
 */
export async function measureSoak({ seconds, onProgress }) {
  const sidecar = await startSidecar();
  const client = await clientOf(sidecar);
  const samples = [];
  const sampling = setInterval(() => {
    samples.push(residentMib(sidecar.pid));
    if (samples.length % 10 === 0)
      onProgress(`soak, ${samples.length} of ${seconds} s, ${samples.at(-1).toFixed(0)} MiB`);
  }, 1000);
  await fill(client);
  const request = (key, index) => cacheRequest(index % 2 === 0 ? 'PUT' : 'GET', key);
  const [overClient, overHttp] = await Promise.all([
    callLoad(putsAndGets(client), 16, seconds),
    httpLoad(socketDoor(sidecar), request, 16, seconds),
  ]);
  clearInterval(sampling);
  await client.close();
  await sidecar.stop();
  const fifth = Math.floor(samples.length / 5);
  const mean = (part) => part.reduce((sum, sample) => sum + sample, 0) / part.length;
  return {
    seconds,
    rate: overClient.rate + overHttp.rate,
    early: mean(samples.slice(fifth, 2 * fifth)),
    late: mean(samples.slice(-fifth)),
  };
}

/** Now the one, now the other. */
function putsAndGets({ PUT, GET }) {
  let calls = 0;
  return (key) => (calls++ % 2 === 0 ? PUT : GET)(key);
}

/** @throws where there is no /proc: elsewhere the figures would not mean the same */
function residentMib(pid) {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(kib) / 1024;
}
