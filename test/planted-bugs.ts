// Ways in which a Backend can break its contract, at least one for every rule. contract-fake.test.ts plants each in
// the fake and expects the rule to find it: a rule that finds nothing proves nothing.
import { type Backend, failure, type Operation, operation, type Result } from '../src/backend.js';

type Run = Backend['run'];

export interface PlantedBug {
  title: string;
  /** The title of the rule that must find it. */
  breaks: string;
  /** The same backend, with the bug. */
  plant(run: Run): Run;
}

/** Asks for something else than was asked. */
const asks = (change: (asked: Operation) => Partial<Operation> | false) => (run: Run) => (asked: Operation) =>
  run({ ...asked, ...(change(asked) || {}) });

/** Answers something else than the answer. */
const answers =
  (change: (result: Result, asked: Operation) => Partial<Result> | false) =>
  (run: Run) =>
  async (asked: Operation) => {
    const result = await run(asked);
    return { ...result, ...(change(result, asked) || {}) };
  };

const bytes = (change: (value: Buffer) => Buffer) =>
  asks(({ value }) => (value ? { value: change(value) } : false));
const keyText = (change: (key: string) => string) =>
  asks(({ key }) => ({ key: Buffer.from(change(key.toString())) }));
const withoutCondition = (verb: Operation['verb'], condition: Operation['condition']) =>
  asks((asked) => asked.verb === verb && asked.condition === condition && { condition: 'none' });
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
const long = (value: Buffer | undefined) => value !== undefined && value.length > MIB;

