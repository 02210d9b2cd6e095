// Faults that a store like this one can have, planted in it. The property must find each.

import type { Held } from '../../client/dist/session/held.js';
import { type Snapshot, takeSnapshot } from '../../client/dist/session/snapshot.js';
import type { Operation } from '../../client/dist/transport/operation.js';
import { askerNow } from './actor.js';
import type { Framework, Parts, Store } from './frameworks/framework.js';
import { hold } from './gate.js';

type SessionsOf = InstanceType<Parts['Sessions']>;
type Life = Parameters<SessionsOf['save']>[2];
type Rules = ConstructorParameters<Parts['Sessions']>[1];

export interface PlantedBug {
  title: string;
  /** The frameworks with which it can be; all, if not given. */
  on?: Framework['name'][];
  /** What stands below the store, with the bug. */
  parts?(parts: Parts): Parts;
  /** Puts the bug into the store itself. */
  store?(store: Store): void;
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    title: 'no compare-and-set: a save writes over whatever lies there',
    parts: withoutCondition('put'),
  },
  {
    title: 'what a save has merged in counts as seen by its request',
    parts: withSeen((held) => () => JSON.parse(held.stored?.text ?? '{}')),
  },
  {
    title: 'late snapshot: a save writes what the session is when its turn comes',
    store: (store) => {
      const set = store.set.bind(store);
      store.set = async (...args) => {
        await hold(askerNow()?.waiting ?? [], undefined, async () => {});
        return set(...args);
      };
    },
  },
  seenLate(),
  {
    title: 'a touch gives the life that its request knows of, whatever lies there by now',
    parts: withoutCondition('touch'),
  },
];

function withoutCondition(verb: Operation['verb']): (parts: Parts) => Parts {
  return ({ openTransport, Sessions }) => ({
    Sessions,
    openTransport: (options) => {
      const { run, ...transport } = openTransport(options);
      return {
        ...transport,
        run: (operation) => {
          const { condition: _, etag: __, ...without } = operation;
          return run(operation.verb === verb ? without : operation);
        },
      };
    },
  });
}

/**
 * After a save the request is taken to have seen something else than what it had at the call.
 * @param seen asked at the call, what it answers when the save has ended
 */
function withSeen(seen: (held: Held) => () => object): (parts: Parts) => Parts {
  return ({ openTransport, Sessions }) => ({
    openTransport,
    Sessions: class extends Sessions {
      readonly #dates: Rules['dates'];

      constructor(...given: ConstructorParameters<Parts['Sessions']>) {
        super(...given);
        this.#dates = given[1].dates;
      }

      override async save(held: Held, now: Snapshot, life: Life): Promise<void> {
        const session = seen(held);
        await super.save(held, now, life);
        held.seen = takeSnapshot({ ...session() }, JSON, this.#dates);
      }
    },
  });
}

/**
 * The store makes its calls of `save` before its `set` returns: what is set by then is what is saved. koa-session gives
 * a store a copy, which nothing changes.
 */
function seenLate(): PlantedBug {
  let saving: object = {};
  return {
    title: 'what a request changes while its save is under way counts as saved',
    on: ['express', 'fastify'],
    parts: withSeen(() => {
      const session = saving;
      return () => session;
    }),
    store: (store) => {
      const set = store.set.bind(store);
      store.set = (id, session, ...more) => {
        saving = session;
        return set(id, session, ...more);
      };
    },
  };
}
