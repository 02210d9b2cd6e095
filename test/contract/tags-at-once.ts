// Rules of the contract about tags while others put, retag and remove at the same time.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Result } from '../../src/backend.js';
import { entry, ifEtag, isDone, isMiss, isRefused, isStatus, isValue, keeping, sha1 } from './entry.js';
import type { Rule } from './rule.js';
import { clearWith, keysWith, tagged, UNTAGGED } from './tagging.js';

const CONNECTIONS = 4;
const ROUNDS = 40;

export const tagConcurrencyRules: Rule[] = [
  {
    title:
      'puts with and without tags on one key, sent without waiting, take effect in the order of the calls',
    async holds({ backend, key }) {
      const [one, two] = [randomUUID(), randomUUID()];
      const bytes = key();
      const it = entry(backend, bytes);
      const answers: Promise<Result>[] = [];
      for (let n = 0; n < 30; n++)
        answers.push(
          it.put(`a${n}`, tagged(one)),
          it.get(),
          it.put(`b${n}`, { ...ifEtag(sha1(`a${n}`)), ...keeping(1) }),
          it.put(`c${n}`, { ...tagged(two), ...ifEtag(sha1(`b${n}`)) }),
          it.delete(ifEtag(sha1(`c${n}`))),
          it.get(),
        );
      answers.push(it.put('last', tagged(one, two)), it.put('last', UNTAGGED), it.put('end', tagged(two)));
      const results = await Promise.all(answers);
      for (const [n, result] of results.entries())
        if (n % 6 === 1 && n < 180) isValue(result, `a${Math.floor(n / 6)}`);
        else if (n % 6 === 5 && n < 180) isMiss(result);
        else isDone(result);
      isValue(await it.get(), 'end');
      assert.deepEqual(await keysWith({ backend, tags: [one] }), []);
      assert.deepEqual(await keysWith({ backend, tags: [two] }), [String(bytes)]);
    },
  },
  {
    title:
      'a put with tags is never lost to a list or clear at the same time: what carries a tag is found by it',
    async holds({ backend, key, connections }) {
      const tags = Array.from({ length: 3 }, () => randomUUID());
      const keys = Array.from({ length: 12 }, () => key());
      const backends = await connections(CONNECTIONS);
      const tagOf = (n: number) => tags[n % tags.length] as string;
      await Promise.all(
        backends.map(async (one, place) => {
          for (let n = 0; n < ROUNDS; n++) {
            const it = entry(one, keys[(n * 5 + place) % keys.length] as Buffer);
            const ways = [
              () => it.put(`${n}`, tagged(tagOf(n + place))),
              () => it.put(`${n}`, tagged(tagOf(n), tagOf(n + 1))),
              () => it.put(`${n}`, UNTAGGED),
              () => it.put(`${n}`),
              () => it.delete(),
              () => clearWith({ backend: one, tags: [tagOf(n)] }),
              () => keysWith({ backend: one, tags }),
            ];
            await ways[(n + place) % ways.length]?.();
          }
        }),
      );
      // At rest again: each has one tag, and is found by it.
      for (const [n, bytes] of keys.entries()) isDone(await entry(backend, bytes).put('v', tagged(tagOf(n))));
      for (const [t, tag] of tags.entries())
        assert.deepEqual(
          await keysWith({ backend, tags: [tag] }),
          keys
            .filter((_, n) => n % tags.length === t)
            .map(String)
            .sort(),
        );
      assert.equal(await clearWith({ backend, tags }), keys.length);
    },
  },
  {
    title:
      'a clear by tag spares what has lost the tag, and what it has removed no compare-and-set brings back',
    async holds({ backend, key, connections }) {
      const [tag, other] = [randomUUID(), randomUUID()];
      const [mine = backend, theirs = backend] = await connections(2);
      for (let n = 0; n < ROUNDS; n++) {
        const bytes = key();
        isDone(await entry(mine, bytes).put('v', tagged(tag)));
        const clearing = n % 2 ? clearWith({ backend: mine, tags: [tag] }) : undefined;
        const putting = entry(theirs, bytes).put('w', { ...tagged(other), ...ifEtag(sha1('v')) });
        const removed = await (clearing ?? clearWith({ backend: mine, tags: [tag] }));
        const put = await putting;
        const found = await entry(mine, bytes).get();
        if (put.status === 'ok') {
          // Retagged first: it is spared.
          isValue(found, 'w');
          assert.equal(removed, 0);
        } else {
          isRefused(put, 'absent');
          isStatus(found, 'miss');
          assert.equal(removed, 1);
        }
        await entry(mine, bytes).delete();
      }
    },
  },
];