const VALUE_BUGS: PlantedBug[] = [
  {
    title: 'a second put is lost',
    breaks: 'a value is read as it was put, and a later one takes its place',
    plant: (run) => {
      const seen = new Set<string>();
      return (asked) => {
        const again = asked.verb === 'put' && seen.has(String(asked.key));
        seen.add(String(asked.key));
        return again
          ? run({ ...asked, verb: 'get' }).then((result) => ({ ...result, outcome: 'applied' }))
          : run(asked);
      };
    },
  },
  {
    title: 'a read says that it was applied',
    breaks: 'a value is read as it was put, and a later one takes its place',
    plant: answers(() => ({ outcome: 'applied' })),
  },
  {
    title: 'a write does not say that it was applied',
    breaks: 'a value is read as it was put, and a later one takes its place',
    plant: answers(() => ({ outcome: 'not_applied' })),
  },
  {
    title: 'values pass through text',
    breaks: 'values are bytes: NUL, line ends and what is no UTF-8 come back unchanged',
    plant: bytes((value) => Buffer.from(value.toString('utf8'))),
  },
  {
    title: 'values are cut at NUL',
    breaks: 'values are bytes: NUL, line ends and what is no UTF-8 come back unchanged',
    plant: bytes((value) => (value.includes(0) ? value.subarray(0, value.indexOf(0)) : value)),
  },
  {
    title: 'an empty value reads as a miss',
    breaks: 'a value of 0 bytes is a value, and no miss',
    plant: answers(({ value }) => value?.length === 0 && { status: 'miss', value: undefined }),
  },
  {
    title: 'a miss reads as an empty value',
    breaks: 'a key that was never put is a miss, and a miss has no value',
    plant: answers(({ status }) => status === 'miss' && { status: 'ok', value: Buffer.alloc(0) }),
  },
  {
    title: 'a miss carries an empty value',
    breaks: 'a key that was never put is a miss, and a miss has no value',
    plant: answers(({ status }) => status === 'miss' && { value: Buffer.alloc(0) }),
  },
  {
    title: 'values are cut at 4 MiB',
    breaks: 'values of 1 MiB and 8 MiB come back whole',
    plant: bytes((value) => value.subarray(0, 4 * MIB)),
  },
  ...(
    [
      ['Unicode is normalised in keys', (key) => key.normalize()],
      ['emoji variants are stripped from keys', (key) => key.replaceAll('\ufe0f', '')],
      ['case is folded in keys', (key) => key.toLowerCase()],
      ['keys are trimmed', (key) => key.trim()],
      ['keys are decoded once more', (key) => decodeURIComponent(key)],
    ] as [string, (key: string) => string][]
  ).map(([title, change]) => ({
    title,
    breaks: 'keys are bytes: neither case, spaces, composed letters nor wildcards make two keys one',
    plant: keyText(change),
  })),
  {
    title: 'keys are cut at 1,000 bytes',
    breaks: 'a key can have 1,024 bytes, and its last byte counts',
    plant: keyText((key) => key.slice(0, 1000)),
  },
  {
    title: 'the ETag is a version counter',
    breaks: 'the ETag is the SHA-1 of the value, and a read gives it when asked for',
    plant: (run) => {
      let version = 0;
      return answers(({ etag }) => etag !== undefined && { etag: Buffer.alloc(20, version++) })(run);
    },
  },
  {
    title: 'a read gives no ETag',
    breaks: 'the ETag is the SHA-1 of the value, and a read gives it when asked for',
    plant: answers((_, { verb }) => verb === 'get' && { etag: undefined }),
  },
  {
    title: 'every read hashes',
    breaks: 'the ETag is the SHA-1 of the value, and a read gives it when asked for',
    plant: asks(() => ({ wantEtag: true })),
  },
  {
    title: 'a put gives no ETag',
    breaks: 'a put gives the ETag of what it wrote when asked for',
    plant: answers((_, { verb }) => verb === 'put' && { etag: undefined }),
  },
  {
    title: 'a delete always says ok',
    breaks: 'a delete says whether there was something, and then there is nothing',
    plant: answers(({ status }, { verb }) => verb === 'delete' && status === 'miss' && { status: 'ok' }),
  },
  {
    title: 'a delete only empties the entry',
    breaks: 'a delete says whether there was something, and then there is nothing',
    plant: asks(({ verb }) => verb === 'delete' && { verb: 'put', value: Buffer.alloc(0), ttlKind: 'never' }),
  },
  {
    title: 'a list reads as a miss',
    breaks: 'a list is refused with foreign_type by reads and conditions, and a plain put overwrites it',
    plant: answers(({ status }) => status === 'foreign_type' && { status: 'miss' }),
  },
  {
    title: 'a plain put does not overwrite a list',
    breaks: 'a list is refused with foreign_type by reads and conditions, and a plain put overwrites it',
    plant: (run) => async (asked) => {
      if (asked.verb !== 'put') return run(asked);
      const there = await run(operation('get', asked.key));
      return there.status === 'foreign_type' ? there : run(asked);
    },
  },
  {
    title: 'a conditional put overwrites a list',
    breaks: 'a list is refused with foreign_type by reads and conditions, and a plain put overwrites it',
    plant: withoutCondition('put', 'present'),
  },
  {
    title: 'a ping is not known',
    breaks: 'a ping is answered',
    plant: (run) => (asked) => (asked.verb === 'ping' ? Promise.resolve(failure('internal')) : run(asked)),
  },
];

