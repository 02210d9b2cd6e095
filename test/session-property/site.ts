// The application under test: an HTTP server in this process with the real middleware of one framework, on stores whose
// every operation waits at the gate, on one connection to a sidecar. One for all runs; one run at a time.
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Sessions } from '../../client/dist/session/sessions.js';
import type { Transport } from '../../client/dist/transport/transport.js';
import { type Actor, actorNow, askerNow } from './actor.js';
import type { PlantedBug } from './bugs.js';
import { type Content, contentOf, minutesOf } from './content.js';
import type { Framework, Listener, Store, Visit } from './frameworks/framework.js';
import { gated } from './gate.js';
import type { Settings } from './plan.js';
import { playSteps } from './program.js';
import type { Run } from './run.js';
import { type Seed, textOf } from './seed.js';

/** Of all sites: tests of one file share a sidecar. */
let ids = 0;

/** As an application makes it. */
type App = { store: Store; listener: Promise<Listener> };

export class Site {
  readonly framework: Framework;
  /** The one that is played. */
  run: Run | undefined;
  /** A run did not end. */
  hung = false;
  readonly agent = new Agent({ keepAlive: true });
  readonly #transport: Transport;
  readonly #bug: PlantedBug | undefined;
  readonly #apps = new Map<string, App>();
  readonly #server = createServer((request, response) => this.#take(request, response));

  private constructor(transport: Transport, framework: Framework, bug: PlantedBug | undefined) {
    this.#transport = transport;
    this.framework = framework;
    this.#bug = bug;
  }

  static async open(transport: Transport, framework: Framework, bug?: PlantedBug): Promise<Site> {
    const site = new Site(transport, framework, bug);
    site.#server.listen(0, '127.0.0.1');
    await once(site.#server, 'listening');
    return site;
  }

  close(): void {
    this.agent.destroy();
    this.#server.close();
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  newId(): string {
    ids += 1;
    return `s${String(ids).padStart(6, '0')}`;
  }

  async put(id: string, seed: Seed): Promise<void> {
    const value = Buffer.from(textOf(seed, this.framework));
    await this.#transport.run({
      ...{ verb: 'put', key: `sess:${id}`, value },
      ...{ ttlKind: 'for', ttlMs: seed.minutes * 60_000 },
    });
  }

  /** What lies there, past every store. */
  async read(id: string): Promise<{ content: Content; minutes: number } | undefined> {
    const {
      status,
      value,
      ttlMs = 0,
    } = await this.#transport.run({
      ...{ verb: 'get', key: `sess:${id}`, wantTtl: true },
    });
    if (status !== 'ok') return undefined;
    return { content: contentOf(JSON.parse(String(value))), minutes: minutesOf(ttlMs) };
  }

  /** Saves that met others, and saves that found their session ended. */
  get counts(): { merged: number; dropped: number } {
    const counts = { merged: 0, dropped: 0 };
    for (const { store } of this.#apps.values()) {
      counts.merged += store.counts.merged;
      counts.dropped += store.counts.dropped;
    }
    return counts;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { run } = this;
    const actor = run?.actors[Number(request.url?.slice(1))];
    if (!run || !actor) return void response.writeHead(404).end();
    const listener = await this.#appOf(run.plan.settings, actor.index).listener;
    actor.arrived();
    actor.play(() => listener(request, response));
  }

  /** Application and store are made once for each way to set them. */
  #appOf(settings: Settings, index: number): App {
    const name = JSON.stringify([this.framework.settingsOf(settings), settings.apart && index]);
    const known = this.#apps.get(name);
    if (known) return known;
    const parts = { openTransport: () => gated(this.#transport, askerNow), Sessions };
    const { conflict, touchAfter } = settings;
    const store = this.framework.newStore(
      { touchAfter, conflict: conflict === 'sum' ? addUp : conflict },
      this.#bug?.parts?.(parts) ?? parts,
    );
    this.#bug?.store?.(store);
    const listener = this.framework.open({
      ...{ settings, store: told(store) },
      newId: () => this.run?.newId() ?? 'none',
      serve: async (visit) => serve(actorNow(), visit),
      failed: (error) => actorNow()?.fault(`the middleware says: ${error}`),
    });
    this.#apps.set(name, { store, listener });
    return { store, listener };
  }
}

function addUp(field: string, base: unknown, mine: unknown, theirs: unknown): unknown {
  return field === 'hits' ? Number(mine) + Number(theirs) - Number(base ?? 0) : mine;
}

/** Every save and touch is told to the request that asks for it. */
function told(store: Store): Store {
  for (const call of ['set', 'touch'] as const) {
    const ask = store[call]?.bind(store);
    if (!ask) continue;
    store[call] = (id, session, ...more) =>
      actorNow()?.saves(id, session, call === 'touch', () => ask(id, session, ...more));
  }
  return store;
}

async function serve(actor: Actor | undefined, visit: Visit): Promise<void> {
  try {
    actor?.begins(visit);
    if (actor) await playSteps(actor, visit);
  } catch (failure) {
    actor?.fault(`a step has failed: ${failure}`);
  }
}
