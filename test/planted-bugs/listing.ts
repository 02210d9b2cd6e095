// Ways to plant a bug in a list: do it otherwise, or show another page. Used by lists.ts and pages.ts.
import type { KeyPage, Operation, Result } from '../../src/backend.js';
import type { Run } from './bug.js';

/** A list that is done otherwise. */
export const lists =
  (how: (run: Run, asked: Operation) => Promise<Result>) =>
  (run: Run): Run =>
  (asked) =>
    asked.verb === 'list' ? how(run, asked) : run(asked);

/** A list with another page. */
export const shows = (change: (page: KeyPage, asked: Operation) => KeyPage) =>
  lists(async (run, asked) => {
    const result = await run(asked);
    if (!result.value) return result;
    return { ...result, value: Buffer.from(JSON.stringify(change(JSON.parse(String(result.value)), asked))) };
  });
