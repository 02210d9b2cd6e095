// Rules of the contract about where a value lies: in a string, or in a hash as ASP.NET Core's IDistributedCache has it.
// Whoever reads or compares need not know; a put says where.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Operation, Result } from '../../src/backend.js';
import {
  asHash,
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
  LOOK,
  lasting,
  lives,
  NEVER,
  sha1,
  sliding,
} from './entry.js';
import type { Rule } from './rule.js';

const SHORT_MS = 120;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const FOR_EVER = Number.POSITIVE_INFINITY;
const MIB = 1024 * 1024;
const COUNTERS = 4;
const INCREMENTS = 50;

const HASH = { ...lasting(MINUTE_MS), ...asHash };
const STRING = lasting(MINUTE_MS);
const SLIDING = sliding(MINUTE_MS);
const LAYOUTS: readonly [name: string, asked: Partial<Operation>][] = [
  ['string', STRING],
  ['hash', HASH],
  ['sliding', SLIDING],
];

export const hashRules: Rule[] = [
  {
    title: 'what lies in a hash is read as any other, and says so',
    async holds({ backend, key }) {
      for (const [layout, asked] of LAYOUTS)
        for (const read of [{}, LOOK, lasting(HOUR_MS), NEVER, { wantTtl: true, wantEtag: true }]) {
          const it = entry(backend, key());
          isDone(await it.put('v', asked));
          const result = await it.get(read);
          isValue(result, 'v');
          assert.equal(
            result.sliding ?? false,
            layout !== 'string',
            `${layout}, read with ${Object.keys(read)}`,
          );
        }
      isMiss(await entry(backend, key()).get());
    },
  },
  {
    title: 'a hash that does not slide lives as long as it was given, whatever is read',
    async holds({ backend, key, advance }) {
      const [minute, endless, short] = [entry(backend, key()), entry(backend, key()), entry(backend, key())];
      isDone(await minute.put('v', HASH));
      isDone(await endless.put('v', { ...NEVER, ...asHash }));
      isDone(await short.put('v', { ...lasting(SHORT_MS), ...asHash }));
      await advance(SHORT_MS);
      isMiss(await short.get());
      isValue(await minute.get(), 'v');
      const { ttlMs = 0 } = await minute.get({ wantTtl: true });
      assert.ok(ttlMs <= MINUTE_MS - SHORT_MS + 20 && ttlMs > MINUTE_MS / 2, `${ttlMs} ms`);
      await lives(endless, FOR_EVER);
    },
  },
  {
    title: 'a touch, or a read that names a life, gives a hash this life and its value stays',
    async holds({ backend, key }) {
      for (const touched of ['touch', 'get', 'bound'] as const) {
        const it = entry(backend, key());
        isDone(await it.put('v', HASH));
        for (const life of [HOUR_MS, FOR_EVER, FOR_EVER, MINUTE_MS]) {
          const given = life === FOR_EVER ? NEVER : lasting(life);
          if (touched === 'get') isValue(await it.get(given), 'v');
          else isDone(await it.touch(touched === 'touch' ? given : { ...given, ...ifEtag(sha1('v')) }));
          await lives(it, life);
        }
        isValue(await it.get(), 'v');
      }
    },
  },
  {
    title: 'a put lays the value where it says, whatever was there, under every condition',
    async holds({ backend, key }) {
      for (const [, before] of LAYOUTS)
        for (const [layout, asked] of LAYOUTS)
          for (const condition of [{}, ifPresent, ifEtag(sha1('v'))]) {
            const it = entry(backend, key());
            isDone(await it.put('v', { ...before, ttlMs: HOUR_MS }));
            isDone(await it.put('w', { ...asked, ...condition }));
            const result = await it.get(LOOK);
            isValue(result, 'w');
            assert.equal(result.sliding ?? false, layout !== 'string');
            await lives(it, MINUTE_MS);
          }
    },
  },
  {
    title: 'a put that keeps the life keeps the layout as well',
    async holds({ backend, key }) {
      for (const condition of [{}, ifPresent, ifEtag(sha1('v'))])
        for (const [layout, asked] of [
          ['hash', HASH],
          ['hash', { ...NEVER, ...asHash }],
          ['string', STRING],
        ] as const) {
          const it = entry(backend, key());
          isDone(await it.put('v', asked));
          isDone(await it.put('w', { ...keeping(HOUR_MS), ...condition }));
          const result = await it.get();
          isValue(result, 'w');
          assert.equal(result.sliding ?? false, layout === 'hash');
          await lives(it, asked.ttlKind === 'never' ? FOR_EVER : MINUTE_MS);
        }
    },
  },
  {
    title: 'a put if absent adds in either layout, and overwrites neither',
    async holds({ backend, key }) {
      for (const [, there] of LAYOUTS)
        for (const [, asked] of LAYOUTS) {
          const it = entry(backend, key());
          const added = await it.put('v', { ...there, ...ifAbsent, wantEtag: true });
          isDone(added);
          isBytes(added.etag, sha1('v'));
          isRefused(await it.put('w', { ...asked, ...ifAbsent }), 'exists');
          isRefused(await it.put('w', { ...keeping(HOUR_MS), ...ifAbsent }), 'exists');
          isValue(await it.get(LOOK), 'v');
          await lives(it, MINUTE_MS);
        }
    },
  },
  {
    title: 'puts under a condition add no hash where there is nothing',
    async holds({ backend, key }) {
      for (const asked of [HASH, SLIDING]) {
        const it = entry(backend, key());
        isRefused(await it.put('v', { ...asked, ...ifPresent }), 'absent');
        isRefused(await it.put('v', { ...asked, ...ifEtag(sha1('v')) }), 'absent');
        isMiss(await it.get());
      }
    },
  },
  {
    title: 'an ETag is compared with what lies in a hash, which is told when it is another',
    async holds({ backend, key }) {
      for (const value of ['v', ''])
        for (const [, asked] of LAYOUTS) {
          const it = entry(backend, key());
          isDone(await it.put(value, { ...HASH, ...NEVER }));
          isChanged(await it.put('w', { ...asked, ...ifEtag(sha1('x')) }), value);
          isChanged(await it.put('w', { ...keeping(HOUR_MS), ...ifEtag(sha1('x')) }), value);
          isChanged(await it.delete(ifEtag(sha1('x'))), value);
          isChanged(await it.touch({ ...lasting(MINUTE_MS), ...ifEtag(sha1('x')) }), value);
          await lives(it, FOR_EVER);
          isDone(await it.put('w', { ...asked, ...ifEtag(sha1(value)) }));
          isDone(await it.touch({ ...lasting(HOUR_MS), ...ifEtag(sha1('w')) }));
          isDone(await it.delete(ifEtag(sha1('w'))));
          isMiss(await it.get());
        }
    },
  },
  {
    title: 'what lies in a hash is deleted as any other, also if present',
    async holds({ backend, key }) {
      for (const condition of [{}, ifPresent, ifEtag(sha1('v'))]) {
        const it = entry(backend, key());
        isDone(await it.put('v', SLIDING));
        isDone(await it.delete(condition));
        isMiss(await it.get());
      }
    },
  },
  {
    title: 'gets of what was put into a hash, sent without waiting, take effect in the order of the calls',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) => [
          it.put(String(n), n % 2 ? SLIDING : HASH),
          it.get(n % 3 ? {} : LOOK),
          it.put(`${n}!`, n % 4 ? keeping(HOUR_MS) : STRING),
          it.get(n % 5 ? {} : lasting(MINUTE_MS)),
        ]).flat(),
      );
      const [deleted, missed] = await Promise.all([it.delete(), it.get()]);
      for (let n = 0; n < 20; n += 1) {
        isValue(answers[n * 4 + 1] as Result, String(n));
        isValue(answers[n * 4 + 3] as Result, `${n}!`);
      }
      isDone(deleted);
      isMiss(missed);
    },
  },
  {
    title: 'counters and values that grow are strings: of a hash they are refused with foreign_type',
    async holds({ backend, key }) {
      for (const asked of [HASH, SLIDING]) {
        const it = entry(backend, key());
        isDone(await it.put('1', asked));
        for (const result of [await it.increment(), await it.append('2'), await it.prepend('2')])
          isRefused(result, 'foreign_type');
        isValue(await it.get(), '1');
      }
    },
  },
  {
    title: 'a hash takes any bytes, up to 8 MiB and none at all',
    async holds({ backend, key }) {
      for (const value of [
        Buffer.alloc(0),
        Buffer.from(Array.from({ length: 256 }, (_, n) => n)),
        randomBytes(8 * MIB),
      ])
        for (const asked of [HASH, SLIDING]) {
          const it = entry(backend, key());
          isDone(await it.put(value, asked));
          isValue(await it.get(), value);
          isDone(await it.put(value, keeping(HOUR_MS)));
          isValue(await it.get(lasting(MINUTE_MS)), value);
        }
    },
  },
  {
    title: 'an ETag condition on a hash takes 1 MiB and refuses one byte more',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      const [largest, larger] = [Buffer.alloc(MIB, 'a'), Buffer.alloc(MIB + 1, 'b')];
      isDone(await it.put(largest, SLIDING));
      isRefused(await it.put(larger, { ...SLIDING, ...ifEtag(sha1(largest)) }), 'too_large_for_condition');
      isDone(await it.put(largest, { ...SLIDING, ...ifEtag(sha1(largest)) }));
      isDone(await it.put(larger, { ...SLIDING, ...ifPresent }));
      isRefused(await it.put('w', { ...SLIDING, ...ifEtag(sha1(larger)) }), 'too_large_for_condition');
      isRefused(await it.touch({ ...NEVER, ...ifEtag(sha1(larger)) }), 'too_large_for_condition');
      isRefused(await it.delete(ifEtag(sha1(larger))), 'too_large_for_condition');
      isValue(await it.get(), larger);
    },
  },
  {
    title: `${COUNTERS} × ${INCREMENTS} compare-and-set increments of a hash lose none`,
    async holds({ backend, key, connections }) {
      const counter = key();
      isDone(await entry(backend, counter).put('0', SLIDING));
      const increment = async (it: ReturnType<typeof entry>) => {
        for (let done = 0; done < INCREMENTS; ) {
          const read = await it.get({ wantEtag: true });
          isStatus(read, 'ok');
          const { value, etag } = read;
          const next = String(Number(value) + 1);
          const { status } = await it.put(next, { ...keeping(HOUR_MS), ...ifEtag(etag as Buffer) });
          if (status === 'ok') done += 1;
          else assert.equal(status, 'changed');
        }
      };
      await Promise.all((await connections(COUNTERS)).map((one) => increment(entry(one, counter))));
      const result = await entry(backend, counter).get();
      isStatus(result, 'ok');
      isValue(result, String(COUNTERS * INCREMENTS));
      assert.equal(result.sliding, true);
    },
  },
];