const LIFE_BUGS: PlantedBug[] = [
  {
    title: 'entries never expire',
    breaks: 'an entry ends with its life, and its key can then be added again',
    plant: asks(({ ttlKind }) => ttlKind === 'for' && { ttlKind: 'never' }),
  },
  {
    title: 'an expired entry is in the way of an add',
    breaks: 'an entry ends with its life, and its key can then be added again',
    plant: (run) => {
      const put = new Set<string>();
      return async (asked) => {
        const key = String(asked.key);
        if (asked.condition === 'absent' && put.has(key))
          return { ...(await run({ ...asked, verb: 'get' })), status: 'exists' };
        put.add(key);
        return run(asked);
      };
    },
  },
  {
    title: 'the life told is the one that was given',
    breaks: 'the life left is told when asked for, and runs down',
    plant: answers(({ ttlMs }) => ttlMs !== undefined && { ttlMs: 60_000 }),
  },
  {
    title: 'the life is not told',
    breaks: 'the life left is told when asked for, and runs down',
    plant: answers(() => ({ ttlMs: undefined })),
  },
  {
    title: 'a put keeps the life that was there',
    breaks: 'a put gives the life it names, whatever life was there',
    plant: asks(({ verb, ttlKind }) => verb === 'put' && ttlKind === 'for' && { ttlKind: 'keep' }),
  },
  {
    title: 'a put for ever keeps the life that was there',
    breaks: 'a put gives the life it names, whatever life was there',
    plant: asks(({ verb, ttlKind }) => verb === 'put' && ttlKind === 'never' && { ttlKind: 'keep' }),
  },
  {
    title: 'keep loses the life',
    breaks: 'keep leaves the life as it is, under every condition',
    plant: asks(({ ttlKind }) => ttlKind === 'keep' && { ttlKind: 'never' }),
  },
  {
    title: 'keep gives a new life',
    breaks: 'keep leaves the life as it is, under every condition',
    plant: asks(({ ttlKind }) => ttlKind === 'keep' && { ttlKind: 'for' }),
  },
  {
    title: 'keep with an ETag loses the life',
    breaks: 'keep leaves the life as it is, under every condition',
    plant: asks(
      ({ ttlKind, condition }) => ttlKind === 'keep' && condition === 'etag' && { ttlKind: 'never' },
    ),
  },
  {
    title: 'keep where nothing is never expires',
    breaks: 'keep gives the life it names when there is nothing to keep',
    plant: (run) => async (asked) => {
      if (asked.ttlKind !== 'keep') return run(asked);
      const there = await run(operation('get', asked.key));
      return run({ ...asked, ttlKind: there.status === 'miss' ? 'never' : 'keep' });
    },
  },
  {
    title: 'keep and add never expires',
    breaks: 'keep gives the life it names when there is nothing to keep',
    plant: asks(
      ({ ttlKind, condition }) => ttlKind === 'keep' && condition === 'absent' && { ttlKind: 'never' },
    ),
  },
  ...(['absent', 'present', 'etag'] as const).map((condition) => ({
    title: `a put under the condition ${condition} gives a minute, whatever it names`,
    breaks: 'a conditional put gives the life it names',
    plant: asks((asked) => asked.condition === condition && { ttlKind: 'for', ttlMs: 61_000 }),
  })),
  {
    title: 'a touch does nothing',
    breaks: 'a touch gives another life and leaves the value alone',
    plant: asks(({ verb }) => verb === 'touch' && { ttlKind: 'keep' }),
  },
  {
    title: 'a touch for ever does nothing',
    breaks: 'a touch gives another life and leaves the value alone',
    plant: asks(({ verb, ttlKind }) => verb === 'touch' && ttlKind === 'never' && { ttlKind: 'keep' }),
  },
  {
    title: 'a touch empties the value',
    breaks: 'a touch gives another life and leaves the value alone',
    plant: asks(
      ({ verb }) => verb === 'touch' && { verb: 'put', value: Buffer.alloc(0), condition: 'present' },
    ),
  },
  {
    title: 'a second touch for ever is a miss, as PERSIST answers it',
    breaks: 'a touch gives another life and leaves the value alone',
    plant: (run) => async (asked) => {
      const before = await run({ ...operation('get', asked.key), wantTtl: true });
      const again =
        asked.verb === 'touch' && asked.ttlKind === 'never' && before.ttlMs === Number.POSITIVE_INFINITY;
      const result = await run(asked);
      return again ? { ...result, status: 'miss' } : result;
    },
  },
  {
    title: 'a touch revives',
    breaks: 'a touch revives nothing: absent, expired and deleted entries are a miss and stay one',
    plant: (run) => async (asked) => {
      const result = await run(asked);
      if (asked.verb !== 'touch' || result.status !== 'miss') return result;
      return run({ ...asked, verb: 'put', value: Buffer.alloc(0) });
    },
  },
  {
    title: 'a touch of nothing says ok',
    breaks: 'a touch revives nothing: absent, expired and deleted entries are a miss and stay one',
    plant: answers((_, { verb }) => verb === 'touch' && { status: 'ok' }),
  },
  {
    title: 'every read renews',
    breaks: 'a read leaves the life alone, unless it names one: then it gives it',
    plant: asks(
      ({ verb, ttlKind }) => verb === 'get' && ttlKind === 'default' && { ttlKind: 'for', ttlMs: HOUR_MS },
    ),
  },
  {
    title: 'a read that names a life does not renew',
    breaks: 'a read leaves the life alone, unless it names one: then it gives it',
    plant: asks(({ verb }) => verb === 'get' && { ttlKind: 'default' }),
  },
  {
    title: 'a read that renews gives no ETag',
    breaks: 'a read that renews tells the ETag and the new life when asked for, and revives nothing',
    plant: answers((_, { verb, ttlKind }) => verb === 'get' && ttlKind === 'for' && { etag: undefined }),
  },
  {
    title: 'a read that renews tells the old life',
    breaks: 'a read that renews tells the ETag and the new life when asked for, and revives nothing',
    plant: answers((_, { verb, ttlKind }) => verb === 'get' && ttlKind === 'for' && { ttlMs: 60_000 }),
  },
];

