// Rules of the contract about conditions: when a put or delete takes effect, and what is told when it does not.
import assert from 'node:assert/strict';
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
  lasting,
  lives,
  NEVER,
  sha1,
} from './entry.js';
import type { Rule } from './rule.js';

const MIB = 1024 * 1024;

export const conditionRules: Rule[] = [
  {
    title: 'a put if absent adds, and leaves what is there alone',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isDone(await it.put('first', ifAbsent));
      isRefused(await it.put('second', { ...ifAbsent, ...NEVER }), 'exists');
      isValue(await it.get(), 'first');
      await lives(it, 60_000);
    },
  },
  {
    title: 'a put if absent gives the ETag of what it added when asked for',
    async holds({ backend, key }) {
      const result = await entry(backend, key()).put('first', { ...ifAbsent, wantEtag: true });
      isDone(result);
      isBytes(result.etag, sha1('first'));
    },
  },
  {
    title: 'a put if present replaces, and adds nothing',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isRefused(await it.put('v', ifPresent), 'absent');
      isMiss(await it.get());
      isDone(await it.put('first'));
      isDone(await it.put('second', ifPresent));
      isValue(await it.get(), 'second');
    },
  },
  {
    title: 'a put with an ETag replaces only that value, and else tells the one that is there',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isDone(await it.put('first'));
      isDone(await it.put('second', ifEtag(sha1('first'))));
      isChanged(await it.put('third', { ...ifEtag(sha1('first')), ...NEVER }), 'second');
      isValue(await it.get(), 'second');
      await lives(it, 60_000);
    },
  },
  {
    title: 'a put with an ETag adds nothing where there is no entry or it has expired',
    async holds({ backend, key, advance }) {
      const [absent, expired] = [entry(backend, key()), entry(backend, key())];
      isDone(await expired.put('v', lasting(120)));
      await advance(120);
      for (const it of [absent, expired]) {
        isRefused(await it.put('w', ifEtag(sha1('v'))), 'absent');
        isMiss(await it.get());
      }
    },
  },
  {
    title: 'an empty value has an ETag too, and can be compared and told',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isDone(await it.put(''));
      isChanged(await it.put('w', ifEtag(sha1('v'))), '');
      isDone(await it.put('w', ifEtag(sha1(''))));
    },
  },
  {
    title: 'a delete if present says absent where there is nothing',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isRefused(await it.delete(ifPresent), 'absent');
      isDone(await it.put('v'));
      isDone(await it.delete(ifPresent));
      isMiss(await it.get());
    },
  },
  {
    title: 'a delete with an ETag removes only that value, and else tells the one that is there',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isRefused(await it.delete(ifEtag(sha1('v'))), 'absent');
      isDone(await it.put('v'));
      isChanged(await it.delete(ifEtag(sha1('w'))), 'v');
      isValue(await it.get(), 'v');
      isDone(await it.delete(ifEtag(sha1('v'))));
      isMiss(await it.get());
    },
  },
  {
    title: 'an ETag condition takes new and stored values of exactly 1 MiB',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      const [a, b] = [Buffer.alloc(MIB, 'a'), Buffer.alloc(MIB, 'b')];
      isDone(await it.put(a));
      isDone(await it.put(b, ifEtag(sha1(a))));
      isValue(await it.get(), b);
      isDone(await it.delete(ifEtag(sha1(b))));
    },
  },
  {
    title: 'an ETag condition refuses a new value over 1 MiB, and nothing changes',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      isDone(await it.put('small'));
      isRefused(await it.put(Buffer.alloc(MIB + 1), ifEtag(sha1('small'))), 'too_large_for_condition');
      isValue(await it.get(), 'small');
    },
  },
  {
    title: 'an ETag condition refuses a stored value over 1 MiB, on put and delete',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      const large = Buffer.alloc(MIB + 1, 'x');
      isDone(await it.put(large));
      isRefused(await it.put('small', ifEtag(sha1(large))), 'too_large_for_condition');
      isRefused(await it.delete(ifEtag(sha1(large))), 'too_large_for_condition');
      isValue(await it.get(), large);
    },
  },
  {
    title: 'the other conditions have no such limit',
    async holds({ backend, key }) {
      const it = entry(backend, key());
      const large = Buffer.alloc(MIB + 1, 'x');
      isDone(await it.put(large, ifAbsent));
      isRefused(await it.put(large, ifAbsent), 'exists');
      isDone(await it.put(large, ifPresent));
      isDone(await it.delete(ifPresent));
      assert.equal((await it.get()).status, 'miss');
    },
  },
];
