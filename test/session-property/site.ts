// The application under test: an HTTP server in this process with the real middleware of express-session, on stores
// whose every operation waits at the gate, on one connection to a sidecar. One for all runs; one run at a time.
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import session from 'express-session';
import { storeOn } from '../../client/dist/session/express-store.js';
import { Sessions } from '../../client/dist/session/sessions.js';
import type { Transport } from '../../client/dist/transport/transport.js';
import { type Actor, actorNow, askerNow } from './actor.js';
import type { PlantedBug } from './bugs.js';
import { COOKIE_MINUTES, type Content, contentOf, minutesOf } from './content.js';
import { gated } from './gate.js';
import type { Settings } from './plan.js';
import { playSteps, type SessionRequest } from './program.js';
import type { Run } from './run.js';
import { type Seed, textOf } from './seed.js';

/** Of all sites: tests of one file share a sidecar. */
let ids = 0;
const SECRET = 'not a secret: it is for a test';

/** As an application makes it. */
type Store = InstanceType<ReturnType<typeof storeOn<typeof session.Store>>>;
type Chain = { store: Store; middleware: ReturnType<typeof session> };

export class Site {
  /** The one that is played. */
  run: Run | undefined;
  /** A run did not end. */
  hung = false;
  readonly agent = new Agent({ keepAlive: true });
  readonly #transport: Transport;
  readonly #bug: PlantedBug | undefined;
  readonly #chains = new Map<string, Chain>();
  readonly #server = createServer((request, response) => this.#take(request, response));

  private constructor(transport: Transport, bug: PlantedBug | undefined) {
    this.#transport = transport;
    this.#bug = bug;
  }

  static async open(transport: Transport, bug?: PlantedBug): Promise<Site> {
    const site = new Site(transport, bug);
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

  /** As the middleware signs it. */
  cookieOf(id: string): string {
    const signature = createHmac('sha256', SECRET).update(id).digest('base64').replaceAll('=', '');
    return `sid=${encodeURIComponent(`s:${id}.${signature}`)}`;
  }

  async put(id: string, seed: Seed): Promise<void> {
    const value = Buffer.from(textOf(seed));
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
    for (const { store } of this.#chains.values()) {
      counts.merged += store.counts.merged;
      counts.dropped += store.counts.dropped;
    }
    return counts;
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const { run } = this;
    const actor = run?.actors[Number(request.url?.slice(1))];
    if (!run || !actor) return void response.writeHead(404).end();
    actor.arrived();
    const { middleware } = this.#chainOf(run.plan.settings, actor.index);
    const next = (error?: unknown) => serve(actor, request as never, response, error);
    actor.play(() => middleware(request as never, response as never, next));
  }

  /** Middleware and store are made once for each way to set them. */
  #chainOf({ hidden, apart, ...settings }: Settings, index: number): Chain {
    const { conflict, touchAfter, resave, rolling, saveUninitialized } = settings;
    const name = JSON.stringify([settings, apart && index]);
    const known = this.#chains.get(name);
    if (known) return known;
    const parts = { openTransport: () => gated(this.#transport, askerNow), Sessions };
    const AzureCacheStore = storeOn(session.Store, this.#bug?.parts?.(parts) ?? parts);
    const store = new AzureCacheStore({ touchAfter, conflict: conflict === 'sum' ? addUp : conflict });
    this.#bug?.store?.(store);
    const middleware = session({
      ...{ store: told(store), resave, rolling, saveUninitialized, secret: SECRET, name: 'sid' },
      genid: () => this.run?.newId() ?? 'none',
      cookie: { maxAge: COOKIE_MINUTES * 60_000 },
    });
    this.#chains.set(name, { store, middleware });
    return { store, middleware };
  }
}

function addUp(field: string, base: unknown, mine: unknown, theirs: unknown): unknown {
  return field === 'hits' ? Number(mine) + Number(theirs) - Number(base ?? 0) : mine;
}

/** Every save and touch is told to the request that asks for it. */
function told(store: Store): Store {
  const set = store.set.bind(store);
  const touch = store.touch.bind(store);
  return Object.assign(store, {
    set: (id, session, done) => actorNow()?.saves(id, session, false, () => set(id, session, done)),
    touch: (id, session, done) => actorNow()?.saves(id, session, true, () => touch(id, session, done)),
  } as Pick<Store, 'set' | 'touch'>);
}

async function serve(actor: Actor, request: SessionRequest, response: ServerResponse, error: unknown) {
  if (error) {
    actor.fault(`the middleware says: ${error}`);
    if (!response.headersSent) response.statusCode = 500;
    return void response.end();
  }
  try {
    actor.begins(request);
    await playSteps(actor, request);
  } catch (failure) {
    actor.fault(`a step has failed: ${failure}`);
  }
  response.end('done');
}
