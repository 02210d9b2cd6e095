// The Dockerfiles: the builder would take them, they keep to what is promised of them, and their health checks tell a
// sidecar that lives from one that does not. Their steps are played in test/long/containers.test.ts.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { validate } from 'dockerfile-utils';
import t from 'tap';
import { readDockerfile } from './fixtures/dockerfile.js';
import { cleanEnvironment, startSidecar } from './fixtures/sidecar.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const FILES = ['deploy/Dockerfile.linux', 'Dockerfile.windows'];

/** The exit code of a health check in a container whose port is this one. */
function healthOf(healthcheck: string[], env: Record<string, string>): Promise<number | null> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      healthcheck.slice(1),
      { env: { ...cleanEnvironment(), ...env } },
      () => resolve(child.exitCode),
    );
  });
}

for (const path of FILES) {
  const file = readDockerfile(join(root, path));
  const last = file.stages.at(-1) ?? [];
  const of = (keyword: string) => last.filter((step) => step.keyword === keyword);

  t.test(`${path}: the builder has nothing to say against it`, async (t) => {
    t.same(validate(file.text), []);
    // Else this would hold nothing.
    t.not(validate(file.text.replace('--interval=30s', '--interval=soon')).length, 0);
    t.not(validate(file.text.replace('EXPOSE', 'EXPOSES')).length, 0);
  });

  t.test(
    `${path}: base images have whole versions, and .NET is the one that the gateway asks for`,
    async (t) => {
      for (const stage of file.stages)
        t.match(stage[0]?.args[0], /^[a-z0-9./-]+:\d+\.\d+\.\d+-[a-z0-9-]+$/, 'name, version, system');
      const config = JSON.parse(
        readFileSync(join(root, 'dist/gateway/AzureCache.Gateway.runtimeconfig.json'), 'utf8'),
      );
      const [, major, minor] = /dotnet\/runtime:(\d+)\.(\d+)\./.exec(last[0]?.args[0] ?? '') ?? [];
      t.equal(config.runtimeOptions.framework.version, `${major}.${minor}.0`);
    },
  );

  t.test(
    `${path}: it runs as nobody of importance, without a shell, on the port of the settings`,
    async (t) => {
      const users = of('USER').map(({ args }) => args[0]);
      t.equal(users.length, 1);
      t.notMatch(users[0], /^(root|0|containeradministrator)$/i);
      t.same(
        of('EXPOSE').map(({ args }) => args),
        [['22233']],
      );
      const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
      const script = file.entrypoint[1]?.replaceAll('\\', '/');
      t.match(script, new RegExp(`/${bin.azurecache.replaceAll('.', '\\.')}$`));
      t.equal(file.healthcheck[0], file.entrypoint[0], 'one node for both');
      t.same(
        [...last].filter(({ keyword }) => /^(ADD|VOLUME|ONBUILD|MAINTAINER)$/.test(keyword)),
        [],
      );
    },
  );

  t.test(`${path}: the health check passes while the sidecar lives, and fails without one`, async (t) => {
    const sidecar = await startSidecar({ env: { AZURE_CACHE_API_TOKEN: 'a-token-of-the-test' } });
    const { port } = new URL(sidecar.url);
    t.equal(await healthOf(file.healthcheck, { AZURE_CACHE_PORT: port }), 0, 'no token is needed for it');
    await sidecar.stop();
    t.equal(await healthOf(file.healthcheck, { AZURE_CACHE_PORT: port }), 1);
    t.match(file.healthcheck.join(' '), '|| 22233', 'without the setting it asks the default port');
  });
}
