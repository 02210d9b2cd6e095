// Rules of the contract about tags: what carries them, for how long, and what lists and clears by tag.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { KeyPage } from '../../src/backend.js';
import {
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
  lasting,
  NEVER,
  sha1,
} from './entry.js';
import { list } from './listing.js';
import type { Rule, Subject } from './rule.js';
import { clearWith, keysWith, pagesWith, tagged, tagPage, UNTAGGED } from './tagging.js';

const SHORT_MS = 400;
const MANY = 250;

/** A tag that no other rule uses. */
const newTag = (name = 'tag') => `${name}:${randomUUID()}`;

type Some3 = [ReturnType<typeof some>[0], ReturnType<typeof some>[0], ReturnType<typeof some>[0]];

/** So many entries of a rule, each with its key as text. */
function some({ backend, key }: Subject, count: number) {
  return Array.from({ length: count }, () => {
    const bytes = key();
    return { ...entry(backend, bytes), bytes, name: String(bytes) };
  });
}

export const tagRules: Rule[] = [
  {
    title: 'what was put with a tag is listed by it; a put without tags leaves them, others take their place',
    async holds(subject) {
      const { backend } = subject;
      const [a, b] = some(subject, 2) as [ReturnType<typeof some>[0], ReturnType<typeof some>[0]];
      const [one, two] = [newTag(), newTag()];
      const carry = async (tag: string, ...expected: { name: string }[]) =>
        assert.deepEqual(await keysWith({ backend, tags: [tag] }), expected.map(({ name }) => name).sort());
      isDone(await a.put('v', tagged(one)));
      isDone(await b.put('v', tagged(one, two)));
      await carry(one, a, b);
      await carry(two, b);
      await carry(newTag());
      isDone(await b.put('again'));
      isDone(await b.put('again', keeping(60_000)));
      isDone(await b.put('again', ifPresent));
      isDone(await b.put('more', ifEtag(sha1('again'))));
      isDone(await b.append('!'));
      await carry(one, a, b);
      isDone(await b.put('v', tagged(two)));
      await carry(one, a);
      await carry(two, b);
      isDone(await b.put('v', UNTAGGED));
      await carry(two);
      isValue(await b.get(), 'v');
    },
  },
  {
    title: 'a tag is any text of up to 255 bytes, as it is, and an entry has up to 100',
    async holds(subject) {
      const { backend } = subject;
      const run = newTag();
      const odd = ['*', '?', '[a]', '\\', '{a}', '}', ' ', '"', '\n', 'é', '🗝', ':', '\u2028', '\u007f'];
      const tags = odd.map((end) => run + end);
      const [all, last] = some(subject, 2) as [ReturnType<typeof some>[0], ReturnType<typeof some>[0]];
      isDone(await all.put('v', tagged(...tags)));
      isDone(await last.put('v', tagged(tags[0] as string)));
      for (const tag of tags.slice(1))
        assert.deepEqual(await keysWith({ backend, tags: [tag] }), [all.name], tag);
      assert.equal((await keysWith({ backend, tags: [tags[0] as string] })).length, 2);
      const long = Array.from({ length: 100 }, (_, n) => `${run}${n}`.padEnd(255, 'x'));
      isDone(await last.put('v', tagged(...long)));
      assert.deepEqual(await keysWith({ backend, tags: long, all: true }), [last.name]);
      assert.deepEqual(await keysWith({ backend, tags: [tags[0] as string] }), [all.name]);
    },
  },
  {
    title: 'several tags are any of them, or all of them; a prefix narrows either',
    async holds(subject) {
      const { backend } = subject;
      const [one, two, three] = [newTag(), newTag(), newTag()];
      const [a, b, c, none] = some(subject, 4) as ReturnType<typeof some>;
      isDone((await a?.put('v', tagged(one))) as never);
      isDone((await b?.put('v', tagged(one, two))) as never);
      isDone((await c?.put('v', tagged(two))) as never);
      isDone((await none?.put('v')) as never);
      const names = (...found: ({ name: string } | undefined)[]) => found.map((it) => it?.name).sort();
      assert.deepEqual(await keysWith({ backend, tags: [one, two, three] }), names(a, b, c));
      assert.deepEqual(await keysWith({ backend, tags: [two, one], all: true }), names(b));
      assert.deepEqual(await keysWith({ backend, tags: [one, two, three], all: true }), []);
      assert.deepEqual(await keysWith({ backend, tags: [one, two], prefix: c?.name as string }), names(c));
      assert.deepEqual(await keysWith({ backend, tags: [one], prefix: 'no key begins so' }), []);
    },
  },
  {
    title:
      'what carries one of several tags all the time is listed, though it is given another between two pages',
    async holds(subject) {
      const { backend, advance } = subject;
      const [one, two] = [newTag(), newTag()];
      const [first, second, third] = some(subject, 3) as Some3;
      isDone(await first.put('v', tagged(one)));
      isDone(await second.put('v', tagged(two)));
      // What was noted in one millisecond is on one page.
      await advance(2);
      isDone(await third.put('v', tagged(two)));
      const keys: string[] = [];
      for (let cursor: string | undefined = ''; cursor !== undefined; ) {
        const asked = { backend, tags: [one, two], limit: 1 };
        const page = JSON.parse(String((await tagPage('list', asked, cursor)).value)) as KeyPage;
        keys.push(...page.keys);
        cursor = page.cursor;
        if (page.keys.includes(second.name)) isDone(await third.put('v', tagged(one, two)));
      }
      assert.deepEqual([...new Set(keys)].sort(), [first, second, third].map(({ name }) => name).sort());
    },
  },
  {
    title:
      'of 100 tags all are wanted: pages are small, none of the keys is missing, and a clear has them all',
    async holds(subject) {
      const { backend } = subject;
      const tags = Array.from({ length: 100 }, () => newTag());
      const found = some(subject, 50);
      const [part, none] = some(subject, 2) as [ReturnType<typeof some>[0], ReturnType<typeof some>[0]];
      for (const result of await Promise.all(found.map((it) => it.put('v', tagged(...tags))))) isDone(result);
      isDone(await part.put('v', tagged(...tags.slice(0, 99))));
      isDone(await none.put('v', tagged(...tags.slice(1))));
      const names = found.map(({ name }) => name).sort();
      assert.deepEqual(await keysWith({ backend, tags, all: true }), names);
      assert.equal(await clearWith({ backend, tags, all: true }), names.length);
      isValue(await part.get(), 'v');
      isValue(await none.get(), 'v');
    },
  },
  {
    title: 'a put that its condition refuses gives and takes no tags',
    async holds(subject) {
      const { backend } = subject;
      const [one, two] = [newTag(), newTag()];
      const [it, none] = some(subject, 2) as [ReturnType<typeof some>[0], ReturnType<typeof some>[0]];
      isDone(await it.put('v', { ...tagged(one), ...ifAbsent }));
      isRefused(await it.put('w', { ...tagged(two), ...ifAbsent }), 'exists');
      isRefused(await it.put('w', { ...tagged(two), ...ifEtag(sha1('x')) }), 'changed');
      isRefused(await it.put('w', { ...UNTAGGED, ...ifEtag(sha1('x')) }), 'changed');
      isRefused(await none.put('w', { ...tagged(two), ...ifPresent }), 'absent');
      assert.deepEqual(await keysWith({ backend, tags: [one] }), [it.name]);
      assert.deepEqual(await keysWith({ backend, tags: [two] }), []);
      isDone(await it.put('w', { ...tagged(two), ...ifEtag(sha1('v')) }));
      isDone(await it.put('x', { ...tagged(two), ...ifPresent, ...keeping(1) }));
      assert.deepEqual(await keysWith({ backend, tags: [one] }), []);
      assert.deepEqual(await keysWith({ backend, tags: [two] }), [it.name]);
    },
  },
  {
    title: 'what was deleted or has expired carries no tags, and what is put there next has none of them',
    async holds(subject) {
      const { backend, advance } = subject;
      const tag = newTag();
      const anew = [
        (it: ReturnType<typeof entry>) => it.put('new'),
        (it: ReturnType<typeof entry>) => it.put('new', ifAbsent),
        (it: ReturnType<typeof entry>) => it.put('new', keeping(60_000)),
        (it: ReturnType<typeof entry>) => it.increment(),
      ];
      const deleted = some(subject, anew.length);
      const expired = some(subject, anew.length);
      for (const it of deleted) {
        isDone(await it.put('1', tagged(tag)));
        isDone(await it.delete(it === deleted[0] ? {} : it === deleted[1] ? ifPresent : ifEtag(sha1('1'))));
      }
      for (const it of expired) isDone(await it.put('1', { ...tagged(tag), ...lasting(SHORT_MS) }));
      assert.deepEqual(await keysWith({ backend, tags: [tag] }), expired.map(({ name }) => name).sort());
      await advance(SHORT_MS);
      assert.deepEqual(await keysWith({ backend, tags: [tag] }), []);
      for (const [n, put] of anew.entries())
        for (const it of [deleted[n], expired[n]]) if (it) isDone(await put(it));
      assert.deepEqual(await keysWith({ backend, tags: [tag] }), []);
    },
  },
  {
    title: 'tags live as long as their entry: with each life that it is given, be it longer or without end',
    async holds(subject) {
      const { backend, advance } = subject;
      const tag = newTag();
      const longer = [
        (it: ReturnType<typeof entry>) => it.touch(lasting(60_000)),
        (it: ReturnType<typeof entry>) => it.touch(NEVER),
        (it: ReturnType<typeof entry>) => it.touch({ ...lasting(60_000), ...ifEtag(sha1('v')) }),
        (it: ReturnType<typeof entry>) => it.get(lasting(60_000)),
        (it: ReturnType<typeof entry>) => it.get(NEVER),
        (it: ReturnType<typeof entry>) => it.put('w'),
        (it: ReturnType<typeof entry>) => it.put('w', NEVER),
        (it: ReturnType<typeof entry>) => it.put('w', { ...lasting(60_000), ...ifPresent }),
        (it: ReturnType<typeof entry>) => it.put('w', { ...tagged(tag), ...lasting(60_000) }),
      ];
      const long = some(subject, longer.length);
      const kept = some(subject, 2);
      for (const it of [...long, ...kept])
        isDone(await it.put('v', { ...tagged(tag), ...lasting(SHORT_MS) }));
      for (const [n, live] of longer.entries())
        isStatus(await live(long[n] as ReturnType<typeof entry>), 'ok');
      isDone(await (kept[0] as ReturnType<typeof entry>).put('w', keeping(60_000)));
      isDone(await (kept[1] as ReturnType<typeof entry>).put('w', { ...tagged(tag), ...keeping(60_000) }));
      await advance(SHORT_MS);
      // Long enough for an index that has only the life of the first put.
      assert.deepEqual(await keysWith({ backend, tags: [tag] }), long.map(({ name }) => name).sort());
    },
  },
  {
    title: 'the tags of an entry that slides live on with each use, be it a read or a lock',
    async holds(subject) {
      const { backend, advance } = subject;
      const tag = newTag();
      // A use has to come in time also on a busy machine.
      const sliding = { ...NEVER, extras: { slidingMs: 3 * SHORT_MS, tags: [tag] } };
      const found = some(subject, 3);
      const [read, locked, unused] = found as [(typeof found)[0], (typeof found)[0], (typeof found)[0]];
      for (const it of found) isDone(await it.put('v', sliding));
      for (let n = 0; n < 4; n++) {
        await advance(SHORT_MS);
        isValue(await read.get(), 'v');
        isValue(await locked.lock(Buffer.alloc(16, 7)), 'v');
      }
      assert.deepEqual(await keysWith({ backend, tags: [tag] }), [read.name, locked.name].sort());
      isMiss(await unused.get());
      isDone(await unused.put('new'));
      assert.equal(await clearWith({ backend, tags: [tag] }), 2);
      isValue(await unused.get(), 'new');
    },
  },
  {
    title: 'a clear by tag removes what carries it, says how many, and leaves all else',
    async holds(subject) {
      const { backend } = subject;
      const [one, two] = [newTag(), newTag()];
      const [a, b, c, d] = some(subject, 4) as [
        ReturnType<typeof some>[0],
        ReturnType<typeof some>[0],
        ReturnType<typeof some>[0],
        ReturnType<typeof some>[0],
      ];
      isDone(await a.put('v', tagged(one)));
      isDone(await b.put('v', tagged(one, two)));
      isDone(await c.put('v', tagged(two)));
      isDone(await d.put('v'));
      assert.equal(await clearWith({ backend, tags: [one, two], all: true }), 1);
      isMiss(await b.get());
      isDone(await b.put('v', tagged(two)));
      isDone(await a.put('w', tagged(newTag())));
      assert.equal(await clearWith({ backend, tags: [one] }), 0, 'it has another tag by now');
      isValue(await a.get(), 'w');
      isDone(await a.put('w', tagged(one)));
      assert.equal(await clearWith({ backend, tags: [one, two], prefix: d.name }), 0);
      assert.equal(await clearWith({ backend, tags: [one, two], prefix: c.name }), 1);
      assert.equal(await clearWith({ backend, tags: [one, two] }), 2);
      for (const it of [a, b, c]) isMiss(await it.get());
      isValue(await d.get(), 'v');
      isDone(await a.put('anew'));
      assert.equal(await clearWith({ backend, tags: [one] }), 0, 'what was cleared has left its tags');
      isValue(await a.get(), 'anew');
    },
  },
  {
    title: `${MANY} keys with a tag come in pages of about the size asked for, and none is missing`,
    async holds(subject) {
      const { backend } = subject;
      const tag = newTag();
      const found = some(subject, MANY);
      for (const result of await Promise.all(found.map((it) => it.put('v', tagged(tag))))) isDone(result);
      const pages = await pagesWith({ backend, tags: [tag], limit: 20 });
      assert.deepEqual([...new Set(pages.flat())].sort(), found.map(({ name }) => name).sort());
      const largest = Math.max(...pages.map(({ length }) => length));
      // Members that were noted in the same millisecond are on one page.
      assert.ok(largest < MANY, `${largest} keys on a page of 20`);
      assert.equal(await clearWith({ backend, tags: [tag], limit: 20 }), MANY);
    },
  },
  {
    title: 'a list or clear by tag refuses a cursor that is none',
    async holds(subject) {
      const { backend } = subject;
      const tag = newTag();
      const [it] = some(subject, 1);
      isDone((await it?.put('v', tagged(tag))) as never);
      const bad = [
        '0',
        '1',
        '-',
        '-1',
        '0-',
        '0--1',
        '1-1',
        '99-1',
        '0-1x',
        ' 0-1',
        '0-1e3',
        `0-${'9'.repeat(20)}`,
      ];
      for (const cursor of [...bad, 'none', Buffer.alloc(64, 0xff)])
        for (const verb of ['list', 'clear'] as const)
          isRefused(await tagPage(verb, { backend, tags: [tag] }, cursor), 'cursor_invalid');
      assert.deepEqual(await keysWith({ backend, tags: [tag] }), [it?.name]);
    },
  },
  {
    title: 'a list or clear by tag refuses the cursor of another, which would pass entries over',
    async holds(subject) {
      const { backend } = subject;
      const [one, two] = [newTag(), newTag()];
      const found = some(subject, 25);
      for (const it of found) isDone(await it.put('v', tagged(one, two)));
      const first = await tagPage('list', { backend, tags: [one], limit: 1 }, '');
      const { cursor } = JSON.parse(String(first.value)) as KeyPage;
      assert.ok(cursor);
      assert.equal((await tagPage('list', { backend, tags: [one], limit: 1 }, cursor)).status, 'ok');
      for (const tags of [[two], [one, two], [two, one]])
        for (const verb of ['list', 'clear'] as const)
          isRefused(await tagPage(verb, { backend, tags }, cursor), 'cursor_invalid');
      isRefused(await tagPage('clear', { backend, tags: [one], all: true }, cursor), 'cursor_invalid');
      isRefused(await tagPage('clear', { backend, tags: [one], prefix: 'x' }, cursor), 'cursor_invalid');
      assert.equal(await clearWith({ backend, tags: [one] }), 25);
    },
  },
  {
    title: 'what is kept about tags is not seen: a list has the entries alone',
    async holds(subject) {
      const { backend } = subject;
      const [it] = some(subject, 1);
      isDone((await it?.put('v', tagged(newTag(), newTag()))) as never);
      assert.deepEqual(await list(backend, it?.name as string), [it?.name]);
      assert.equal((await list(backend, '')).filter((key) => key.includes('\0')).length, 0);
    },
  },
];
