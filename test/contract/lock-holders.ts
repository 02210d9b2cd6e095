// Rules of the contract about who holds a lock: what is done only by its holder, and what by anybody.
import {
  entry,
  ifAbsent,
  ifEtag,
  ifPresent,
  isBytes,
  isChanged,
  isDone,
  isMiss,
  isRefused,
  isValue,
  keeping,
  lasting,
  lives,
  NEVER,
  sha1,
} from './entry.js';
import { ALSO_ABSENT, isFree, isHeldWith, newToken, withToken } from './locked.js';
import type { Rule } from './rule.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const UNTOUCHED = {};

export const lockHolderRules: Rule[] = [
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
];
