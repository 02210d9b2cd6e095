// Rules of the contract about many operations at once, and about the end.
import assert from 'node:assert/strict';
import { type Backend, operation, type Result } from '../../src/backend.js';
import { entry, ifAbsent, ifEtag, isDone, isStatus, isValue, keeping, sha1 } from './entry.js';
import type { Rule } from './rule.js';

const INCREMENTS = 500;
const CONNECTIONS = 4;

/** Adds one, so many times, against others who do the same: reads, then replaces what it read, until that holds. */
async function increment(backend: Backend, key: Buffer, times: number): Promise<void> {
  const it = entry(backend, key);
  for (let done = 0; done < times; done++) {
    let seen = await it.get({ wantEtag: true });
    isStatus(seen, 'ok');
    for (;;) {
      const next = String(Number(seen.value) + 1);
      const result: Result = await it.put(next, ifEtag(seen.etag as Buffer));
      if (result.status === 'ok') break;
      isStatus(result, 'changed');
      seen = result;
    }
  }
}

export const orderRules: Rule[] = [
  {
    title: '200 operations on one key, sent without waiting, take effect in the order of the calls',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      const answers: Promise<Result>[] = [];
      // Plain commands, conditions and what needs a script take turns: none may overtake another.
      for (let i = 0; i < 40; i++)
        answers.push(
          it.put(`${i}`),
          it.get(),
          it.put(`next ${i}`, { ...ifEtag(sha1(`${i}`)), ...keeping(1) }),
          it.delete(ifEtag(sha1(`next ${i}`))),
          it.put(`last ${i}`, ifAbsent),
        );
      const results = await Promise.all(answers);
      for (const [n, result] of results.entries())
        if (n % 5 === 1) isValue(result, `${Math.floor(n / 5)}`);
        else isDone(result);
      isValue(await it.get(), 'last 39');
    },
  },
  {
    title: 'large and small values, sent at once under many keys, each come back under their own',
    async holds({ backend, key }) {
      const entries = Array.from({ length: 100 }, (_, i) => ({
        it: entry(backend, key()),
        value: Buffer.alloc(i % 10 === 0 ? 300_000 : i, String(i)),
      }));
      for (const result of await Promise.all(entries.map(({ it, value }) => it.put(value)))) isDone(result);
      const results = await Promise.all(entries.map(({ it }) => it.get()));
      for (const [i, result] of results.entries()) isValue(result, entries[i]?.value as Buffer);
    },
  },
  {
    title: `${CONNECTIONS} × ${INCREMENTS} compare-and-set increments at once end at exactly ${CONNECTIONS * INCREMENTS}`,
    async holds({ backend, key, connections }) {
      const counter = key();
      isDone(await entry(backend, counter).put('0'));
      const backends = await connections(CONNECTIONS);
      await Promise.all(backends.map((one) => increment(one, counter, INCREMENTS)));
      isValue(await entry(backend, counter).get(), String(CONNECTIONS * INCREMENTS));
    },
  },
  {
    title: 'after close an operation resolves with shutting_down; nothing ever rejects',
    async holds({ another, key }) {
      const backend = await another();
      const it = entry(backend, key());
      const underWay = [it.put('v'), it.get(), it.delete({ condition: 'etag', etag: sha1('v') })];
      await backend.close();
      for (const settled of await Promise.allSettled(underWay)) assert.equal(settled.status, 'fulfilled');
      for (const verb of ['get', 'ping'] as const) {
        const late = await Promise.allSettled([backend.run({ ...operation(verb, key()), deadlineMs: 1000 })]);
        assert.equal(late[0].status, 'fulfilled');
        isStatus((late[0] as PromiseFulfilledResult<Result>).value, 'shutting_down');
      }
    },
  },
];
