// The contract on the fake, and the contract put to the test itself: for every rule there is a planted bug, and the
// rule must find it.
import { AssertionError } from 'node:assert';
import t from 'tap';
import type { Backend } from '../src/backend.js';
import { backendContract, type ContractOptions, openSubject, RULES } from './contract.js';
import { FakeBackend } from './fake-backend.js';
import { FakeStore } from './fake-store.js';
import type { PlantedBug } from './planted-bugs/bug.js';
import { PLANTED_BUGS } from './planted-bugs.js';

function fake(bug?: PlantedBug): ContractOptions {
  const store = new FakeStore();
  return {
    name: 'fake',
    open: async () => {
      const backend = new FakeBackend(store);
      const run = backend.run.bind(backend);
      return bug ? { run: bug.plant(run), close: () => backend.close() } : backend;
    },
    oneStore: true,
    advance: async (ms) => store.clock.advance(ms),
    plant: async (key) => store.plantForeign(key),
  };
}

backendContract(t, fake());

t.test('there is a planted bug for every rule, and a rule for every bug', async (t) => {
  t.same(new Set(PLANTED_BUGS.map(({ breaks }) => breaks)), new Set(RULES.map(({ title }) => title)));
});

for (const bug of PLANTED_BUGS)
  t.test(`planted: ${bug.title}; the contract finds it`, async (t) => {
    const rule = RULES.find(({ title }) => title === bug.breaks);
    const opened: Backend[] = [];
    t.teardown(() => Promise.all(opened.map((backend) => backend.close())));
    const subject = await openSubject(fake(bug), opened);
    const found = await rule?.holds(subject).catch((error: unknown) => error);
    // Another error would mean that the rule fell over, not that it found something.
    t.ok(found instanceof AssertionError, `found: ${found}`);
  });
