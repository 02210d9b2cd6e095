// Bugs about which keys a list has, for the rules in contract/lists.ts.
import type { KeyPage } from '../../src/backend.js';
import type { PlantedBug } from './bug.js';
import { lists, shows } from './listing.js';

const AS_THEY_ARE = 'a list has the keys that begin with the prefix, as they are, and no others';
const LITERAL = 'every character of a prefix stands for itself, wildcards and backslashes too';
const HIDDEN = 'keys that nobody could ask for are left out: no UTF-8, NUL in them, over 1,024 bytes';

/** All keys but those of which `keeps` says no, by a filter of the bug's own. */
const matches = (keeps: (key: string, prefix: string) => boolean) =>
  lists(async (run, asked) => {
    const result = await run({ ...asked, key: Buffer.from('contract:') });
    if (!result.value) return result;
    const { keys, cursor } = JSON.parse(String(result.value)) as KeyPage;
    const page = { keys: keys.filter((key) => keeps(key, String(asked.key))), cursor };
    return { ...result, value: Buffer.from(JSON.stringify(page)) };
  });

const glob = (prefix: string) => {
  const escaped = prefix.replaceAll(/[.+^${}()|\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}`, 's');
};

export const listBugs: PlantedBug[] = [
  {
    title: 'a list ignores case',
    breaks: AS_THEY_ARE,
    plant: matches((key, prefix) => key.toLowerCase().startsWith(prefix.toLowerCase())),
  },
  {
    title: 'a list wants the last letter of the prefix anywhere',
    breaks: AS_THEY_ARE,
    plant: matches((key, prefix) => {
      const start = prefix.slice(0, -1);
      return key.startsWith(start) && key.slice(start.length).includes(prefix.slice(-1));
    }),
  },
  {
    title: 'a list leaves out the key that is the prefix',
    breaks: AS_THEY_ARE,
    plant: matches((key, prefix) => key.startsWith(prefix) && key !== prefix),
  },
  {
    title: 'a list cuts the prefix off',
    breaks: AS_THEY_ARE,
    plant: shows(({ keys, ...rest }, { key }) => ({
      ...rest,
      keys: keys.map((one) => one.slice(key.length)),
    })),
  },
  {
    title: 'a list escapes what it shows',
    breaks: AS_THEY_ARE,
    plant: shows(({ keys, ...rest }) => ({ ...rest, keys: keys.map(encodeURIComponent) })),
  },
  {
    title: 'a list says that it was applied',
    breaks: AS_THEY_ARE,
    plant: lists(async (run, asked) => ({ ...(await run(asked)), outcome: 'applied' })),
  },
  {
    title: 'a prefix is a pattern',
    breaks: LITERAL,
    plant: matches((key, prefix) => glob(prefix).test(key)),
  },
  {
    title: 'a backslash takes what follows',
    breaks: LITERAL,
    plant: matches((key, prefix) => key.startsWith(prefix.replaceAll(/\\(.)/g, '$1'))),
  },
  {
    title: 'an empty prefix lists nothing',
    breaks: 'an empty prefix lists every key',
    plant: lists((run, asked) =>
      run({ ...asked, key: asked.key.length === 0 ? Buffer.from('none') : asked.key }),
    ),
  },
  {
    title: 'a list has what was there once',
    breaks: 'an entry that has expired or was deleted is not listed',
    plant: (run) => {
      const put = new Set<string>();
      const shown = shows(({ cursor }, { key }) => ({
        ...{ keys: [...put].filter((one) => one.startsWith(String(key))), cursor },
      }))(run);
      return (asked) => {
        if (asked.verb === 'put') put.add(String(asked.key));
        return shown(asked);
      };
    },
  },
  {
    title: 'keys that nobody could ask for are shown',
    breaks: HIDDEN,
    plant: (run) => {
      const hidden = new Set<string>();
      const shown = shows(({ keys, cursor }, { key }) => ({
        ...{ keys: [...keys, ...[...hidden].filter((one) => one.startsWith(String(key)))], cursor },
      }))(run);
      return (asked) => {
        if (asked.verb === 'put' && asked.key.includes(0)) hidden.add(String(asked.key));
        return shown(asked);
      };
    },
  },
  {
    title: 'what is no entry is not listed',
    breaks: 'what is no entry is listed too, as every key is',
    plant: shows(({ cursor }) => ({ keys: [], cursor })),
  },
];
