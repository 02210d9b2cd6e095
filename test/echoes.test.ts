// Which changes are others' where own ones are reported too: in every order in which answer and report can come.
import t from 'tap';
import { Echoes } from '../src/echoes.js';

/** Plays what happens, one word each; answers which changes were told as others'. */
function play(...steps: (string | number)[]): string[] {
  const told: string[] = [];
  let now = 0;
  const echoes = new Echoes(
    (key) => told.push(key),
    () => now,
  );
  for (const step of steps) {
    if (typeof step === 'number') now += step;
    else if (step === 'sent') echoes.sent('a');
    else if (step === 'done') echoes.answered('a', true);
    else if (step === 'refused') echoes.answered('a', false);
    else if (step === 'clear') echoes.clear();
    else echoes.heard(step);
  }
  return told;
}

t.test('a change while nothing is under way is of others', async (t) => {
  t.same(play('a'), ['a']);
  t.same(play('a', 'b', 'a'), ['a', 'b', 'a'], 'each time');
  t.same(play('sent', 'b', 'done'), ['b'], 'what is under way on another key does not matter');
});

t.test('the echo of an own change is not told, before its answer or after it', async (t) => {
  t.same(play('sent', 'a', 'done'), []);
  t.same(play('sent', 'done', 'a'), []);
  t.same(play('sent', 'done', 900, 'a'), []);
});

t.test('what comes behind the echo is of others', async (t) => {
  t.same(play('sent', 'a', 'done', 'a'), ['a']);
  t.same(play('sent', 'done', 'a', 'a'), ['a']);
  t.same(play('sent', 'done', 'a', 'sent', 'done', 'a', 'a'), ['a']);
});

t.test('echoes that come late, after the next change was sent or even answered, are not told', async (t) => {
  t.same(play('sent', 'done', 'sent', 'a', 'done', 'a'), []);
  t.same(play('sent', 'done', 'sent', 'a', 'a', 'done'), []);
  t.same(play('sent', 'done', 'sent', 'done', 'a', 'a'), []);
  t.same(play('sent', 'done', 'sent', 'done', 'sent', 'a', 'done', 'a', 'a'), []);
  t.same(play('sent', 'done', 'sent', 'done', 'a', 'a', 'a'), ['a'], 'what comes behind them is');
  t.same(play('sent', 'done', 'sent', 'a', 'refused', 'a'), ['a']);
});

t.test('an own change without an echo hides nothing for longer than a second', async (t) => {
  t.same(play('sent', 'done', 1001, 'a'), ['a']);
});

t.test('what was heard while an operation was under way that changed nothing is of others', async (t) => {
  t.same(play('sent', 'a', 'refused'), ['a']);
  t.same(play('sent', 'refused', 'a'), ['a']);
  t.same(
    play('sent', 'sent', 'a', 'refused', 'done'),
    [],
    'but not while another is under way that may be it',
  );
  t.same(play('sent', 'sent', 'a', 'done', 'refused'), []);
});

t.test('of several at once that share an echo nothing is hidden afterwards', async (t) => {
  t.same(play('sent', 'sent', 'a', 'done', 'done', 'a'), ['a']);
  t.same(play('sent', 'sent', 'done', 'done', 'a'), []);
  t.same(play('sent', 'sent', 'done', 'a', 'done', 'a'), ['a']);
  t.same(play('sent', 'sent', 'done', 'done', 'a', 'a'), ['a']);
});

t.test('after a clear, answers to what was sent before are nothing', async (t) => {
  t.same(play('sent', 'clear', 'done', 'a'), ['a']);
  t.same(play('sent', 'a', 'clear', 'refused'), []);
  t.same(play('sent', 'done', 'clear', 'a'), ['a']);
});

t.test('an operation that is not answered holds a change of others up, but not for long', async (t) => {
  const told: string[] = [];
  const echoes = new Echoes((key) => told.push(key));
  echoes.sent('a');
  echoes.heard('a');
  t.same(told, []);
  // It keeps the process alive, which the timer under test does not.
  await new Promise((resolve) => setTimeout(resolve, 1300));
  t.same(told, ['a']);
  echoes.answered('a', true);
  echoes.heard('a');
  t.same(told, ['a', 'a']);
});
