// `azurecache doctor` as a Windows program, beside a sidecar.
import t from 'tap';
import { startRedis } from '../fixtures/redis.js';
import { runCommand } from '../fixtures/refused-start.js';
import { startWindowsSidecar } from './sidecar.js';

t.test(
  'doctor sees the runtime, the addon, the doors of the sidecar, and Redis: nothing to mend',
  async (t) => {
    await using redis = await startRedis();
    await using sidecar = await startWindowsSidecar({ env: { AZURE_CACHE_CONNECTION: redis.url } });
    const env = {
      AZURE_CACHE_CONNECTION: redis.url,
      AZURE_CACHE_SOCKET: sidecar.pipe,
      AZURE_CACHE_PORT: new URL(sidecar.url).port,
    };
    const { code, stdout, stderr } = await runCommand({ args: ['doctor'], env });
    t.equal(stderr, '');
    t.match(stdout, /^ok +node +Node .*, win32-x64$/m);
    t.match(stdout, /^ok +addon +loaded/m);
    t.match(stdout, /^ok +port .*sidecar/m);
    t.match(stdout, /^ok +socket .*sidecar/m);
    t.ok(stdout.includes(sidecar.pipe));
    t.match(stdout, /^ok +scripting/m);
    t.match(stdout, / 0 to mend$/m);
    t.equal(code, 0);
  },
);
