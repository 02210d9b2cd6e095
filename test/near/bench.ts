// A near cache over a server, in a time of its own: the bench of its tests.
import { type Operation, operation, type Result } from '../../src/backend.js';
import { NearCache } from '../../src/near-cache.js';
import { Timeline } from './timeline.js';
import { WatchedServer } from './watched-server.js';

type Asked = Partial<Operation>;

export interface Bench {
  time: Timeline;
  server: WatchedServer;
  near: NearCache;
  /** Through the near cache; for a minute, if nothing else is said. Times pass until it is answered. */
  run(verb: Operation['verb'], key: string, asked?: Asked): Promise<Result>;
  /** The same without letting time pass. */
  begin(verb: Operation['verb'], key: string, asked?: Asked): Promise<Result>;
  get(key: string, asked?: Asked): Promise<Result>;
  put(key: string, value: string, asked?: Asked): Promise<Result>;
  /** Past the near cache, by somebody else. */
  foreign(verb: Operation['verb'], key: string, asked?: Asked): Result;
  /** Reads the key until it must be held, and forgets that the server was asked. */
  hold(key: string, asked?: Asked): Promise<void>;
  /** How many gets the server was asked for since the last time. */
  asked(): number;
}

export interface BenchOptions {
  alone?: boolean;
  maxBytes?: number;
  /** Another one, with a bug in it. */
  Near?: typeof NearCache;
}

export function operationOf(verb: Operation['verb'], key: string, asked: Asked = {}): Operation {
  const lives = verb === 'put' || verb === 'touch' || verb === 'increment';
  const life = lives ? ({ ttlKind: 'for', ttlMs: 60_000 } as const) : {};
  return { ...operation(verb, Buffer.from(key)), deadlineMs: 2000, ...life, ...asked };
}

/** Ready to serve: the first mark has come back. */
export async function openBench({
  alone = false,
  maxBytes = 2 ** 20,
  Near = NearCache,
}: BenchOptions = {}): Promise<Bench> {
  const time = new Timeline();
  const server = new WatchedServer(time, alone);
  const near = new Near(server, { maxBytes, clock: time });
  await time.pass(10);
  const begin = (verb: Operation['verb'], key: string, asked?: Asked) =>
    near.run(operationOf(verb, key, asked));
  const run = (verb: Operation['verb'], key: string, asked?: Asked) => time.until(begin(verb, key, asked));
  const asked = () => server.read.splice(0).length;
  return {
    ...{ time, server, near, begin, run, asked },
    get: (key, wish) => run('get', key, wish),
    put: (key, value, wish) => run('put', key, { value: Buffer.from(value), ...wish }),
    foreign: (verb, key, wish) => server.foreign(operationOf(verb, key, wish)),
    hold: async (key, wish) => {
      await run('get', key, wish);
      await run('get', key, wish);
      asked();
    },
  };
}
