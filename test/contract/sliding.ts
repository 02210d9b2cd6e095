// Rules of the contract about entries that slide: each use lets them live on, up to a cap if they have one.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  type EntryUnderTest,
  entry,
  ifAbsent,
  ifEtag,
  ifPresent,
  isDone,
  isMiss,
  isRefused,
  isStatus,
  isValue,
  keeping,
  LOOK,
  lasting,
  lives,
  NEVER,
  sha1,
  sliding,
} from './entry.js';
import type { Rule, Subject } from './rule.js';

const SHORT_MS = 120;
/** Longer than a get takes on a busy machine. */
const WHILE_MS = 600;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Time passes, and `asked` is a use of the entry: it lives on from there. */
async function renews(it: EntryUnderTest, { advance }: Subject, asked: () => Promise<unknown>) {
  await advance(WHILE_MS);
  const before = await left(it);
  await asked();
  const after = await left(it);
  assert.ok(after > before, `${after} ms left after a use, ${before} before`);
}

async function left(it: EntryUnderTest): Promise<number> {
  const looked = await it.get({ ...LOOK, wantTtl: true });
  isStatus(looked, 'ok');
  return looked.ttlMs ?? Number.NaN;
}

export const slidingRules: Rule[] = [
  {
    title: 'what slides lives on from each read, and ends when none comes',
    async holds(subject) {
      const { backend, key, advance } = subject;
      const [read, unread] = [entry(backend, key()), entry(backend, key())];
      isDone(await read.put('v', sliding(MINUTE_MS)));
      await lives(read, MINUTE_MS);
      for (const asked of [{}, { wantEtag: true }, { wantTtl: true }, { fresh: true }])
        await renews(read, subject, async () => isValue(await read.get(asked), 'v'));
      isDone(await unread.put('v', sliding(SHORT_MS)));
      await advance(SHORT_MS);
      isMiss(await unread.get());
      isDone(await unread.put('w', ifAbsent));
    },
  },
  {
    title:
      'a read of what slides tells the life that it has from then on, the ETag, and that it has moved the life',
    async holds({ backend, key, advance }) {
      const it = entry(backend, key());
      isDone(await it.put('v', sliding(MINUTE_MS)));
      await advance(WHILE_MS);
      const read = await it.get({ wantTtl: true, wantEtag: true });
      assert.ok(
        (read.ttlMs ?? 0) > MINUTE_MS - WHILE_MS && (read.ttlMs ?? 0) <= MINUTE_MS,
        `${read.ttlMs} ms`,
      );
      assert.deepEqual(read.etag, sha1('v'));
      assert.equal(read.outcome, 'applied');
      assert.equal((await it.get(LOOK)).outcome, 'not_applied');
    },
  },
  {
    title: 'a lock of what slides is a use, gives its value, and lets only its holder put and delete it',
    async holds(subject) {
      const { backend, key } = subject;
      const it = entry(backend, key());
      const [token, other] = [randomBytes(16), randomBytes(16)];
      isDone(await it.put('v', sliding(MINUTE_MS)));
      await renews(it, subject, async () => isValue(await it.lock(token), 'v'));
      isRefused(await it.put('w', { ...keeping(HOUR_MS), extras: { token: other } }), 'not_held');
      isDone(await it.put('w', { ...NEVER, extras: { token, slidingMs: MINUTE_MS } }));
      await lives(it, MINUTE_MS);
      isValue(await it.lock(token), 'w');
      isDone(await it.put('x', { ...keeping(HOUR_MS), ...ifEtag(sha1('w')), extras: { token } }));
      await renews(it, subject, async () => isValue(await it.get(), 'x'));
      isValue(await it.lock(token), 'x');
      isDone(await it.delete({ extras: { token } }));
      isMiss(await it.get());
    },
  },
  {
    title: 'a get that keeps the life only looks',
    async holds({ backend, key, advance }) {
      const [slides, plain, absent] = [entry(backend, key()), entry(backend, key()), entry(backend, key())];
      isDone(await slides.put('v', sliding(MINUTE_MS)));
      isDone(await plain.put('v', lasting(MINUTE_MS)));
      await advance(WHILE_MS);
      for (const it of [slides, plain]) {
        const looked = await it.get({ ...LOOK, wantEtag: true });
        isValue(looked, 'v');
        assert.deepEqual(looked.etag, sha1('v'));
        assert.ok((await left(it)) <= MINUTE_MS - WHILE_MS + 20);
      }
      isMiss(await absent.get(LOOK));
    },
  },
  {
    title: 'what slides ends at its cap, however often it is used; of both the shorter life counts',
    async holds({ backend, key, advance }) {
      const capped = (slidingMs: number, ttlMs: number) => ({ ...lasting(ttlMs), extras: { slidingMs } });
      const [window, cap, ended] = [entry(backend, key()), entry(backend, key()), entry(backend, key())];
      isDone(await window.put('v', capped(MINUTE_MS, HOUR_MS)));
      await lives(window, MINUTE_MS);
      isDone(await cap.put('v', capped(HOUR_MS, MINUTE_MS)));
      isDone(await ended.put('v', capped(HOUR_MS, SHORT_MS)));
      await advance(WHILE_MS);
      isMiss(await ended.get());
      isValue(await cap.get(), 'v');
      const capLeft = await left(cap);
      // The cap is of another clock, and exact to some milliseconds.
      assert.ok(capLeft <= MINUTE_MS - WHILE_MS + 50, `${capLeft} ms left of a cap of a minute`);
      await lives(cap, MINUTE_MS);
    },
  },
  {
    title: 'a put that keeps the life lets it slide on as it did, under every condition',
    async holds(subject) {
      const { backend, key } = subject;
      for (const condition of [{}, ifPresent, ifEtag(sha1('v'))]) {
        const it = entry(backend, key());
        isDone(await it.put('v', sliding(MINUTE_MS)));
        await renews(it, subject, async () =>
          isDone(await it.put('w', { ...keeping(HOUR_MS), ...condition })),
        );
        await lives(it, MINUTE_MS);
        await renews(it, subject, async () => isValue(await it.get(), 'w'));
      }
    },
  },
  {
    title: 'a put that keeps the life leaves the cap where it is',
    async holds({ backend, key, advance }) {
      const it = entry(backend, key());
      isDone(await it.put('v', { ...lasting(MINUTE_MS), extras: { slidingMs: HOUR_MS } }));
      await advance(WHILE_MS);
      isDone(await it.put('w', keeping(DAY_MS)));
      assert.ok((await left(it)) <= MINUTE_MS - WHILE_MS + 50);
      isValue(await it.get(), 'w');
      assert.ok((await left(it)) <= MINUTE_MS - WHILE_MS + 50);
    },
  },
  {
    title: 'a touch gives what slides another cap, and it goes on to slide; so does a read that names a life',
    async holds(subject) {
      const { backend, key } = subject;
      for (const verb of ['touch', 'get'] as const) {
        const it = entry(backend, key());
        isDone(await it.put('v', sliding(MINUTE_MS)));
        isStatus(await it[verb](lasting(MINUTE_MS / 2)), 'ok');
        await lives(it, MINUTE_MS / 2);
        isValue(await it.get(), 'v');
        await lives(it, MINUTE_MS / 2);
        isStatus(await it[verb](lasting(HOUR_MS)), 'ok');
        assert.ok((await left(it)) > MINUTE_MS / 2);
        await lives(it, MINUTE_MS);
        isStatus(await it[verb](NEVER), 'ok');
        await lives(it, MINUTE_MS);
        await renews(it, subject, async () => isValue(await it.get(), 'v'));
      }
    },
  },
  {
    title: 'a read that names a life tells the life that what slides has then',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isDone(await it.put('v', sliding(MINUTE_MS)));
      const { ttlMs = 0 } = await it.get({ ...lasting(HOUR_MS), wantTtl: true });
      assert.ok(ttlMs <= MINUTE_MS && ttlMs > MINUTE_MS / 2, `${ttlMs} ms`);
    },
  },
  {
    title: 'reads, touches and puts under a condition revive nothing that slid and has ended',
    async holds({ backend, key, advance }) {
      for (const asked of [sliding(SHORT_MS), { ...sliding(HOUR_MS), ...lasting(SHORT_MS) }]) {
        const it = entry(backend, key());
        isDone(await it.put('v', asked));
        await advance(SHORT_MS);
        isMiss(await it.get());
        isMiss(await it.get(lasting(MINUTE_MS)));
        isMiss(await it.touch(lasting(MINUTE_MS)));
        isMiss(await it.touch(NEVER));
        isRefused(await it.touch({ ...lasting(MINUTE_MS), ...ifEtag(sha1('v')) }), 'absent');
        isRefused(await it.put('w', { ...keeping(MINUTE_MS), ...ifPresent }), 'absent');
        isRefused(await it.put('w', { ...sliding(MINUTE_MS), ...ifEtag(sha1('v')) }), 'absent');
        isMiss(await it.get());
      }
    },
  },
  {
    title: 'of 200 entries that are read all the time while they are deleted, none comes back',
    async holds({ backend, key, connections }) {
      const keys = Array.from({ length: 200 }, () => key());
      const [deleter = backend, ...readers] = await connections(3);
      await Promise.all(
        keys.map(async (one) => isDone(await entry(backend, one).put('v', sliding(HOUR_MS)))),
      );
      let reading = true;
      const reads = readers.map(async (reader) => {
        while (reading) await Promise.all(keys.map((one) => entry(reader, one).get()));
      });
      const gone = await Promise.all(keys.map((one) => entry(deleter, one).delete()));
      gone.forEach(isDone);
      reading = false;
      await Promise.all(reads);
      for (const one of keys) isMiss(await entry(backend, one).get(LOOK));
    },
  },
];
