// Runs tests that are themselves Windows programs (on-windows/*.js, written for node:test) and makes each of them an
// assert of the test that asked.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { runProgram } from './program.js';

const FOLDER = fileURLToPath(new URL('on-windows', import.meta.url));

/** Expects every test of the script to pass, and as many as `count` of them. */
export async function passesOnWindows(
  t: Test,
  name: string,
  count: number,
  env: Record<string, string | undefined>,
): Promise<void> {
  const options = ['--test-reporter=tap', '--test-reporter-destination=stdout'];
  const { code, stdout, stderr } = await runProgram({ args: [join(FOLDER, name)], options, env });
  const points = [...stdout.matchAll(/^(not )?ok \d+ - (.*?)\r?$/gm)];
  for (const [, not, title = ''] of points) t.ok(not === undefined, title);
  t.equal(points.length, count, 'every test of it was run');
  t.equal(code, 0, 'exit code');
  if (code !== 0) t.comment(stdout + stderr);
}
