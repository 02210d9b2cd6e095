// What a planted bug is, and the two usual ways to plant one: change what is asked, or what is answered.
import type { Backend, Operation, Result } from '../../src/backend.js';

export type Run = Backend['run'];

export interface PlantedBug {
  title: string;
  /** The title of the rule that must find it. */
  breaks: string;
  /** The same backend, with the bug. */
  plant(run: Run): Run;
}

/** Asks for something else than was asked. */
export const asks =
  (change: (asked: Operation) => Partial<Operation> | false) => (run: Run) => (asked: Operation) =>
    run({ ...asked, ...(change(asked) || {}) });

/** Answers something else than the answer. */
export const answers =
  (change: (result: Result, asked: Operation) => Partial<Result> | false) =>
  (run: Run) =>
  async (asked: Operation) => {
    const result = await run(asked);
    return { ...result, ...(change(result, asked) || {}) };
  };

/** Drops the condition from what is asked. */
export const withoutCondition = (verb: Operation['verb'], condition: Operation['condition']) =>
  asks((asked) => asked.verb === verb && asked.condition === condition && { condition: 'none' });
