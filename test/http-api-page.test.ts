// docs/http-api.md as a newcomer reads it: its lines typed in their order, on the embedded backend, do what the page says.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { put } from './fixtures/ask.js';
import { startSidecar } from './fixtures/sidecar.js';

const page = readFileSync(fileURLToPath(new URL('../docs/http-api.md', import.meta.url)), 'utf8');
const onBash = { skip: process.platform === 'win32' && 'the lines are for bash' };
const isCommand = (line: string) => /^(curl|TOKEN=)/.test(line);

interface Typed {
  command: string;
  /** The lines below it, up to the next command. */
  answer: string[];
}

/** What is indented on the page, one command after the other. */
function typed(): Typed[] {
  const found: Typed[] = [];
  for (const block of page.match(/(?:^ {4}.*\n(?:\n(?= {4}))?)+/gm) ?? []) {
    const lines = block.trimEnd().replaceAll(/^ {4}/gm, '').split('\n');
    if (!isCommand(lines[0] as string)) continue;
    for (const line of lines)
      if (isCommand(line)) found.push({ command: line, answer: [] });
      else found.at(-1)?.answer.push(line);
  }
  return found;
}

/** Types commands into one shell, which ends where a variable is empty that must not be; what each has printed. */
async function type(folder: string, url: string, commands: string[]) {
  const shell = spawn('bash', ['-u'], { cwd: folder, env: { PATH: process.env.PATH, U: url } });
  let stdout = '';
  let stderr = '';
  shell.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  shell.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  for (const command of commands)
    shell.stdin.write(`${command.startsWith('curl') ? `${command} -sS` : command}\nprintf '\\036'\n`);
  shell.stdin.end();
  const [code] = await once(shell, 'close');
  return { code, stderr, printed: stdout.split('\x1e').slice(0, -1) };
}

const endless = ({ command }: Typed) => command.startsWith('curl -N');

t.test('its lines, typed in their order, are answered as the page says', onBash, async (t) => {
  await using sidecar = await startSidecar();
  const lines = typed().filter((line) => !endless(line));
  t.ok(lines.length > 30, 'there are many');
  const { code, stderr, printed } = await type(
    t.testdir(),
    sidecar.url,
    lines.map(({ command }) => command),
  );
  t.equal(stderr, '');
  t.equal(code, 0);
  t.equal(printed.length, lines.length);
  for (const [n, { command, answer }] of lines.entries()) {
    const got = printed[n] as string;
    if (/^curl -[iI] /.test(command)) t.match(got, /^HTTP\/1\.1 20[014] /, command);
    else t.equal(got.trimEnd(), answer.join('\n'), command);
  }
});

t.test('no line writes past the lock that it could not take', onBash, async (t) => {
  await using sidecar = await startSidecar();
  const withToken = typed().filter(({ command }) => command.includes('Lock-Token'));
  t.ok(withToken.length >= 5);
  for (const { command } of withToken) {
    const { code, stderr, printed } = await type(t.testdir(), sidecar.url, ['TOKEN=', command]);
    t.not(code, 0, command);
    t.match(stderr, /TOKEN: locked/);
    t.equal(printed.length, 1);
  }
});

t.test('the events come as they are shown', onBash, async (t) => {
  await using sidecar = await startSidecar();
  const shown = typed().find(endless) as Typed;
  const curl = spawn('bash', ['-c', `exec ${shown.command} -sS`], {
    env: { PATH: process.env.PATH, U: sidecar.url },
  });
  let got = '';
  for await (const text of curl.stdout.setEncoding('utf8')) {
    const before = got;
    got += text;
    if (!before.includes('event: reset') && got.includes('event: reset')) await put(sidecar, 'user:42', 'v');
    if (got.includes('user:42')) break;
  }
  curl.kill();
  t.equal(got.trimEnd(), shown.answer.join('\n'));
});
