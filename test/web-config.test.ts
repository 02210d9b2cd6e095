// The two web.config files of deploy/windows-site: well-formed, and nothing in them but what the modules of IIS document.
// That IIS takes them could not be tried here.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SaxesParser } from 'saxes';
import t from 'tap';
import packageJson from '../package.json' with { type: 'json' };

const DOCUMENTED: Record<string, string[]> = {
  configuration: [],
  'system.webServer': [],
  handlers: [],
  clear: [],
  add: [
    'name',
    'path',
    'verb',
    'modules',
    'resourceType',
    'requireAccess',
    'scriptProcessor',
    'type',
    'preCondition',
  ],
  // learn.microsoft.com/iis/extensions/httpplatformhandler/httpplatformhandler-configuration-reference
  httpPlatform: [
    ...['processPath', 'arguments', 'startupTimeLimit', 'startupRetryCount', 'rapidFailsPerMinute'],
    ...['requestTimeout', 'stdoutLogEnabled', 'stdoutLogFile', 'processesPerApplication'],
    ...['forwardWindowsAuthToken'],
  ],
  environmentVariables: [],
  environmentVariable: ['name', 'value'],
  // github.com/tjanczuk/iisnode, src/config/iisnode_schema.xml
  iisnode: [
    ...['node_env', 'nodeProcessCommandLine', 'interceptor', 'nodeProcessCountPerApplication'],
    ...['maxConcurrentRequestsPerProcess', 'maxNamedPipeConnectionRetry', 'namedPipeConnectionRetryDelay'],
    ...['maxNamedPipeConnectionPoolSize', 'maxNamedPipePooledConnectionAge', 'asyncCompletionThreadCount'],
    ...['initialRequestBufferSize', 'maxRequestBufferSize', 'uncFileChangesPollingInterval', 'watchedFiles'],
    ...[
      'gracefulShutdownTimeout',
      'loggingEnabled',
      'logDirectory',
      'debuggingEnabled',
      'debugHeaderEnabled',
    ],
    ...['debuggerPortRange', 'debuggerPathSegment', 'debuggerExtensionDll', 'debuggerVirtualDir'],
    ...['maxLogFileSizeInKB', 'maxTotalLogFileSizeInKB', 'maxLogFiles', 'devErrorsEnabled', 'flushResponse'],
    ...['enableXFF', 'promoteServerVars', 'configOverrides', 'recycleSignalEnabled', 'idlePageOutTimePeriod'],
  ],
  rewrite: [],
  rules: [],
  rule: ['name', 'enabled', 'patternSyntax', 'stopProcessing'],
  match: ['url', 'ignoreCase', 'negate'],
  action: ['type', 'url', 'appendQueryString', 'logRewrittenUrl'],
};

/** Every element of a file, with its attributes. @throws where it is not well-formed */
function read(name: string) {
  const found: { tag: string; attributes: Record<string, string> }[] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name: tag, attributes }) => found.push({ tag, attributes: { ...attributes } }));
  const path = fileURLToPath(new URL(`../deploy/windows-site/${name}/web.config`, import.meta.url));
  parser.write(readFileSync(path, 'utf8')).close();
  const one = (tag: string) => found.find((element) => element.tag === tag)?.attributes ?? {};
  return { found, one };
}

for (const name of ['httpplatform', 'iisnode'])
  t.test(`${name}/web.config is well-formed and has only what is documented`, async (t) => {
    const { found } = read(name);
    t.equal(found[0]?.tag, 'configuration');
    for (const { tag, attributes } of found)
      for (const attribute of [...Object.keys(attributes)])
        t.ok(DOCUMENTED[tag]?.includes(attribute), `${tag} ${attribute}`);
    for (const { tag } of found) t.ok(tag in DOCUMENTED, tag);
  });

t.test('HttpPlatformHandler starts the command of the package, and the app gets its port', async (t) => {
  const { one } = read('httpplatform');
  const { processPath, arguments: line = '' } = one('httpPlatform');
  t.equal(processPath, 'node.exe');
  const command = `./node_modules/${packageJson.name}/${packageJson.bin.azurecache}`;
  t.match(line.replaceAll('\\', '/'), `${command} run -- node.exe ./server.js`);
  t.same(one('environmentVariable'), { name: 'PORT', value: '%HTTP_PLATFORM_PORT%' });
  t.equal(one('add').modules, 'httpPlatformHandler');
});

t.test('iisnode loads what the package exports, and serves the app that it names', async (t) => {
  const { one } = read('iisnode');
  const [, specifier = ''] =
    /^node\.exe --import (\S+)$/.exec(one('iisnode').nodeProcessCommandLine ?? '') ?? [];
  t.equal(specifier, `${packageJson.name}/start`);
  t.ok('./start' in packageJson.exports);
  t.equal(one('add').path, one('action').url);
});
