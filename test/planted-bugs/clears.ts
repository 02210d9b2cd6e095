// Bugs about clear, for the rules in contract/clears.ts.
import { type ClearedPage, type KeyPage, type Operation, operation, type Result } from '../../src/backend.js';
import type { PlantedBug, Run } from './bug.js';

const WHICH = 'a clear removes the keys that begin with the prefix, says how many, and leaves all others';
const LITERAL = 'every character of the prefix of a clear stands for itself, wildcards and backslashes too';
const PAGES = '2500 keys are cleared in pages of about the size asked for, and none is left';
const HIDDEN = 'a clear leaves what nobody could ask for, and does not count what has expired';
const CURSOR =
  'a clear refuses a cursor that is none, and removes nothing then; that of a list leads on as well';

const clears =
  (how: (run: Run, asked: Operation) => Promise<Result>) =>
  (run: Run): Run =>
  (asked) =>
    asked.verb === 'clear' ? how(run, asked) : run(asked);

const told = (change: (page: ClearedPage, asked: Operation) => ClearedPage) =>
  clears(async (run, asked) => {
    const result = await run(asked);
    if (!result.value) return result;
    return { ...result, value: Buffer.from(JSON.stringify(change(JSON.parse(String(result.value)), asked))) };
  });

/** Removes the keys of the rule for which `goes` says yes, all on one page. */
const removes = (goes: (key: string, prefix: string) => boolean) =>
  clears(async (run, asked) => {
    let removed = 0;
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const { value } = await run({
        ...asked,
        verb: 'list',
        key: Buffer.from('contract:'),
        value: Buffer.from(cursor),
      });
      const page = JSON.parse(String(value)) as KeyPage;
      for (const key of page.keys)
        if (
          goes(key, String(asked.key)) &&
          (await run(operation('delete', Buffer.from(key)))).status === 'ok'
        )
          removed += 1;
      cursor = page.cursor;
    }
    const done = await run(operation('ping', Buffer.alloc(0)));
    return { ...done, outcome: 'applied', value: Buffer.from(JSON.stringify({ removed })) };
  });

export const clearBugs: PlantedBug[] = [
  {
    title: 'a clear ignores case',
    breaks: WHICH,
    plant: removes((key, prefix) => key.toLowerCase().startsWith(prefix.toLowerCase())),
  },
  {
    title: 'a clear leaves the key that is the prefix',
    breaks: WHICH,
    plant: removes((key, prefix) => key.startsWith(prefix) && key !== prefix),
  },
  { title: 'a clear does nothing', breaks: WHICH, plant: told(() => ({ removed: 3 })) },
  {
    title: 'a clear says that it was not applied',
    breaks: WHICH,
    plant: clears(async (run, asked) => ({ ...(await run(asked)), outcome: 'not_applied' })),
  },
  { title: 'a clear does not count', breaks: WHICH, plant: told((page) => ({ ...page, removed: 0 })) },
  {
    title: 'the prefix of a clear is a pattern',
    breaks: LITERAL,
    plant: removes((key, prefix) => {
      const stem = prefix.replace(/[*?]$/, '');
      return key.startsWith(stem);
    }),
  },
  {
    title: 'a backslash in the prefix of a clear is dropped',
    breaks: LITERAL,
    plant: removes((key, prefix) => key.startsWith(prefix.replaceAll('\\', ''))),
  },
  {
    title: 'a clear is of one page',
    breaks: PAGES,
    plant: told(({ removed }) => ({ removed })),
  },
  {
    title: 'a clear takes pages of any size',
    breaks: PAGES,
    plant: clears((run, asked) => run({ ...asked, ttlMs: 0 })),
  },
  {
    title: 'a clear takes what is hidden with it',
    breaks: HIDDEN,
    plant: (run) => {
      const hidden = new Set<string>();
      const cleared = clears(async (next, asked) => {
        for (const key of hidden)
          if (key.startsWith(String(asked.key))) await next(operation('delete', Buffer.from(key)));
        return next(asked);
      })(run);
      return (asked) => {
        if (asked.verb === 'put' && asked.key.includes(0)) hidden.add(String(asked.key));
        return cleared(asked);
      };
    },
  },
  {
    title: 'a clear counts what has expired',
    breaks: HIDDEN,
    plant: told((page) => ({ ...page, removed: page.removed + 1 })),
  },
  {
    title: 'a clear leaves what is no entry',
    breaks: 'a clear removes what is no entry too, as a delete does',
    plant: told((page) => ({ ...page, removed: 0 })),
  },
  {
    title: 'a clear begins anew at a cursor that is none',
    breaks: CURSOR,
    plant: clears(async (run, asked) => {
      const result = await run(asked);
      return result.status === 'cursor_invalid' ? run({ ...asked, value: Buffer.alloc(0) }) : result;
    }),
  },
  {
    title: 'a clear removes a page before it looks at the cursor',
    breaks: CURSOR,
    plant: clears(async (run, asked) => {
      const result = await run(asked);
      if (result.status === 'cursor_invalid') await run({ ...asked, value: Buffer.alloc(0), ttlMs: 10 });
      return result;
    }),
  },
];
