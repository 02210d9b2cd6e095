// docs/datacache.md: every method of DataCache has its row, and every row names tests that are there, or says why it is
// not supported. The list of methods is that of the .NET Framework's Microsoft.ApplicationServer.Caching.DataCache.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const METHODS = [
  ...[
    'Item',
    'Name',
    'Add',
    'Put',
    'Get',
    'GetIfNewer',
    'GetCacheItem',
    'Remove',
    'ResetObjectTimeout',
    'BulkGet',
  ],
  ...['GetAndLock', 'PutAndUnlock', 'Unlock', 'Increment', 'Decrement', 'Append', 'Prepend'],
  ...['CreateRegion', 'ClearRegion', 'RemoveRegion', 'GetSystemRegions', 'GetSystemRegionName'],
  ...['GetObjectsByTag', 'GetObjectsByAnyTag', 'GetObjectsByAllTags', 'GetObjectsInRegion'],
  ...['AddCacheLevelCallback', 'AddCacheLevelBulkCallback', 'AddRegionLevelCallback', 'AddItemLevelCallback'],
  ...['AddFailureNotificationCallback', 'RemoveCallback'],
];
const root = fileURLToPath(new URL('..', import.meta.url));
const rows = (readFileSync(`${root}docs/datacache.md`, 'utf8').split('## Errors')[0] as string)
  .split('\n')
  .filter((line) => line.startsWith('| `') || line.startsWith('| the '))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| ?|\|$/g, '').trim()));

t.test('every method has a row', async (t) => {
  const named = rows.flatMap(([method = '']) => [...method.matchAll(/`(\w+)/g)].map((match) => match[1]));
  for (const method of METHODS) t.ok(named.includes(method), method);
});

t.test(
  'every row says what it has become, and names its tests or the reason why there are none',
  async (t) => {
    for (const [method = '', here = '', tests = '', ...more] of rows) {
      t.same(more, [], `three cells: ${method}`);
      const files = [...tests.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string);
      if (here.startsWith('not supported')) t.match(here, /^not supported: \w.{20,}/, `a reason: ${method}`);
      else t.ok(here.length > 10 && files.length > 0, `tests: ${method}`);
      for (const file of files) t.ok(existsSync(root + file), `${file} is there`);
    }
  },
);
