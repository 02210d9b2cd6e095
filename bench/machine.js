// Where and with what a measurement was made: without it a figure cannot be checked. Called by run.js.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, totalmem, type } from 'node:os';

/**
 * @param versions of what is inside the sidecar, from its ready line
 * @returns {[name: string, value: string][]}
 */
export function describeMachine(command, versions) {
  const [{ model }] = cpus();
  const packages = [
    'fastify',
    'edge-js',
    'redis',
    'ioredis',
    'connect-redis',
    '@fastify/session',
    'autocannon',
  ].map((name) => `${name} ${packageVersion(name)}`);
  return [
    ['Date', new Date().toISOString().slice(0, 10)],
    ['Command', `\`${command}\``],
    ['Commit', output('git', 'describe', '--always', '--dirty')],
    ['Processor', `${model.trim()}, ${cpus().length} cores for clients, sidecar and Redis together`],
    ['Memory, system', `${Math.round(totalmem() / 1024 ** 3)} GiB, ${type()} ${arch()}`],
    ['Node, .NET', `${process.version}, ${versions.dotnet}`],
    ['npm packages', packages.join(', ')],
    [
      'NuGet packages',
      `StackExchange.Redis ${versions.stackExchangeRedis}, Microsoft.Garnet ${versions.garnet}`,
    ],
    ['Redis', output('redis-server', '--version').match(/v=(\S+)/)?.[1] ?? 'unknown'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query fills it in
    ['webdis', output('dpkg-query', '--show', '--showformat=${Version}', 'webdis')],
  ];
}

function packageVersion(name) {
  return JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8'))
    .version;
}

/** What a command prints; "unknown" where there is no such command. */
function output(command, ...args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}
