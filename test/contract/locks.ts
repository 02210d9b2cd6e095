// Rules of the contract about locks: who gets one, with what, and when it ends.
import assert from 'node:assert/strict';
import {
  entry,
  isBytes,
  isDone,
  isMiss,
  isRefused,
  isStatus,
  isValue,
  lasting,
  lives,
  NEVER,
  sha1,
} from './entry.js';
import { ALSO_ABSENT, isFree, isHeldWith, isLocked, newToken, withToken } from './locked.js';
import type { Rule } from './rule.js';
import { keysWith, tagged, UNTAGGED } from './tagging.js';

type Entry = ReturnType<typeof entry>;

const SHORT_MS = 150;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const LARGE = 8 * 1024 * 1024;
const CALLERS = 8;
const ROUNDS = 20;

export const lockRules: Rule[] = [
  {
    title: 'a lock answers the value that is there, of no bytes too, and its ETag where that is asked for',
    async holds({ backend, key }) {
      for (const value of ['', 'hello', Buffer.alloc(LARGE, 'large')]) {
        const it = entry(backend, key());
        isDone(await it.put(value));
        const locked = await it.lock(newToken(), undefined, { wantEtag: true });
        isDone(locked);
        isBytes(locked.value, value);
        isBytes(locked.etag, sha1(value));
      }
    },
  },
  {
    title: 'while a lock is held, another is answered with locked and what is left of the lease, or less',
    async holds({ backend, key }) {
      for (const leaseMs of [MINUTE_MS, HOUR_MS]) {
        const it = entry(backend, key());
        const token = newToken();
        isDone(await it.put('hello'));
        isDone(await it.lock(token, undefined, lasting(leaseMs)));
        const second = await it.lock(newToken());
        isLocked(second, leaseMs);
        assert.ok((second.ttlMs as number) > leaseMs - 15_000);
        await isHeldWith(it, token);
      }
    },
  },
  {
    title:
      'a lock where there is no entry is a miss that locks nothing; with absent it is held, and has no value',
    async holds({ backend, key, advance }) {
      const it = entry(backend, key());
      isDone(await it.put('gone', lasting(SHORT_MS)));
      await advance(SHORT_MS);
      isMiss(await it.lock(newToken()));
      const token = newToken();
      const locked = await it.lock(token, ALSO_ABSENT, { wantEtag: true });
      isDone(locked);
      assert.equal(locked.value, undefined);
      assert.equal(locked.etag, undefined);
      isLocked(await it.lock(newToken()), MINUTE_MS);
      isMiss(await it.get());
      await isHeldWith(it, token);
    },
  },
  {
    title: 'a lock with the token that holds it already is granted again, and has its lease anew',
    async holds({ backend, key, advance }) {
      const it = entry(backend, key());
      const token = newToken();
      isDone(await it.put('hello'));
      isDone(await it.lock(token, undefined, lasting(SHORT_MS)));
      isValue(await it.lock(token), 'hello');
      await advance(SHORT_MS);
      await isHeldWith(it, token);
    },
  },
  {
    title:
      'once its lease has passed a lock is free, and its token good for nothing: not_held, and nothing changes',
    async holds({ backend, key, advance }) {
      const it = entry(backend, key());
      const [late, next] = [newToken(), newToken()];
      const isUseless = async () => {
        isRefused(await it.put('late', withToken(late)), 'not_held');
        isRefused(await it.delete(withToken(late)), 'not_held');
        isRefused(await it.unlock(late, NEVER), 'not_held');
        isValue(await it.get(), 'hello');
        await lives(it, MINUTE_MS);
      };
      isDone(await it.put('hello'));
      isDone(await it.lock(late, undefined, lasting(SHORT_MS)));
      await advance(SHORT_MS);
      await isUseless();
      isDone(await it.lock(next));
      await isUseless();
      await isHeldWith(it, next);
    },
  },
  {
    title: 'a lock is of its key alone, whatever braces the key has, and is never listed',
    async holds({ backend, key }) {
      const endings = ['', 'a', 'a:', '{tag}a', '{tag}b', '{', 'a{b', '}{c}'];
      const start = String(key());
      const keys = endings.map((ending) => Buffer.from(start + ending));
      const tokens = keys.map(newToken);
      for (const [n, one] of keys.entries())
        isDone(await entry(backend, one).lock(tokens[n] as Buffer, ALSO_ABSENT));
      const listed = await backend.run({
        ...{ verb: 'list', key: Buffer.from(start), value: undefined, condition: 'none', etag: undefined },
        ...{ extras: undefined, ttlKind: 'default', ttlMs: 0, deadlineMs: 10_000 },
        ...{ wantEtag: false, wantTtl: false, fresh: false },
      });
      assert.deepEqual(JSON.parse(String(listed.value)).keys, []);
      for (const [n, one] of keys.entries()) await isHeldWith(entry(backend, one), tokens[n] as Buffer);
    },
  },
  {
    title: 'a key and the same key in braces have each a lock and tags of their own',
    async holds({ backend, key }) {
      const tag = String(key('tag'));
      const keys = [key(), Buffer.alloc(0)];
      keys[1] = Buffer.from(`{${keys[0]}}`);
      const [plain, braced] = keys.map((one) => entry(backend, one)) as [Entry, Entry];
      const tokens = [newToken(), newToken()] as const;
      isDone(await plain.lock(tokens[0], ALSO_ABSENT));
      isDone(await braced.lock(tokens[1], ALSO_ABSENT));
      await isHeldWith(plain, tokens[0]);
      await isHeldWith(braced, tokens[1]);
      isDone(await plain.put('v', tagged(tag)));
      isDone(await braced.put('v', UNTAGGED));
      assert.deepEqual(await keysWith({ backend, tags: [tag] }), [String(keys[0])]);
      isDone(await braced.put('v', tagged(tag)));
      isDone(await plain.delete());
      assert.deepEqual(await keysWith({ backend, tags: [tag] }), [String(keys[1])]);
    },
  },
  {
    title: 'a lock of a list is refused with foreign_type, and locks nothing',
    plants: true,
    async holds({ backend, key, plant }) {
      const planted = key();
      const it = entry(backend, planted);
      await plant(planted);
      isRefused(await it.lock(newToken(), ALSO_ABSENT), 'foreign_type');
      isDone(await it.delete());
      await isFree(it);
    },
  },
  {
    title: `of ${CALLERS} locks at once, one is granted, ${ROUNDS} times over`,
    async holds({ key, connections }) {
      const backends = await connections(CALLERS);
      const counter = key();
      for (let round = 0; round < ROUNDS; round++) {
        const tokens = backends.map(newToken);
        const locks = await Promise.all(
          backends.map((one, n) => entry(one, counter).lock(tokens[n] as Buffer, ALSO_ABSENT)),
        );
        const granted = locks.findIndex(({ status }) => status === 'ok');
        for (const [n, lock] of locks.entries()) isStatus(lock, n === granted ? 'ok' : 'locked');
        const it = entry(backends[granted] as (typeof backends)[number], counter);
        isDone(await it.put(String(round), withToken(tokens[granted] as Buffer)));
      }
    },
  },
  {
    title: 'lock, put with the token, lock again and unlock take effect in the order in which they are sent',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      const [first, second] = [newToken(), newToken()];
      const results = await Promise.all([
        it.lock(first, ALSO_ABSENT),
        it.put('hello', withToken(first)),
        it.lock(second),
        it.unlock(second, lasting(HOUR_MS)),
        it.get(),
      ]);
      for (const result of results.slice(0, 4)) isDone(result);
      isValue(results[2], 'hello');
      isValue(results[4], 'hello');
      await lives(it, HOUR_MS);
    },
  },
];
