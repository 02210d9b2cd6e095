// What the property needs of a web framework: an application on it whose one handler is the property's, with a store
// of ours behind its sessions. Implemented by express.ts, fastify.ts and koa.ts; used by site.ts.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Sessions } from '../../../client/dist/session/sessions.js';
import type { openTransport } from '../../../client/dist/transport/transport.js';
import type { Content } from '../content.js';
import type { Settings } from '../plan.js';
import type { View } from '../view.js';

/** One request as a handler sees it. What a framework does not have is left out, and such a step does nothing. */
export interface Visit {
  /** Of the session that it has now. */
  readonly id: string;
  /** Undefined when it has none any more. */
  readonly session: Record<string, unknown> | undefined;
  /** What the framework would store of it: fields, and what gives its life. */
  readonly data: object;
  /** What a session is that `regenerate` makes of this one. */
  readonly fresh: Content;
  remember(minutes: number): void;
  touch?(): void;
  save(): Promise<unknown>;
  /** Reads it again. @throws if the framework says that there is none */
  reload?(): Promise<unknown>;
  destroy(): Promise<unknown>;
  regenerate(): Promise<unknown>;
}

/** What stands below a store. */
export interface Parts {
  openTransport: typeof openTransport;
  Sessions: typeof Sessions;
}

/** As much of a store as is looked at here. */
export interface Store {
  readonly counts: { readonly dropped: number; readonly merged: number };
  set(id: string, session: object, ...more: unknown[]): unknown;
  touch?(id: string, session: object, ...more: unknown[]): unknown;
}

export interface StoreOptions {
  touchAfter: number;
  conflict: 'mine' | 'theirs' | ((field: string, base: unknown, mine: unknown, theirs: unknown) => unknown);
}

/** What an application is made of. */
export interface Ingredients {
  settings: Settings;
  store: Store;
  newId(): string;
  /** The property's handler. Never rejects. */
  serve(visit: Visit): Promise<void>;
  /** The framework has ended a request with an error. */
  failed(error: unknown): void;
}

export type Listener = (request: IncomingMessage, response: ServerResponse) => void;

export interface Framework {
  readonly name: 'express' | 'fastify' | 'koa';
  /** A name that a session object of it cannot have as a field: it stays in what is stored. */
  readonly hidden: string;
  /** It sets the cookie of a save when that has ended, also over the one of a regenerate that came after it. */
  readonly setsLateCookies?: true;
  /** Those of the settings that change what an application on it is. */
  settingsOf(settings: Settings): Partial<Settings>;
  /** A session as the framework stores it. */
  dataOf(fields: object, maxAgeMs: number): object;
  /** What a browser sends. */
  cookieOf(id: string): string;
  newStore(options: StoreOptions, parts: Parts): Store;
  /** An application that answers `done`. */
  open(ingredients: Ingredients): Promise<Listener>;
  /**
   * Whether the answer has to set a cookie. The framework may have more reasons to.
   * @param known the session that it has is the one that it came with
   */
  setsCookie(known: boolean, views: readonly View[], settings: Settings): boolean;
}
