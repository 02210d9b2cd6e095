// @fastify/session, with its real plugin.
import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import makeApp, { type FastifyRequest } from 'fastify';
import { fastifyStore } from '../../../client/dist/session/fastify-store.js';
import { COOKIE_MINUTES, contentOf } from '../content.js';
import { cookieData, SECRET, signatureOf } from './cookie.js';
import type { Framework, Visit } from './framework.js';

export const fastify: Framework = {
  name: 'fastify',
  // Session has a getter of that name, and leaves it out of what it takes from a store.
  hidden: 'sessionId',
  settingsOf: ({ conflict, touchAfter, rolling, saveUninitialized }) => ({
    ...{ conflict, touchAfter, rolling, saveUninitialized },
  }),
  dataOf: (fields, maxAgeMs) => cookieData(fields, maxAgeMs, { sameSite: null, secure: false, domain: null }),
  cookieOf: (id) => `sid=${encodeURIComponent(`${id}.${signatureOf(id)}`)}`,
  newStore: (options, parts) => new (fastifyStore(parts))(options) as never,

  open: async ({ settings: { rolling, saveUninitialized }, store, newId, serve, failed }) => {
    const app = makeApp();
    app.register(fastifyCookie);
    app.register(fastifySession, {
      ...{ store: store as never, rolling, saveUninitialized, secret: SECRET, cookieName: 'sid' },
      idGenerator: newId,
      cookie: { secure: false, maxAge: COOKIE_MINUTES * 60_000 },
    });
    app.setErrorHandler(async (error) => failed(error));
    app.get('/*', async (request) => {
      await serve(visitOf(request));
      return 'done';
    });
    await app.ready();
    return app.routing;
  },

  setsCookie: (known, views, { rolling, saveUninitialized }) => {
    const view = views.at(-1);
    return (known ? rolling : saveUninitialized) || !view?.hasFieldsOf(view.loaded);
  },
};

function visitOf(request: FastifyRequest): Visit {
  const live = () => request.session as unknown as Record<string, unknown> & FastifyRequest['session'];
  // What a new Session is made with: the settings of the cookie that was loaded, not what became of them.
  let cookie = contentOf(live()).cookie;
  return {
    get id() {
      return live().sessionId;
    },
    get session() {
      return live() ?? undefined;
    },
    get data() {
      return live();
    },
    get fresh() {
      return { cookie };
    },
    remember: (minutes) => {
      live().cookie.maxAge = minutes * 60_000;
    },
    touch: () => live().touch(),
    save: () => live().save(),
    reload: async () => {
      await live().reload();
      cookie = contentOf(live()).cookie;
    },
    destroy: () => live().destroy(),
    regenerate: () => live().regenerate(),
  };
}
