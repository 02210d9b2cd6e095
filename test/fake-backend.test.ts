// The ways in which the fake can be broken, each as its name says; its right behaviour is in contract-fake.test.ts.
import t from 'tap';
import { entry } from './contract/entry.js';
import { type BreakType, FakeBackend } from './fake-backend.js';

/** A write while broken, and what a second backend on the same store finds afterwards. */
async function broken(breaking: BreakType) {
  const backend = new FakeBackend();
  const key = Buffer.from('key');
  backend.breaking = breaking;
  const { status, outcome } = await entry(backend, key).put('v', { deadlineMs: 30 });
  const stored = (await entry(new FakeBackend(backend.store), key).get()).status === 'ok';
  return { status, outcome, stored };
}

t.test('slow: right, but later', async (t) => {
  t.same(await broken('slow'), { status: 'ok', outcome: 'applied', stored: true });
});

t.test('fails_at_once and fails_later: refused, and nothing is done', async (t) => {
  const refused = { status: 'backend_refused', outcome: 'not_applied', stored: false };
  t.same(await broken('fails_at_once'), refused);
  t.same(await broken('fails_later'), refused);
});

t.test('never_answers: timeout at the deadline, and nobody knows that it was done', async (t) => {
  t.same(await broken('never_answers'), { status: 'timeout', outcome: 'unknown', stored: true });
});

t.test('unreachable: nothing is done; connection_lost: it was done, and nobody knows', async (t) => {
  const status = 'backend_unreachable';
  t.same(await broken('unreachable'), { status, outcome: 'not_applied', stored: false });
  t.same(await broken('connection_lost'), { status, outcome: 'unknown', stored: true });
});

t.test('of a read that is not answered the outcome is known: it changes nothing', async (t) => {
  const backend = new FakeBackend();
  backend.breaking = 'connection_lost';
  t.equal((await entry(backend, Buffer.from('key')).get()).outcome, 'not_applied');
});

t.test('close ends what is still under way', async (t) => {
  const backend = new FakeBackend();
  backend.breaking = 'never_answers';
  const put = entry(backend, Buffer.from('key')).put('v');
  await backend.close();
  t.match(await put, { status: 'shutting_down', outcome: 'unknown' });
});
