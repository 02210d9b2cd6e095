// Rules of the contract about keys, values and ETags: what goes in comes out, byte for byte.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { operation } from '../../src/backend.js';
import { entry, isBytes, isDone, isMiss, isRefused, isStatus, isValue, sha1 } from './entry.js';
import type { Rule, Subject } from './rule.js';

const MIB = 1024 * 1024;

async function comesBack({ backend, key }: Subject, value: Buffer): Promise<void> {
  const it = entry(backend, key());
  isDone(await it.put(value));
  isValue(await it.get(), value);
}

export const valueRules: Rule[] = [
  {
    title: 'a value is read as it was put, and a later one takes its place',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isDone(await it.put('first'));
      isValue(await it.get(), 'first');
      isDone(await it.put('second'));
      const read = await it.get();
      isValue(read, 'second');
      assert.equal(read.outcome, 'not_applied', 'a read changes nothing');
    },
  },
  {
    title: 'values are bytes: NUL, line ends and what is no UTF-8 come back unchanged',
    async holds(subject) {
      await comesBack(subject, Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)));
      await comesBack(subject, Buffer.from('\0before\0and after\0\r\n'));
      await comesBack(subject, Buffer.from([0xc3, 0x28, 0xff, 0xfe]));
    },
  },
  {
    title: 'a value of 0 bytes is a value, and no miss',
    async holds(subject) {
      await comesBack(subject, Buffer.alloc(0));
    },
  },
  {
    title: 'a key that was never put is a miss, and a miss has no value',
    async holds({ backend, key }) {
      isMiss(await entry(backend, key()).get());
      isMiss(await entry(backend, key()).get({ wantEtag: true, wantTtl: true }));
    },
  },
  {
    title: 'values of 1 MiB and 8 MiB come back whole',
    async holds(subject) {
      await comesBack(subject, randomBytes(MIB));
      await comesBack(subject, randomBytes(8 * MIB));
    },
  },
  {
    title: 'keys are bytes: neither case, spaces, composed letters nor wildcards make two keys one',
    async holds({ backend, key }) {
      const endings = [
        'é',
        'e\u0301',
        '🗝️',
        '🗝',
        'Key',
        'key',
        'key ',
        ' key',
        'key\r\n',
        'ke*',
        'k?y',
        '{key}',
        '%6Bey',
      ];
      const base = key().toString();
      const entries = endings.map((ending) => entry(backend, Buffer.from(base + ending)));
      for (const [i, it] of entries.entries()) isDone(await it.put(`value of ${endings[i]}`));
      for (const [i, it] of entries.entries()) isValue(await it.get(), `value of ${endings[i]}`);
    },
  },
  {
    title: 'a key can have 1,024 bytes, and its last byte counts',
    async holds({ backend, key }) {
      const start = key().toString().padEnd(1023, '-');
      const [a, b] = [Buffer.from(`${start}a`), Buffer.from(`${start}b`)];
      isDone(await entry(backend, a).put('a'));
      isMiss(await entry(backend, b).get());
      isValue(await entry(backend, a).get(), 'a');
    },
  },
  {
    title: 'the ETag is the SHA-1 of the value, and a read gives it when asked for',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      for (const value of [randomBytes(1000), Buffer.alloc(0)]) {
        isDone(await it.put(value));
        isBytes((await it.get({ wantEtag: true })).etag, sha1(value));
        assert.equal((await it.get()).etag, undefined, 'nobody asked for it, and hashing costs');
      }
      isDone(await it.put(Buffer.alloc(8 * MIB, 'x')));
      isBytes((await it.get({ wantEtag: true })).etag, sha1(Buffer.alloc(8 * MIB, 'x')));
    },
  },
  {
    title: 'a read past the near cache is a read like any other',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isMiss(await it.get({ fresh: true }));
      isDone(await it.put('v'));
      isValue(await it.get({ fresh: true }), 'v');
    },
  },
  {
    title: 'a put gives the ETag of what it wrote when asked for',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      for (const asked of [{}, { condition: 'present' }, { condition: 'etag', etag: sha1('v') }] as const) {
        const result = await it.put('v', { ...asked, wantEtag: true });
        isDone(result);
        isBytes(result.etag, sha1('v'));
      }
    },
  },
  {
    title: 'a delete says whether there was something, and then there is nothing',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isDone(await it.put('v'));
      isDone(await it.delete());
      isMiss(await it.get());
      isMiss(await it.delete());
    },
  },
  {
    title: 'a list is refused with foreign_type by reads and conditions, and a plain put overwrites it',
    plants: true,
    async holds({ backend, key, plant }) {
      const planted = key();
      const it = entry(backend, planted);
      await plant(planted);
      isRefused(await it.get(), 'foreign_type');
      isRefused(await it.get({ wantEtag: true, wantTtl: true }), 'foreign_type');
      isRefused(await it.put('v', { condition: 'present' }), 'foreign_type');
      isRefused(await it.put('v', { condition: 'etag', etag: sha1('v') }), 'foreign_type');
      isRefused(await it.delete({ condition: 'etag', etag: sha1('v') }), 'foreign_type');
      assert.notEqual((await it.put('v', { condition: 'absent' })).status, 'ok');
      isDone(await it.put('v'));
      isValue(await it.get(), 'v');
    },
  },
  {
    title: 'a ping is answered',
    async holds({ backend }) {
      isStatus(await backend.run({ ...operation('ping', Buffer.alloc(0)), deadlineMs: 10_000 }), 'ok');
    },
  },
];
