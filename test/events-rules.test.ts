// The rules of events.ts on a backend whose answers the test gives: what each answer is told as, and in which order.
import t from 'tap';
import { failure, type Operation, operation, type Result } from '../src/backend.js';
import { type EventName, Events } from '../src/events.js';

/** Events on such a backend, with one reader. */
function build(prefix = '') {
  const answers: ((result: Partial<Result>) => Promise<void>)[] = [];
  const told: string[] = [];
  const events = new Events({
    run: () =>
      new Promise((resolve) => {
        answers.push(async (result) => {
          resolve({ ...failure('internal'), status: 'ok', ...result });
          await new Promise(setImmediate);
        });
      }),
    close: async () => {},
  });
  const tell = (name: EventName, json: string) =>
    void told.push(`${name} ${Object.values(JSON.parse(json))}`);
  const leave = events.read({ prefix, tell, end: (reason) => void told.push(`end ${reason}`) });
  const ask = (verb: Operation['verb'], key: string, more: Partial<Operation> = {}) =>
    void events.run({ ...operation(verb, Buffer.from(key)), ...more });
  const keys = (...names: string[]) =>
    events.changed({ kind: 'keys', keys: names.map((name) => Buffer.from(name)) });
  return { events, answers, told, ask, keys, leave };
}

const applied = { outcome: 'applied' } as const;

t.test('those of one key are told in the order asked, whatever the order of the answers', async (t) => {
  const { answers, told, ask } = build();
  ask('put', 'a');
  ask('delete', 'a');
  ask('put', 'b');
  ask('touch', 'a');
  await answers[1]?.(applied);
  await answers[2]?.(applied);
  t.same(told, ['reset false', 'put b'], 'another key waits for nothing');
  await answers[0]?.({ status: 'absent', outcome: 'not_applied' });
  t.same(told.slice(2), ['delete a']);
  await answers[3]?.(applied);
  t.same(told.slice(3), ['touch a']);
});

t.test('what nobody knows the outcome of is a change, what was not done is nothing', async (t) => {
  const { answers, told, ask } = build();
  for (const verb of ['put', 'delete', 'touch', 'increment', 'append', 'prepend', 'get'] as const) {
    told.length = 0;
    const renewing = verb === 'get' ? ({ ttlKind: 'for', ttlMs: 5 } as const) : {};
    ask(verb, 'a', renewing);
    await answers.pop()?.({ status: 'timeout', outcome: 'unknown' });
    t.same(told, ['change a'], verb);
    ask(verb, 'a', renewing);
    await answers.pop()?.({ status: 'miss', outcome: 'not_applied' });
    t.equal(told.length, 1, verb);
  }
  told.length = 0;
  ask('clear', 'a');
  await answers.pop()?.({ status: 'timeout', outcome: 'unknown' });
  ask('get', 'a');
  await answers.pop()?.({});
  t.same(told, ['clear a']);
  ask('clear', '', { extras: { tags: ['x', 'y'] } });
  await answers.pop()?.(applied);
  ask('clear', 'b', { extras: { tags: ['x'], all: true } });
  await answers.pop()?.(applied);
  t.same(told.slice(1), ['clear ,x,y,false', 'clear b,x,true']);
});

t.test('reports of the backend: others’ changes by key, and resets when they begin and end', async (t) => {
  const { events, answers, told, ask, keys } = build('a');
  events.changed({ kind: 'lost' });
  t.same(told, ['reset false'], 'they were not told before either');
  events.changed({ kind: 'everything' });
  events.changed({ kind: 'proof', mark: 1 });
  keys('a1', 'b', 'a\0', 'a2');
  events.changed({ kind: 'keys', keys: [Buffer.from([0x61, 0xff])] });
  t.same(told.slice(1), ['reset true', 'change a1', 'change a2']);
  ask('put', 'a1');
  keys('a1');
  await answers.pop()?.(applied);
  t.same(told.slice(4), ['put a1'], 'its echo is not told');
  ask('put', 'a1');
  events.changed({ kind: 'lost' });
  await answers.pop()?.(applied);
  t.same(told.slice(5), ['reset false', 'put a1']);
});

t.test(
  'without readers everything goes straight to the backend; the end is told to those there are',
  async (t) => {
    const { events, answers, told, ask, leave } = build();
    leave?.();
    ask('put', 'a');
    await answers.pop()?.(applied);
    t.same(told, ['reset false']);
    const other = build();
    other.events.endReaders();
    other.ask('put', 'a');
    await other.answers.pop()?.(applied);
    t.same(other.told, ['reset false', 'end closing']);
    await events.close();
  },
);
