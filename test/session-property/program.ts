// What one request does with its session, step by step, as an application does. Values are unlike in every request and
// step, so that a lost one can be told.
import type { Actor } from './actor.js';
import type { Visit } from './frameworks/framework.js';
import { hold } from './gate.js';
import type { Step } from './plan.js';

interface Scene {
  actor: Actor;
  visit: Visit;
  session: Record<string, unknown>;
  /** Of this request and step. */
  mark: string;
}

export async function playSteps(actor: Actor, visit: Visit): Promise<void> {
  for (const [index, step] of actor.steps.entries()) {
    const { session } = visit;
    // It was destroyed, and the framework has taken it away.
    if (!session) return;
    actor.run.tell(`${actor.index} ${step}`);
    await DO[step]({ actor, visit, session, mark: `${actor.index}.${index}` });
  }
}

const DO: Record<Step, (scene: Scene) => void | Promise<void>> = {
  'set own': (scene) => change(scene, own(scene), { list: [scene.mark] }),
  'push own': push,
  'delete own': (scene) => change(scene, own(scene), undefined),
  'set shared': (scene) => change(scene, 'shared', scene.mark),
  'delete shared': (scene) => change(scene, 'shared', undefined),
  'set flag': (scene) => change(scene, 'flag', true),
  'delete flag': (scene) => change(scene, 'flag', undefined),
  'set user': (scene) => change(scene, 'user', { id: scene.mark }),
  'delete user': (scene) => change(scene, 'user', undefined),
  add,
  'remember 20 min': (scene) => remember(scene, 20),
  'remember 2 h': (scene) => remember(scene, 120),
  'remember 30 d': (scene) => remember(scene, 43_200),
  touch: ({ visit }) => visit.touch?.(),
  wait: ({ actor }) => hold(actor.run.waiting, undefined, async () => {}),
  save,
  'save, not awaited': (scene) => void save(scene),
  reload,
  destroy,
  regenerate,
};

const own = ({ actor }: Scene) => `own${actor.index}`;

function change({ actor, session }: Scene, field: string, value: unknown): void {
  if (value === undefined) delete session[field];
  else session[field] = value;
  actor.view?.change(field, value);
}

/** Changes a value in its place. */
function push(scene: Scene): void {
  const there = scene.session[own(scene)] as { list: string[] } | undefined;
  there?.list.push(scene.mark);
  change(scene, own(scene), there ?? { list: [scene.mark] });
}

/** Each request adds to a digit of its own. */
function add(scene: Scene): void {
  const { actor, session } = scene;
  const more = 10 ** actor.index;
  change(scene, 'hits', Number(session.hits ?? 0) + more);
  if (actor.view) actor.view.added += more;
}

function remember({ actor, visit }: Scene, minutes: number): void {
  visit.remember(minutes);
  actor.view?.change('cookie', minutes);
}

function save({ actor, visit }: Scene): Promise<void> {
  return actor.run.until(
    visit.save().then(
      () => {},
      (error) => actor.fault(`a save has failed: ${error}`),
    ),
  );
}

/** Changes that were not saved are gone; of a session that has ended nothing can be loaded. */
async function reload({ actor, visit }: Scene): Promise<void> {
  if (!visit.reload) return;
  const { session } = visit;
  const failed = await actor.run.until(
    visit.reload().then(
      () => false,
      () => true,
    ),
  );
  // Where it fails the object stays; or there is one of nothing, in which the framework does not say so.
  if (failed && !actor.found) return;
  if (failed || visit.session === session) actor.fault('a reload has failed');
  else if (actor.found) actor.loads(visit.id, visit.data, actor.found);
  else actor.has(visit.id, visit.data, {}, visit.fresh);
}

async function destroy({ actor, visit }: Scene): Promise<void> {
  actor.run.toEnd.add(visit.id);
  actor.view = undefined;
  await actor.run.until(visit.destroy());
}

async function regenerate({ actor, visit }: Scene): Promise<void> {
  const { id } = visit;
  actor.run.toEnd.add(id);
  await actor.run.until(actor.renews(visit, () => visit.regenerate()));
  if (actor.view?.id === id) actor.has(visit.id, visit.data, {}, visit.fresh);
}
