// Bugs about pages and cursors, for the rules in contract/pages.ts.
import { failure, type KeyPage, operation } from '../../src/backend.js';
import type { PlantedBug } from './bug.js';
import { lists, shows } from './listing.js';

const PAGES = '5000 keys come in pages of about the size asked for, and none is missing';
const ALL_THE_TIME =
  'a key that is there all the time is listed, whatever is put and deleted between the pages';
const CURSORS = 'a cursor that no list has given is refused, and a position made up gives no more than keys';

export const pageBugs: PlantedBug[] = [
  {
    title: 'pages are of the size they like',
    breaks: PAGES,
    plant: lists((run, asked) => run({ ...asked, ttlMs: 1000 })),
  },
  {
    title: 'without a size pages are small',
    breaks: PAGES,
    plant: lists((run, asked) => run({ ...asked, ttlMs: asked.ttlMs || 10 })),
  },
  {
    title: 'a list never ends',
    breaks: PAGES,
    plant: shows(({ keys }) => ({ keys, cursor: 'fake-0' })),
  },
  {
    title: 'there is no second page',
    breaks: PAGES,
    plant: shows(({ keys }) => ({ keys })),
  },
  {
    title: 'a cursor is a number of keys to skip, so that a delete moves what follows',
    breaks: ALL_THE_TIME,
    plant: lists(async (run, asked) => {
      const all: string[] = [];
      const from = Number(String(asked.value).slice('skip-'.length));
      for (let cursor: string | undefined = ''; cursor !== undefined; ) {
        const { value } = await run({ ...asked, value: Buffer.from(cursor), ttlMs: 1000 });
        const page = JSON.parse(String(value)) as KeyPage;
        all.push(...page.keys);
        cursor = page.cursor;
      }
      const to = from + (asked.ttlMs || 1000);
      const page = { keys: all.slice(from, to), cursor: to < all.length ? `skip-${to}` : undefined };
      return { ...(await run(operation('ping', Buffer.alloc(0)))), value: Buffer.from(JSON.stringify(page)) };
    }),
  },
  {
    title: 'deleted keys stay in the list',
    breaks: ALL_THE_TIME,
    plant: (run) => {
      const deleted = new Set<string>();
      const shown = shows(({ keys, cursor }) => ({ keys: [...keys, ...deleted], cursor }))(run);
      return (asked) => {
        if (asked.verb === 'delete') deleted.add(String(asked.key));
        return shown(asked);
      };
    },
  },
  {
    title: 'a bad cursor begins anew',
    breaks: CURSORS,
    plant: lists(async (run, asked) => {
      const result = await run(asked);
      return result.status === 'cursor_invalid' ? run({ ...asked, value: Buffer.alloc(0) }) : result;
    }),
  },
  {
    title: 'a bad cursor is an error without a name',
    breaks: CURSORS,
    plant: lists(async (run, asked) => {
      const result = await run(asked);
      return result.status === 'cursor_invalid' ? failure('internal') : result;
    }),
  },
  {
    title: 'a position made up gives what lies there',
    breaks: CURSORS,
    plant: shows(({ keys, cursor }, { value }) => ({
      ...{ keys: String(value) === 'fake-65' ? [...keys, 'half a key'] : keys, cursor },
    })),
  },
  {
    title: 'a cursor needs escaping in a URL',
    breaks: CURSORS,
    plant: shows(({ keys, cursor }) => ({ keys, cursor: cursor && `${cursor}=` })),
  },
];
