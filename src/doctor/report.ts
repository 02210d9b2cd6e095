// The lines of the doctor as people read them, and as JSON; and the exit code. Called by main.ts.
import type { Check } from './check.js';

/** A server may call itself whatever it likes. */
const LONGEST = 2000;

const MARKS = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' };

export interface Report {
  version: string;
  /** Nothing fails; there can be warnings. */
  ok: boolean;
  checks: Check[];
}

export function reportOf(version: string, checks: Check[]): Report {
  const plain = checks.map(({ says, fix, ...check }) => ({
    ...{ ...check, says: oneLine(says) },
    ...(fix !== undefined && { fix: oneLine(fix) }),
  }));
  return { version, ok: checks.every(({ state }) => state !== 'fail'), checks: plain };
}

/** One line for each check, and one over all. */
export function asText({ version, checks }: Report): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.map(
    ({ name, state, says, fix }) =>
      `${MARKS[state]} ${name.padEnd(width)}  ${says}${fix ? `  → ${fix}` : ''}`,
  );
  const count = (state: Check['state']) => checks.filter((check) => check.state === state).length;
  const end = `azurecache ${version}: ${count('ok')} ok, ${count('warn')} to look at, ${count('fail')} to mend`;
  return [...lines, end, ''].join('\n');
}

/** What others have named (files, users, hosts, servers) can hold line breaks, colours, and marks that turn a line around. */
function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST)} …` : line;
}
