// What one request does with its session, step by step, as an application does: on `req.session`, with callbacks.
// Values are unlike in every request and step, so that a lost one can be told.
import { promisify } from 'node:util';
import type { Actor } from './actor.js';
import { hold } from './gate.js';
import type { Step } from './plan.js';

type Done = (error?: unknown) => void;

/** As much of `req` as is used here. */
export interface SessionRequest {
  sessionID: string;
  session?: Session;
}

type Session = Record<string, unknown> & {
  cookie: { maxAge: number };
  touch(): void;
  save(done: Done): void;
  reload(done: Done): void;
  destroy(done: Done): void;
  regenerate(done: Done): void;
};

interface Scene {
  actor: Actor;
  request: SessionRequest;
  session: Session;
  /** Of this request and step. */
  mark: string;
}

export async function playSteps(actor: Actor, request: SessionRequest): Promise<void> {
  for (const [index, step] of actor.steps.entries()) {
    const { session } = request;
    // It was destroyed; express-session has taken it away.
    if (!session) return;
    actor.run.tell(`${actor.index} ${step}`);
    await DO[step]({ actor, request, session, mark: `${actor.index}.${index}` });
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
  touch: ({ session }) => session.touch(),
  wait: ({ actor }) => hold(actor.run.waiting, undefined, async () => {}),
  save: ({ actor, session }) => actor.run.until(promisify(session.save).call(session)),
  'save, not awaited': ({ actor, session }) => void actor.run.until(promisify(session.save).call(session)),
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

function remember({ actor, session }: Scene, minutes: number): void {
  session.cookie.maxAge = minutes * 60_000;
  actor.view?.change('cookie', minutes);
}

/** Changes that were not saved are gone; of a session that has ended nothing can be loaded, and the object stays. */
async function reload({ actor, request, session }: Scene): Promise<void> {
  const failed = await actor.run.until(
    promisify(session.reload)
      .call(session)
      .then(
        () => false,
        () => true,
      ),
  );
  if (failed !== (actor.found === undefined))
    actor.fault(`a reload ${failed ? 'has failed' : 'has found a session that had ended'}`);
  if (!failed && request.session) actor.has(request.sessionID, request.session, actor.found);
}

async function destroy({ actor, request, session }: Scene): Promise<void> {
  actor.run.toEnd.add(request.sessionID);
  actor.view = undefined;
  await actor.run.until(promisify(session.destroy).call(session));
}

async function regenerate({ actor, request, session }: Scene): Promise<void> {
  actor.run.toEnd.add(request.sessionID);
  await actor.run.until(promisify(session.regenerate).call(session));
  if (request.session) actor.has(request.sessionID, request.session, undefined);
}
