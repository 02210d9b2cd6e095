// Writes docs/configuration.md from the table of settings (dist/setting-names.js). With --check it writes nothing and
// ends with 1 if the page is not what it would write. Run by `npm run docs` and by test/docs.test.ts.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CLIENT_SETTINGS, SETTINGS } from '../dist/setting-names.js';

const INTRODUCTION = `<!-- Written by bin/docs.js from src/settings.ts. Do not edit: run npm run docs. -->
# Configuration

The sidecar needs no setting to start. What is set is read once, at the start, from three sources; the first that has a
setting wins:

1. flags: \`azurecache --key-prefix=shop:\` (what stands there is seen by everybody on the host: no secrets)
2. the environment: \`AZURE_CACHE_KEY_PREFIX=shop:\`
3. a file: \`azurecache.json\` in the working folder if there is one, or the one of \`--config\`, with
   \`{"keyPrefix": "shop:"}\`

- An empty value is as good as none. Relative paths start at the working folder.
- A name that is no setting is refused, in the environment every other name that begins with \`AZURE_CACHE_\`, and the
  message names the right one. So is a value that is not allowed. The sidecar then ends with one line that says why.
- In the file a value is a string, a number, \`true\` or \`false\`. A flag that takes true or false may stand alone.
- Without \`AZURE_CACHE_CONNECTION\` and \`AZURE_CACHE_IDENTIFIER\` the backend is embedded: nothing else to install.
- Not both: \`AZURE_CACHE_CONNECTION\` and \`AZURE_CACHE_IDENTIFIER\`; \`AZURE_CACHE_TOKEN\` and \`AZURE_CACHE_ENTRA\`;
  \`AZURE_CACHE_API_TOKEN\` and \`AZURE_CACHE_API_TOKEN_FILE\`; \`AZURE_CACHE_DATA_DIR\` and a backend that is not
  embedded; \`off\` for port and socket.
- An \`AZURE_CACHE_HOST\` that is not loopback needs \`AZURE_CACHE_ALLOW_REMOTE\` and a token: the sidecar speaks plain
  HTTP, and whoever reaches it can read and write everything.
- In a WebJob of App Service, \`WEBJOBS_PORT\` is the port where no source has one, and the sidecar ends in order once the
  file \`WEBJOBS_SHUTDOWN_FILE\` is there: [deploy/webjob](../deploy/webjob/README.md).
- \`azurecache --help\` and \`azurecache --version\` say what they say and end.
`;

const SOCKET = `## Where the socket is

| System | Socket or pipe, if \`AZURE_CACHE_SOCKET\` is not set |
|---|---|
| Linux, macOS | \`$XDG_RUNTIME_DIR/azurecache/azurecache.sock\`; without that variable \`azurecache-<uid>/azurecache.sock\` in the folder for temporary files |
| Windows | \`\\\\.\\pipe\\azurecache-<user>\`, on App Service \`\\\\.\\pipe\\azurecache-<user>-<WEBSITE_SITE_NAME>\` |

Beside it lies the discovery file, in which clients find every door: \`<socket>.json\`, on Windows
\`%LOCALAPPDATA%\\azurecache\\<pipe>.json\`. With \`AZURE_CACHE_SOCKET=off\` there is none.
`;

const { values } = parseArgs({
  options: { check: { type: 'boolean', default: false }, page: { type: 'string' } },
});
const path = values.page ?? fileURLToPath(new URL('../docs/configuration.md', import.meta.url));

const text = page();
if (!values.check) {
  writeFileSync(path, text);
} else if (readFileSync(path, 'utf8') !== text) {
  console.error('docs/configuration.md is not what the settings say. Run npm run docs.');
  process.exitCode = 1;
}

function page() {
  const groups = [...new Set(SETTINGS.map(({ group }) => group))];
  return `${INTRODUCTION}
${groups.map((group) => `## ${group}\n\n${table(SETTINGS.filter((setting) => setting.group === group))}`).join('\n')}
${SOCKET}
## Variables of the client

A web app often has one environment with its sidecar. The sidecar accepts these and does not use them:

| Variable | Meaning |
|---|---|
${CLIENT_SETTINGS.map(({ env, sentence }) => `| \`${env}\` | ${cell(sentence)} |\n`).join('')}
The client also reads \`AZURE_CACHE_API_TOKEN\` and \`AZURE_CACHE_API_TOKEN_FILE\`, with the meaning they have here.
`;
}

function table(settings) {
  const rows = settings.map(
    ({ env, flag, key, unit, defaultText, sentence, allowed }) =>
      `| \`${env}\` | \`--${flag}\` | \`${key}\` | ${unit ?? ''} | ${cell(defaultText)} | ${cell(sentence)} | ${cell(allowed)} |\n`,
  );
  return `| Variable | Flag | In the file | Unit | Default | What it does | It takes |\n|---|---|---|---|---|---|---|\n${rows.join('')}`;
}

/** Text that Markdown would read as something else: a bar ends a cell, a backslash and an asterisk vanish. */
function cell(plain) {
  return plain.replace(/[\\*|<]/g, '\\$&');
}
