// Bugs about tags, for the rules in contract/tags.ts and contract/tags-at-once.ts.
import { type KeyPage, type Operation, operation, type Result } from '../../src/backend.js';
import { answers, asks, type PlantedBug, type Run } from './bug.js';

const CARRY =
  'what was put with a tag is listed by it; a put without tags leaves them, others take their place';
const TEXT = 'a tag is any text of up to 255 bytes, as it is, and an entry has up to 100';
const SEVERAL = 'several tags are any of them, or all of them; a prefix narrows either';
const BETWEEN =
  'what carries one of several tags all the time is listed, though it is given another between two pages';
const HUNDRED =
  'of 100 tags all are wanted: pages are small, none of the keys is missing, and a clear has them all';
const REFUSED = 'a put that its condition refuses gives and takes no tags';
const ENDED = 'what was deleted or has expired carries no tags, and what is put there next has none of them';
const LIVES =
  'tags live as long as their entry: with each life that it is given, be it longer or without end';
const CLEAR = 'a clear by tag removes what carries it, says how many, and leaves all else';
const PAGES = '250 keys with a tag come in pages of about the size asked for, and none is missing';
const OTHERS = 'a list or clear by tag refuses the cursor of another, which would pass entries over';
const CURSOR = 'a list or clear by tag refuses a cursor that is none';
const SEEN = 'what is kept about tags is not seen: a list has the entries alone';
const ORDER =
  'puts with and without tags on one key, sent without waiting, take effect in the order of the calls';
const LOST =
  'a put with tags is never lost to a list or clear at the same time: what carries a tag is found by it';
const SPARED =
  'a clear by tag spares what has lost the tag, and what it has removed no compare-and-set brings back';

const tags = ({ extras }: Operation) => extras?.tags;
const putsTags = (asked: Operation) => asked.verb === 'put' && tags(asked) !== undefined;
const byTag = (asked: Operation) => asked.verb !== 'put' && tags(asked) !== undefined;

/** The same with other tags. */
const retagged = (change: (tags: string[], asked: Operation) => string[], when = (_: Operation) => true) =>
  asks((asked) => {
    const named = tags(asked);
    return named !== undefined && when(asked) && { extras: { ...asked.extras, tags: change(named, asked) } };
  });

/** What lies there, put once more with other extras. */
async function putAgain(run: Run, { key }: Operation, extras: Operation['extras']): Promise<void> {
  const { value } = await run(operation('get', key));
  if (value) await run({ ...operation('put', key), value, extras, ttlKind: 'keep', ttlMs: 1 });
}

const afterwards =
  (when: (asked: Operation, result: Result) => boolean, extras: (asked: Operation) => Operation['extras']) =>
  (run: Run): Run =>
  async (asked) => {
    const result = await run(asked);
    if (when(asked, result)) await putAgain(run, asked, extras(asked));
    return result;
  };

/** Over all connections. */
let clears = 0;

