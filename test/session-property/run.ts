// One run of a plan: the requests go to the site over HTTP, and each time that nothing moves any more the plan says
// which of those that wait goes on, or which request is sent next. When all have their answers, the promises are
// checked. Everything that is not as it should be ends up in `faults`.
import { request } from '../fixtures/http.js';
import { Actor } from './actor.js';
import { free, type Waiting } from './gate.js';
import { Model } from './model.js';
import type { Plan } from './plan.js';
import { checkCookies, checkEntries } from './promises.js';
import { seedOf } from './seed.js';
import type { Site } from './site.js';

const DEADLINE_MS = 10_000;
/** Callbacks and promises that follow from what was done in this turn have all been called then. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

export class Run {
  readonly site: Site;
  readonly plan: Plan;
  readonly model: Model;
  readonly actors: readonly Actor[];
  readonly waiting: Waiting[] = [];
  /** The sessions that a request has asked to end. */
  readonly toEnd = new Set<string>();
  readonly faults: string[] = [];
  readonly story: string[] = [];
  /** Every id there was; all requests come with the first. */
  readonly ids: string[] = [];
  readonly #order: Iterator<number, undefined>;
  #open = 0;

  constructor(site: Site, plan: Plan) {
    this.site = site;
    this.plan = plan;
    this.#order = plan.order.values();
    this.model = new Model(plan.settings.conflict, (what) => this.fault(what));
    this.actors = plan.requests.map((steps, index) => new Actor(this, index, steps));
  }

  async play(): Promise<void> {
    const id = this.newId();
    const seed = seedOf(this.plan, this.site.framework.hidden);
    await this.site.put(id, seed);
    this.model.seed(id, seed);
    await this.#playOn(
      this.actors.map((actor) => ({
        go: () => this.#send(actor, id),
      })),
    );
    await checkEntries(this, seed.content);
    for (const actor of this.actors) checkCookies(actor, id);
  }

  newId(): string {
    const id = this.site.newId();
    this.ids.push(id);
    return id;
  }

  fault(what: string): void {
    this.faults.push(what);
    this.tell(`FAULT: ${what}`);
  }

  tell(what: string): void {
    this.story.push(this.ids.reduce((told, id, index) => told.replaceAll(id, `S${index}`), what));
  }

  /** The run is not over before this has ended. */
  async until<T>(work: Promise<T>): Promise<T> {
    this.#open += 1;
    try {
      return await work;
    } finally {
      this.#open -= 1;
    }
  }

  async #playOn(unsent: Waiting[]): Promise<void> {
    const end = performance.now() + DEADLINE_MS;
    for (;;) {
      await turn();
      const all = [...free(this.waiting), ...unsent];
      // Only where there is a choice a number is used up.
      const next = all.length > 1 ? all[(this.#order.next().value ?? 0) % all.length] : all[0];
      for (const list of [this.waiting, unsent])
        if (next && list.includes(next)) list.splice(list.indexOf(next), 1);
      if (next) await next.go();
      else if (this.#open === 0) return;
      else if (performance.now() > end) {
        this.site.hung = true;
        return this.fault('something hangs');
      }
    }
  }

  /** Resolves when it has arrived. */
  async #send(actor: Actor, id: string): Promise<void> {
    this.tell(`${actor.index} is sent`);
    const arrived = new Promise<void>((resolve) => {
      actor.arrived = resolve;
    });
    const { url, agent } = this.site;
    const headers = { cookie: this.site.framework.cookieOf(id) };
    const answered = request({ url, agent, path: `/${actor.index}`, headers }).then(
      (answer) => {
        actor.answer = answer;
      },
      (error) => this.fault(String(error)),
    );
    this.until(answered);
    await Promise.race([arrived, answered]);
  }
}