const CONDITION_BUGS: PlantedBug[] = [
  {
    title: 'a put if absent overwrites',
    breaks: 'a put if absent adds, and leaves what is there alone',
    plant: withoutCondition('put', 'absent'),
  },
  {
    title: 'a put if absent that fails changes the life',
    breaks: 'a put if absent adds, and leaves what is there alone',
    plant: (run) => async (asked) => {
      const result = await run(asked);
      if (result.status === 'exists') await run({ ...asked, verb: 'touch', condition: 'none' });
      return result;
    },
  },
  {
    title: 'a put if absent gives no ETag',
    breaks: 'a put if absent gives the ETag of what it added when asked for',
    plant: answers((_, { condition }) => condition === 'absent' && { etag: undefined }),
  },
  {
    title: 'a put if present adds',
    breaks: 'a put if present replaces, and adds nothing',
    plant: withoutCondition('put', 'present'),
  },
  {
    title: 'a put does not compare the ETag',
    breaks: 'a put with an ETag replaces only that value, and else tells the one that is there',
    plant: asks(({ verb, condition }) => verb === 'put' && condition === 'etag' && { condition: 'present' }),
  },
  {
    title: 'changed lacks the value that is there',
    breaks: 'a put with an ETag replaces only that value, and else tells the one that is there',
    plant: answers(({ status }) => status === 'changed' && { value: undefined }),
  },
  {
    title: 'changed lacks the ETag that is there',
    breaks: 'a put with an ETag replaces only that value, and else tells the one that is there',
    plant: answers(({ status }) => status === 'changed' && { etag: undefined }),
  },
  {
    title: 'changed says that it was applied',
    breaks: 'a put with an ETag replaces only that value, and else tells the one that is there',
    plant: answers(({ status }) => status === 'changed' && { outcome: 'applied' }),
  },
  {
    title: 'a put with an ETag that fails changes the life',
    breaks: 'a put with an ETag replaces only that value, and else tells the one that is there',
    plant: (run) => async (asked) => {
      const result = await run(asked);
      if (result.status === 'changed') await run({ ...asked, verb: 'touch', condition: 'none' });
      return result;
    },
  },
  {
    title: 'a put with an ETag adds where nothing is',
    breaks: 'a put with an ETag adds nothing where there is no entry or it has expired',
    plant: (run) => async (asked) => {
      const result = await run(asked);
      return result.status === 'absent' ? run({ ...asked, condition: 'none' }) : result;
    },
  },
  {
    title: 'an empty value counts as absent',
    breaks: 'an empty value has an ETag too, and can be compared and told',
    plant: answers(
      ({ value, status }) => status === 'changed' && value?.length === 0 && { status: 'absent' },
    ),
  },
  {
    title: 'a delete if present of nothing is a miss',
    breaks: 'a delete if present says absent where there is nothing',
    plant: withoutCondition('delete', 'present'),
  },
  {
    title: 'a delete does not compare the ETag',
    breaks: 'a delete with an ETag removes only that value, and else tells the one that is there',
    plant: asks(
      ({ verb, condition }) => verb === 'delete' && condition === 'etag' && { condition: 'present' },
    ),
  },
  {
    title: 'a delete with another ETag says changed and deletes',
    breaks: 'a delete with an ETag removes only that value, and else tells the one that is there',
    plant: (run) => async (asked) => {
      const result = await run(asked);
      if (asked.verb === 'delete' && result.status === 'changed') await run(operation('delete', asked.key));
      return result;
    },
  },
  {
    title: 'exactly 1 MiB is too large for a condition',
    breaks: 'an ETag condition takes new and stored values of exactly 1 MiB',
    plant: (run) => async (asked) =>
      asked.condition === 'etag' && asked.value?.length === MIB
        ? failure('too_large_for_condition')
        : run(asked),
  },
  {
    title: 'a large new value is compared',
    breaks: 'an ETag condition refuses a new value over 1 MiB, and nothing changes',
    plant: asks(({ condition, value }) => condition === 'etag' && long(value) && { condition: 'present' }),
  },
  {
    title: 'a large stored value is compared',
    breaks: 'an ETag condition refuses a stored value over 1 MiB, on put and delete',
    plant: (run) => async (asked) => {
      const result = await run(asked);
      return result.status === 'too_large_for_condition' && !long(asked.value)
        ? run({ ...asked, condition: 'present' })
        : result;
    },
  },
  {
    title: 'every condition refuses large values',
    breaks: 'the other conditions have no such limit',
    plant: (run) => async (asked) =>
      asked.condition !== 'none' && long(asked.value) ? failure('too_large_for_condition') : run(asked),
  },
];

