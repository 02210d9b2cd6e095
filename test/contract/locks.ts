// Rules of the contract about locks: who gets one, what is done only by its holder, and when it ends.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Result } from '../../src/backend.js';
import {
  type EntryUnderTest,
  entry,
  ifAbsent,
  ifEtag,
  ifPresent,
  isBytes,
  isChanged,
  isDone,
  isMiss,
  isRefused,
  isStatus,
  isValue,
  keeping,
  lasting,
  lives,
  NEVER,
  sha1,
} from './entry.js';
import type { Rule } from './rule.js';

const SHORT_MS = 150;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const LARGE = 8 * 1024 * 1024;
const CALLERS = 8;
const ROUNDS = 20;
const UNTOUCHED = {};
const ALSO_ABSENT = { absent: true } as const;

const newToken = () => randomBytes(16);
const withToken = (token: Buffer) => ({ extras: { token } });

/** The lock is held with another token, for at most so long. */
function isLocked(result: Result, leaseMs: number): void {
  isRefused(result, 'locked');
  assert.equal(result.value, undefined);
  const { ttlMs = Number.NaN } = result;
  assert.ok(ttlMs > 0 && ttlMs <= leaseMs, `${ttlMs} ms left of ${leaseMs}`);
}

/** Held with this token: it can be unlocked, once. */
async function isHeldWith(it: EntryUnderTest, token: Buffer): Promise<void> {
  isLocked(await it.lock(newToken(), ALSO_ABSENT), HOUR_MS);
  isDone(await it.unlock(token));
  await isFree(it);
}

