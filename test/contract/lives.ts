// Rules of the contract about how long an entry lives: given, kept, renewed, ended.
import assert from 'node:assert/strict';
import {
  entry,
  ifAbsent,
  ifEtag,
  ifPresent,
  isDone,
  isMiss,
  isValue,
  keeping,
  lasting,
  lives,
  NEVER,
  sha1,
} from './entry.js';
import type { Rule } from './rule.js';

const SHORT_MS = 120;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const FOR_EVER = Number.POSITIVE_INFINITY;

export const lifeRules: Rule[] = [
  {
    title: 'an entry ends with its life, and its key can then be added again',
    async holds({ backend, key, advance }) {
      const [read, added] = [entry(backend, key()), entry(backend, key())];
      isDone(await read.put('v', lasting(SHORT_MS)));
      isDone(await added.put('v', lasting(SHORT_MS)));
      await advance(SHORT_MS);
      isMiss(await read.get());
      isDone(await added.put('w', ifAbsent));
    },
  },
  {
    title: 'the life left is told when asked for, and runs down',
    async holds({ backend, key, advance }) {
      const it = entry(backend, key());
      isDone(await it.put('v', lasting(MINUTE_MS)));
      await lives(it, MINUTE_MS);
      await advance(SHORT_MS);
      const { ttlMs = 0 } = await it.get({ wantTtl: true });
      assert.ok(ttlMs > 0 && ttlMs <= MINUTE_MS - SHORT_MS + 20, `${ttlMs} ms left`);
    },
  },
  {
    title: 'a put gives the life it names, whatever life was there',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      for (const life of [HOUR_MS, FOR_EVER, MINUTE_MS, HOUR_MS]) {
        isDone(await it.put('v', life === FOR_EVER ? NEVER : lasting(life)));
        await lives(it, life);
      }
    },
  },
  {
    title: 'keep leaves the life as it is, under every condition',
    async holds({ backend, key }) {
      for (const [given, life] of [
        [lasting(MINUTE_MS), MINUTE_MS],
        [NEVER, FOR_EVER],
      ] as const) {
        const it = entry(backend, key());
        isDone(await it.put('0', given));
        isDone(await it.put('1', keeping(HOUR_MS)));
        await lives(it, life);
        isDone(await it.put('2', { ...keeping(HOUR_MS), ...ifPresent }));
        await lives(it, life);
        isDone(await it.put('3', { ...keeping(HOUR_MS), ...ifEtag(sha1('2')) }));
        await lives(it, life);
        isValue(await it.get(), '3');
      }
    },
  },
  {
    title: 'keep gives the life it names when there is nothing to keep',
    async holds({ backend, key }) {
      for (const condition of [{}, ifAbsent]) {
        const it = entry(backend, key());
        isDone(await it.put('v', { ...keeping(MINUTE_MS), ...condition }));
        await lives(it, MINUTE_MS);
      }
    },
  },
  {
    title: 'a conditional put gives the life it names',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isDone(await it.put('v', { ...lasting(HOUR_MS), ...ifAbsent }));
      await lives(it, HOUR_MS);
      isDone(await it.put('v', { ...NEVER, ...ifPresent }));
      await lives(it, FOR_EVER);
      isDone(await it.put('v', { ...lasting(MINUTE_MS), ...ifEtag(sha1('v')) }));
      await lives(it, MINUTE_MS);
      isDone(await it.put('v', { ...NEVER, ...ifEtag(sha1('v')) }));
      await lives(it, FOR_EVER);
    },
  },
  {
    title: 'a touch gives another life and leaves the value alone',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isDone(await it.put('v', lasting(MINUTE_MS)));
      for (const life of [HOUR_MS, FOR_EVER, MINUTE_MS]) {
        isDone(await it.touch(life === FOR_EVER ? NEVER : lasting(life)));
        await lives(it, life);
      }
      isDone(await it.touch(NEVER));
      isDone(await it.touch(NEVER)); // Also when there is nothing to change.
      isValue(await it.get(), 'v');
    },
  },
  {
    title: 'a touch revives nothing: absent, expired and deleted entries are a miss and stay one',
    async holds({ backend, key, advance }) {
      const [absent, expired, deleted] = [
        entry(backend, key()),
        entry(backend, key()),
        entry(backend, key()),
      ];
      isDone(await expired.put('v', lasting(SHORT_MS)));
      isDone(await deleted.put('v'));
      isDone(await deleted.delete());
      await advance(SHORT_MS);
      for (const it of [absent, expired, deleted]) {
        isMiss(await it.touch(lasting(MINUTE_MS)));
        isMiss(await it.touch(NEVER));
        isMiss(await it.get());
      }
    },
  },
  {
    title: 'a read leaves the life alone, unless it names one: then it gives it',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isDone(await it.put('v', lasting(MINUTE_MS)));
      isValue(await it.get(), 'v');
      isValue(await it.get({ wantEtag: true }), 'v');
      await lives(it, MINUTE_MS);
      for (const life of [HOUR_MS, FOR_EVER, MINUTE_MS]) {
        isValue(await it.get(life === FOR_EVER ? NEVER : lasting(life)), 'v');
        await lives(it, life);
      }
    },
  },
  {
    title: 'a read that renews tells the ETag and the new life when asked for, and revives nothing',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isMiss(await it.get(lasting(HOUR_MS)));
      isMiss(await it.get(NEVER));
      isMiss(await it.get());
      isDone(await it.put('v', lasting(MINUTE_MS)));
      const read = await it.get({ ...lasting(HOUR_MS), wantEtag: true, wantTtl: true });
      isValue(read, 'v');
      assert.deepEqual(read.etag, sha1('v'));
      assert.ok((read.ttlMs ?? 0) > MINUTE_MS, `${read.ttlMs} ms left of a new hour`);
    },
  },
];
