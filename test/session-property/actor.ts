// One request of a run: what it has loaded, the session object it has now, and what it asks of the store. Every save
// and touch that it or the middleware asks for is told here before the store has it, and every operation that came of
// one is told here before the store has the answer.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Operation, Result } from '../../client/dist/transport/operation.js';
import type { HttpAnswer } from '../fixtures/http.js';
import { COOKIE_MINUTES, type Content, contentOf, same, show, without } from './content.js';
import type { Visit } from './frameworks/framework.js';
import type { Asker } from './gate.js';
import type { Step } from './plan.js';
import type { Run } from './run.js';
import { type Save, View } from './view.js';

/** Who is at work, and for which save. Goes along with everything that is awaited. */
const scene = new AsyncLocalStorage<{ actor: Actor; save?: Save }>();

export const actorNow = () => scene.getStore()?.actor;

export function askerNow(): Asker | undefined {
  const { actor, save } = scene.getStore() ?? {};
  return (
    actor && {
      waiting: actor.run.waiting,
      laneOf: ({ key }) => `${actor.index} ${key}`,
      happened: (operation, result) => actor.happened(operation, result, save),
    }
  );
}

export class Actor {
  readonly run: Run;
  readonly index: number;
  readonly steps: readonly Step[];
  /** Called when the request is there. */
  arrived = () => {};
  answer: HttpAnswer | undefined;
  /** What its last load had to find; undefined = no session. */
  found: Content | undefined;
  /** Of every session object it had. */
  readonly views: View[] = [];
  /** Undefined when it has no session any more. */
  view: View | undefined;
  /** What a session is that is being made in place of another. */
  #fresh: Content | undefined;

  constructor(run: Run, index: number, steps: readonly Step[]) {
    this.run = run;
    this.index = index;
    this.steps = steps;
  }

  fault(what: string): void {
    this.run.fault(`request ${this.index}: ${what}`);
  }

  /** Does something in the name of this request. */
  play<T>(work: () => T): T {
    return scene.run({ actor: this }, work);
  }

  /** The middleware lets it begin. */
  begins({ id, data }: Visit): void {
    const known = id === this.run.ids[0];
    if (known !== (this.found !== undefined))
      this.fault(
        known ? 'it has got a session that had ended' : 'it has got a new session instead of its own',
      );
    if (known && this.found) this.loads(id, data, this.found);
    else this.has(id, data, {}, { cookie: COOKIE_MINUTES });
  }

  /** It has a session object of what was found. */
  loads(id: string, data: object, found: Content): void {
    this.has(id, data, without(found, this.run.site.framework.hidden));
  }

  /** It has a session object: of what was loaded, or of nothing. */
  has(id: string, data: object, loaded: Content, now = loaded): void {
    this.view = new View(id, loaded, now);
    this.views.push(this.view);
    this.#compare(data, this.view);
  }

  /** Its session object is being replaced by a new one, which the framework may save at once. */
  async renews({ fresh }: Visit, work: () => Promise<unknown>): Promise<void> {
    this.#fresh = fresh;
    await work();
    this.#fresh = undefined;
  }

  /** The store is asked for a save or a touch, which `work` is. */
  saves<T>(id: string, data: object, touchOnly: boolean, work: () => T): T {
    if (this.view?.id !== id && this.#fresh) this.has(id, data, {}, this.#fresh);
    const { view } = this;
    if (view?.id !== id) {
      this.fault('a session was saved under an id that is not its own');
      return work();
    }
    this.#compare(data, view);
    this.run.tell(`${this.index} asks for a ${touchOnly ? 'touch' : 'save'} of ${show(view.now)}`);
    return scene.run({ actor: this, save: view.save(touchOnly) }, work);
  }

  /** An operation on a session was done. */
  happened({ verb, key = '', value, ttlKind, ttlMs = 0 }: Operation, { status }: Result, save?: Save): void {
    const { model } = this.run;
    const id = key.slice('sess:'.length);
    this.run.tell(`${this.index} ${verb} ${id}: ${status}`);
    if (verb === 'delete') model.deleted(id);
    // What a save reads is its own business.
    if (verb === 'get' && !save) this.found = model.read(id);
    if (status !== 'ok' || verb === 'get' || verb === 'delete') return;
    if (ttlKind !== 'for') this.fault(`a life of the kind ${ttlKind}`);
    if (verb === 'touch') model.touched(id, ttlMs);
    else if (save) model.wrote(id, save, String(value), ttlMs);
    else this.fault('a put that no save has asked for');
  }

  #compare(data: object, { now }: View): void {
    const is = contentOf(data);
    if (!same(is, now)) this.fault(`the session object is ${show(is)}, where ${show(now)} was due`);
  }
}