const ORDER_BUGS: PlantedBug[] = [
  {
    title: 'what needs a script is overtaken by what needs none',
    breaks: '200 operations on one key, sent without waiting, take effect in the order of the calls',
    plant: (run) => async (asked) => {
      if (asked.condition === 'etag') await nextTurn();
      return run(asked);
    },
  },
  {
    title: 'answers go to whoever asked last',
    breaks: 'large and small values, sent at once under many keys, each come back under their own',
    plant: (run) => {
      let last: Promise<Result> | undefined;
      return async (asked) => {
        const mine = run(asked);
        last = mine;
        await nextTurn();
        return asked.verb === 'get' ? last : mine;
      };
    },
  },
  {
    title: 'compare, then set: two steps that others can come between',
    breaks: '4 × 500 compare-and-set increments at once end at exactly 2000',
    plant: (run) => async (asked) => {
      if (asked.verb !== 'put' || asked.condition !== 'etag') return run(asked);
      const there = await run({ ...operation('get', asked.key), wantEtag: true });
      if (!there.etag?.equals(asked.etag as Buffer)) return { ...there, status: 'changed' };
      return run({ ...asked, condition: 'none' });
    },
  },
  {
    title: 'after close operations reject',
    breaks: 'after close an operation resolves with shutting_down; nothing ever rejects',
    plant: (run) => async (asked) => {
      const result = await run(asked);
      if (result.status === 'shutting_down') throw new Error('closed');
      return result;
    },
  },
];

export const PLANTED_BUGS: readonly PlantedBug[] = [
  ...VALUE_BUGS,
  ...LIFE_BUGS,
  ...CONDITION_BUGS,
  ...ORDER_BUGS,
];
