// The client in a Windows program: it finds the pipe of its user and site by name, or goes where AZURE_CACHE_URL says.
import t from 'tap';
import { passesOnWindows } from './in-windows.js';
import { startWindowsSidecar } from './sidecar.js';

const SITE = `site${process.pid}`;

t.test('by the name of user and site, then by pipe:name, then by the TCP door: one cache', async (t) => {
  await using sidecar = await startWindowsSidecar({ defaultPipe: true, env: { WEBSITE_SITE_NAME: SITE } });
  t.match(sidecar.pipe, new RegExp(`^\\\\\\\\\\.\\\\pipe\\\\azurecache-.+-${SITE}$`));
  const name = sidecar.pipe.split('\\').at(-1);
  await passesOnWindows(t, 'client.js', 3, { VISITS: '0', WEBSITE_SITE_NAME: SITE });
  await passesOnWindows(t, 'client.js', 3, { VISITS: '2', AZURE_CACHE_URL: `pipe:${name}` });
  await passesOnWindows(t, 'client.js', 3, { VISITS: '4', AZURE_CACHE_URL: sidecar.url });
});

t.test('of another site it finds nothing', async (t) => {
  await using _ = await startWindowsSidecar({ defaultPipe: true, env: { WEBSITE_SITE_NAME: SITE } });
  await passesOnWindows(t, 'nobody.js', 1, {
    WEBSITE_SITE_NAME: `other${process.pid}`,
    AZURE_CACHE_PORT: '1',
  });
});
