// The lines of the doctor as people read them, and as JSON; and the exit code. Called by main.ts.
import type { Check } from './check.js';

const MARKS = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' };

export interface Report {
  version: string;
  /** Nothing fails; there can be warnings. */
  ok: boolean;
  checks: Check[];
}

export function reportOf(version: string, checks: Check[]): Report {
  return { version, ok: checks.every(({ state }) => state !== 'fail'), checks };
}

/** One line for each check, and one over all. */
export function asText({ version, checks }: Report): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.map(
    ({ name, state, says, fix }) =>
      `${MARKS[state]} ${name.padEnd(width)}  ${oneLine(says)}${fix ? `  → ${oneLine(fix)}` : ''}`,
  );
  const count = (state: Check['state']) => checks.filter((check) => check.state === state).length;
  const end = `azurecache ${version}: ${count('ok')} ok, ${count('warn')} to look at, ${count('fail')} to mend`;
  return [...lines, end, ''].join('\n');
}

/** What others have named (files, users, hosts) can hold line breaks. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').trim();
}