export const tagBugs: PlantedBug[] = [
  {
    title: 'a put without tags takes them away',
    breaks: CARRY,
    plant: asks((asked) => asked.verb === 'put' && !asked.extras && { extras: { untagged: true } }),
  },
  {
    title: 'tags stay what they were first',
    breaks: CARRY,
    plant: (run) => {
      const first = new Map<string, string[]>();
      return retagged((named, { key }) => {
        const before = first.get(String(key)) ?? named;
        first.set(String(key), before);
        return before;
      }, putsTags)(run);
    },
  },
  {
    title: 'tags cannot be taken away',
    breaks: CARRY,
    plant: asks((asked) => asked.extras?.untagged === true && { extras: undefined }),
  },
  {
    title: 'a list by tag says that it was applied',
    breaks: CARRY,
    plant: answers((_, asked) => asked.verb === 'list' && byTag(asked) && { outcome: 'applied' }),
  },
  {
    title: 'of a hundred tags one is lost',
    breaks: TEXT,
    plant: retagged((named) => named.slice(0, 99), putsTags),
  },
  {
    title: 'long tags are cut',
    breaks: TEXT,
    plant: retagged((named) => named.map((tag) => tag.slice(0, 40))),
  },
  {
    title: 'all is any',
    breaks: SEVERAL,
    plant: asks((asked) => byTag(asked) && { extras: { tags: tags(asked) ?? [] } }),
  },
  {
    title: 'any is the first',
    breaks: SEVERAL,
    plant: retagged(
      (named) => named.slice(0, 1),
      (asked) => byTag(asked) && !asked.extras?.all,
    ),
  },
  {
    title: 'a prefix narrows nothing by tag',
    breaks: SEVERAL,
    plant: asks((asked) => byTag(asked) && { key: Buffer.alloc(0) }),
  },
  {
    title: 'a list by any of several tags leaves out what carries one before the last: it counts as listed',
    breaks: BETWEEN,
    plant: (run) => {
      const seen = new Set<string>();
      return async (asked) => {
        const result = await run(asked);
        if (putsTags(asked) && (tags(asked)?.length ?? 0) > 1) seen.add(String(asked.key));
        if (!result.value || asked.verb !== 'list' || !byTag(asked)) return result;
        const { keys, cursor } = JSON.parse(String(result.value)) as KeyPage;
        const kept = keys.filter((key) => !seen.has(key));
        return { ...result, value: Buffer.from(JSON.stringify({ keys: kept, cursor })) };
      };
    },
  },
  {
    title: 'of many tags the last is not asked for',
    breaks: HUNDRED,
    plant: retagged(
      (named) => named.slice(0, 99),
      (asked) => byTag(asked) && asked.extras?.all === true,
    ),
  },
  {
    title: 'tags are written before the condition is looked at',
    breaks: REFUSED,
    plant: afterwards(
      (asked, { status }) => putsTags(asked) && status !== 'ok',
      ({ extras }) => extras,
    ),
  },
  {
    title: 'tags are taken away before the condition is looked at',
    breaks: REFUSED,
    plant: afterwards(
      (asked, { status }) => asked.extras?.untagged === true && status !== 'ok',
      () => ({ untagged: true }),
    ),
  },
  {
    title: 'tags outlive their entry',
    breaks: ENDED,
    plant: (run) => {
      const had = new Map<string, Operation['extras']>();
      return (asked) => {
        if (putsTags(asked)) had.set(String(asked.key), asked.extras);
        const before = had.get(String(asked.key));
        return run(asked.verb === 'put' && !asked.extras && before ? { ...asked, extras: before } : asked);
      };
    },
  },
  {
    title: 'a new number has the tags of what was there',
    breaks: ENDED,
    plant: (run) => {
      const had = new Map<string, Operation['extras']>();
      return async (asked) => {
        if (putsTags(asked)) had.set(String(asked.key), asked.extras);
        const result = await run(asked);
        const before = had.get(String(asked.key));
        if (asked.verb === 'increment' && before) await putAgain(run, asked, before);
        return result;
      };
    },
  },
  {
    title: 'a touch leaves the tags behind',
    breaks: LIVES,
    plant: afterwards(
      ({ verb, ttlKind }) => verb === 'touch' && ttlKind === 'for',
      () => ({ untagged: true }),
    ),
  },
  {
    title: 'a touch for ever leaves the tags behind',
    breaks: LIVES,
    plant: afterwards(
      ({ verb, ttlKind }) => verb === 'touch' && ttlKind === 'never',
      () => ({ untagged: true }),
    ),
  },
  {
    title: 'a read that renews leaves the tags behind',
    breaks: LIVES,
    plant: afterwards(
      ({ verb, ttlKind }) => verb === 'get' && ttlKind !== 'default',
      () => ({ untagged: true }),
    ),
  },
  {
    title: 'a use of what slides leaves the tags behind',
    breaks: 'the tags of an entry that slides live on with each use, be it a read or a lock',
    plant: afterwards(
      ({ verb, ttlKind }) => verb === 'get' && ttlKind === 'default',
      () => ({ untagged: true }),
    ),
  },
  {
    title: 'a clear by tag does nothing',
    breaks: CLEAR,
    plant: asks((asked) => asked.verb === 'clear' && byTag(asked) && { key: Buffer.from('none') }),
  },
  {
    title: 'a clear by all tags is by any',
    breaks: CLEAR,
    plant: asks((asked) => asked.verb === 'clear' && byTag(asked) && { extras: { tags: tags(asked) ?? [] } }),
  },
  {
    title: 'a clear by tag takes all that begins with the prefix',
    breaks: CLEAR,
    plant: asks((asked) => asked.verb === 'clear' && asked.key.length > 0 && { extras: undefined }),
  },
  {
    title: 'there is no second page by tag',
    breaks: PAGES,
    plant: (run) => async (asked) => {
      const result = await run(asked);
      if (!result.value || asked.verb !== 'list' || !byTag(asked)) return result;
      const { keys } = JSON.parse(String(result.value)) as KeyPage;
      return { ...result, value: Buffer.from(JSON.stringify({ keys })) };
    },
  },
  {
    title: 'a page by tag is of any size',
    breaks: PAGES,
    plant: asks((asked) => asked.verb === 'list' && byTag(asked) && { ttlMs: 0 }),
  },
  {
    title: 'a list by tag begins anew at a cursor that is none',
    breaks: CURSOR,
    plant: (run) => async (asked) => {
      const result = await run(asked);
      return byTag(asked) && result.status === 'cursor_invalid'
        ? run({ ...asked, value: Buffer.alloc(0) })
        : result;
    },
  },
  {
    title: 'a list by tag with the cursor of another is empty',
    breaks: OTHERS,
    plant: (run) => async (asked) => {
      const result = await run(asked);
      const taken = byTag(asked) && result.status === 'cursor_invalid' && /-\d+$/.test(String(asked.value));
      return taken ? { ...result, status: 'ok', value: Buffer.from('{"keys":[]}') } : result;
    },
  },
  {
    title: 'the keys of tags are listed',
    breaks: SEEN,
    plant: (run) => async (asked) => {
      const result = await run(asked);
      if (!result.value || asked.verb !== 'list' || byTag(asked)) return result;
      const { keys, cursor } = JSON.parse(String(result.value)) as KeyPage;
      return { ...result, value: Buffer.from(JSON.stringify({ keys: [...keys, '\0tags\0'], cursor })) };
    },
  },
  {
    title: 'a put with tags is overtaken',
    breaks: ORDER,
    plant: (run) => async (asked) => {
      if (putsTags(asked)) await new Promise(setImmediate);
      return run(asked);
    },
  },
  {
    title: 'after a clear by tag a put loses its tags',
    breaks: LOST,
    plant: (run) => {
      return (asked) => {
        if (asked.verb === 'clear') clears += 1;
        return run(putsTags(asked) && clears > 3 ? { ...asked, extras: undefined } : asked);
      };
    },
  },
  {
    title: 'a clear by tag lists, then deletes: two steps that others can come between',
    breaks: SPARED,
    plant: (run) => async (asked) => {
      if (asked.verb !== 'clear' || !byTag(asked)) return run(asked);
      const { value } = await run({ ...asked, verb: 'list' });
      const { keys, cursor } = JSON.parse(String(value)) as KeyPage;
      const results = await Promise.all(keys.map((key) => run(operation('delete', Buffer.from(key)))));
      const removed = results.filter(({ status }) => status === 'ok').length;
      const done = await run(operation('ping', Buffer.alloc(0)));
      return { ...done, outcome: 'applied', value: Buffer.from(JSON.stringify({ removed, cursor })) };
    },
  },
];
