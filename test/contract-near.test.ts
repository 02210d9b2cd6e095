// The contract through the near cache, which is a Backend like the one below it: on the fake, whose time is told, and on
// embedded Garnet, where it is always on.
import t from 'tap';
import type { Watched } from '../src/backend.js';
import { NearCache } from '../src/near-cache.js';
import { backendContract } from './contract.js';
import { FakeBackend } from './fake-backend.js';
import { FakeStore } from './fake-store.js';
import { openTestBridge } from './fixtures/bridge.js';

const MAX_BYTES = 64 * 1024 * 1024;
const store = new FakeStore();
const listeners: ((changed: { kind: 'everything' }) => void)[] = [];

/** Several on one store, of which each may change what another holds: so each tells all of whatever is done. */
class WatchedFake extends FakeBackend implements Watched {
  readonly alone = true;
  watch(listener: Parameters<Watched['watch']>[0]): void {
    listeners.push(listener);
  }
  mark(): void {}
  override async run(operation: Parameters<Watched['run']>[0]) {
    const result = super.run(operation);
    if (operation.verb !== 'get') for (const listener of listeners) listener({ kind: 'everything' });
    return result;
  }
}

const clock = {
  monotonicMs: () => store.clock.nowMs,
  wallMs: () => store.clock.nowMs,
  every: () => () => {},
};

backendContract(t, {
  name: 'near cache on the fake',
  open: async () => new NearCache(new WatchedFake(store), { maxBytes: MAX_BYTES, clock }),
  oneStore: true,
  advance: async (ms) => store.clock.advance(ms),
  plant: async (key) => {
    store.plantForeign(key);
    for (const listener of listeners) listener({ kind: 'everything' });
  },
});

backendContract(t, {
  name: 'near cache on embedded',
  open: async () => new NearCache(await openTestBridge({}), { maxBytes: MAX_BYTES }),
  oneStore: false,
  plant: 'embedded Garnet takes no commands but ours, so nothing foreign can get in',
});