/** Whoever asks gets it. It is free again afterwards. */
async function isFree(it: EntryUnderTest): Promise<void> {
  const token = newToken();
  isDone(await it.lock(token, ALSO_ABSENT));
  isDone(await it.unlock(token));
}

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
    title: 'a put with the token writes, gives its life, and unlocks in the same step',
    async holds({ backend, key }) {
      const written: [object, number][] = [
        [lasting(HOUR_MS), HOUR_MS],
        [NEVER, Number.POSITIVE_INFINITY],
        [keeping(HOUR_MS), MINUTE_MS],
        [{ ...lasting(HOUR_MS), ...ifPresent }, HOUR_MS],
        [{ ...keeping(HOUR_MS), ...ifEtag(sha1('old')) }, MINUTE_MS],
      ];
      for (const [asked, ttlMs] of written) {
        const it = entry(backend, key());
        const token = newToken();
        isDone(await it.put('old'));
        isDone(await it.lock(token));
        const result = await it.put('new', { ...withToken(token), ...asked, wantEtag: true });
        isDone(result);
        isBytes(result.etag, sha1('new'));
        isValue(await it.get(), 'new');
        await lives(it, ttlMs);
        isRefused(await it.put('again', withToken(token)), 'not_held');
        await isFree(it);
      }
      for (const asked of [lasting(MINUTE_MS), keeping(MINUTE_MS), { ...lasting(MINUTE_MS), ...ifAbsent }]) {
        const it = entry(backend, key());
        const token = newToken();
        isDone(await it.lock(token, ALSO_ABSENT));
        isDone(await it.put('first', { ...withToken(token), ...asked }));
        isValue(await it.get(), 'first');
        await lives(it, MINUTE_MS);
        await isFree(it);
      }
    },
  },
  {
    title:
      'a delete with the token deletes and unlocks in the same step; so it does where the entry is gone already',
    async holds({ backend, key }) {
      const [there, gone] = [entry(backend, key()), entry(backend, key())];
      const token = newToken();
      for (const it of [there, gone]) {
        isDone(await it.put('hello'));
        isDone(await it.lock(token));
      }
      isDone(await gone.delete());
      isDone(await there.delete(withToken(token)));
      isRefused(await gone.delete(withToken(token)), 'miss');
      for (const it of [there, gone]) {
        isMiss(await it.get());
        isRefused(await it.delete(withToken(token)), 'not_held');
        await isFree(it);
      }
    },
  },
  {
    title:
      'an unlock leaves the entry as it is, or gives it a life; if there is none to have it, it unlocks all the same',
    async holds({ backend, key }) {
      for (const [asked, ttlMs] of [
        [UNTOUCHED, MINUTE_MS],
        [lasting(HOUR_MS), HOUR_MS],
        [NEVER, Number.POSITIVE_INFINITY],
      ] as const) {
        const it = entry(backend, key());
        const token = newToken();
        isDone(await it.put('hello'));
        isDone(await it.lock(token));
        isDone(await it.unlock(token, asked));
        isValue(await it.get(), 'hello');
        await lives(it, ttlMs);
        isRefused(await it.unlock(token, asked), 'not_held');
        await isFree(it);
        isDone(await it.lock(token));
        isDone(await it.delete());
        if (asked === UNTOUCHED) isDone(await it.unlock(token, asked));
        else isRefused(await it.unlock(token, asked), 'miss');
        isMiss(await it.get());
        await isFree(it);
      }
    },
  },
  {
    title:
      'with another token than that of the lock nothing is done: not_held; nor is it where nobody has a lock',
    async holds({ backend, key }) {
      const [locked, free] = [entry(backend, key()), entry(backend, key())];
      const [token, other] = [newToken(), newToken()];
      for (const it of [locked, free]) isDone(await it.put('hello'));
      isDone(await locked.lock(token));
      for (const it of [locked, free]) {
        for (const condition of [{}, ifPresent, ifEtag(sha1('hello')), ifAbsent])
          isRefused(await it.put('other', { ...withToken(other), ...condition }), 'not_held');
        for (const condition of [{}, ifPresent, ifEtag(sha1('hello'))])
          isRefused(await it.delete({ ...withToken(other), ...condition }), 'not_held');
        isRefused(await it.unlock(other), 'not_held');
        isRefused(await it.unlock(other, NEVER), 'not_held');
        isValue(await it.get(), 'hello');
        await lives(it, MINUTE_MS);
      }
      await isHeldWith(locked, token);
    },
  },
  {
    title: 'where the condition of a put or delete with the token does not hold, the lock stays held',
    async holds({ backend, key }) {
      const there = entry(backend, key());
      const gone = entry(backend, key());
      const token = newToken();
      isDone(await there.put('hello'));
      for (const it of [there, gone]) isDone(await it.lock(token, ALSO_ABSENT));
      isChanged(await there.put('new', { ...withToken(token), ...ifEtag(sha1('old')) }), 'hello');
      isChanged(await there.delete({ ...withToken(token), ...ifEtag(sha1('old')) }), 'hello');
      isRefused(await there.put('new', { ...withToken(token), ...ifAbsent }), 'exists');
      isRefused(await gone.put('new', { ...withToken(token), ...ifPresent }), 'absent');
      isRefused(await gone.put('new', { ...withToken(token), ...ifEtag(sha1('old')) }), 'absent');
      isRefused(await gone.delete({ ...withToken(token), ...ifPresent }), 'absent');
      isValue(await there.get(), 'hello');
      isMiss(await gone.get());
      for (const it of [there, gone]) await isHeldWith(it, token);
    },
  },
  {
    title: 'without a token everything is done as if there were no lock, which stays held',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      const token = newToken();
      isDone(await it.put('1'));
      isDone(await it.lock(token));
      isDone(await it.put('5'));
      isValue(await it.get(), '5');
      isDone(await it.increment());
      isDone(await it.append('7'));
      isDone(await it.touch(lasting(HOUR_MS)));
      isDone(await it.put('8', ifPresent));
      isDone(await it.put('9', ifEtag(sha1('8'))));
      isDone(await it.delete());
      isDone(await it.put('10', ifAbsent));
      isValue(await it.get(), '10');
      await isHeldWith(it, token);
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
