// Rules of the contract about a touch with an ETag: it renews the life of what was read, and of nothing else.
import {
  entry,
  ifEtag,
  isChanged,
  isDone,
  isMiss,
  isRefused,
  isValue,
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
const MIB = 1024 * 1024;

export const touchRules: Rule[] = [
  {
    title: 'a touch with the ETag of the value gives another life and leaves the value alone',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isDone(await it.put('v', lasting(MINUTE_MS)));
      for (const life of [HOUR_MS, FOR_EVER, MINUTE_MS]) {
        const given = life === FOR_EVER ? NEVER : lasting(life);
        isDone(await it.touch({ ...given, ...ifEtag(sha1('v')) }));
        await lives(it, life);
      }
      isValue(await it.get(), 'v');
    },
  },
  {
    title: 'a touch with another ETag tells the value that is there, and changes neither it nor its life',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isDone(await it.put('v', lasting(MINUTE_MS)));
      isChanged(await it.touch({ ...lasting(HOUR_MS), ...ifEtag(sha1('w')) }), 'v');
      isChanged(await it.touch({ ...NEVER, ...ifEtag(sha1('w')) }), 'v');
      await lives(it, MINUTE_MS);
      isValue(await it.get(), 'v');
      isDone(await it.put('', lasting(MINUTE_MS)));
      isChanged(await it.touch({ ...lasting(HOUR_MS), ...ifEtag(sha1('v')) }), '');
    },
  },
  {
    title: 'a touch with an ETag of an absent, expired or deleted entry says absent, and revives nothing',
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
        isRefused(await it.touch({ ...lasting(MINUTE_MS), ...ifEtag(sha1('v')) }), 'absent');
        isRefused(await it.touch({ ...NEVER, ...ifEtag(sha1('v')) }), 'absent');
        isMiss(await it.get());
      }
    },
  },
  {
    title: 'a touch with an ETag takes a value of exactly 1 MiB and refuses one byte more',
    async holds({ backend, key }) {
      const [largest, larger] = [entry(backend, key()), entry(backend, key())];
      const [a, b] = [Buffer.alloc(MIB, 'a'), Buffer.alloc(MIB + 1, 'b')];
      isDone(await largest.put(a));
      isDone(await largest.touch({ ...lasting(HOUR_MS), ...ifEtag(sha1(a)) }));
      await lives(largest, HOUR_MS);
      isDone(await larger.put(b));
      isRefused(await larger.touch({ ...lasting(HOUR_MS), ...ifEtag(sha1(b)) }), 'too_large_for_condition');
      await lives(larger, MINUTE_MS);
      isDone(await larger.touch(lasting(HOUR_MS)));
    },
  },
  {
    title: 'a touch with an ETag of a list is refused with foreign_type',
    plants: true,
    async holds({ backend, key, plant }) {
      const planted = key();
      await plant(planted);
      const touched = await entry(backend, planted).touch({ ...lasting(MINUTE_MS), ...ifEtag(sha1('v')) });
      isRefused(touched, 'foreign_type');
    },
  },
];
