// What the planted bugs about locks have in common: which operation is what, and how they come about.
import { type Operation, operation, type Result } from '../../src/backend.js';
import type { PlantedBug, Run } from './bug.js';

export const locks = ({ verb }: Operation) => verb === 'lock';
export const unlocks = ({ verb }: Operation) => verb === 'unlock';
export const guarded = ({ verb, extras }: Operation) =>
  (verb === 'put' || verb === 'delete') && extras?.token !== undefined;
export const withoutToken = () => ({ extras: undefined });
export const put = (asked: Operation) => asked.verb === 'put' && guarded(asked);
export const deletes = (asked: Operation) => asked.verb === 'delete' && guarded(asked);

/** Does something else before or after what was asked, or in its place. */
export const beside =
  (does: (run: Run, asked: Operation) => Promise<Result>): PlantedBug['plant'] =>
  (run) =>
  (asked) =>
    does(run, asked);

/** Asks for something more once what was asked is answered with one of these. */
export const after = (
  which: (asked: Operation) => boolean,
  statuses: Result['status'][],
  next: (asked: Operation) => Partial<Operation>,
) =>
  beside(async (run, asked) => {
    const result = await run(asked);
    if (which(asked) && statuses.includes(result.status))
      await run({ ...operation('unlock', asked.key), extras: asked.extras, ...next(asked) });
    return result;
  });

/** Tokens are kept beside the backend: an unlock of whoever holds the key. */
export const freeing =
  (which: (asked: Operation) => boolean): PlantedBug['plant'] =>
  (run) => {
    const holders = new Map<string, Buffer>();
    return async (asked) => {
      const name = asked.key.toString('latin1');
      const token = which(asked) ? holders.get(name) : undefined;
      if (token) await run({ ...operation('unlock', asked.key), extras: { token } });
      const result = await run(asked);
      if (locks(asked) && result.status === 'ok') holders.set(name, asked.extras?.token as Buffer);
      return result;
    };
  };
