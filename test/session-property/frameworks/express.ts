// express-session, with its real middleware.
import { promisify } from 'node:util';
import session from 'express-session';
import { storeOn } from '../../../client/dist/session/express-store.js';
import { COOKIE_MINUTES } from '../content.js';
import { cookieData, SECRET, signatureOf } from './cookie.js';
import type { Framework, Visit } from './framework.js';

type ExpressSession = Record<string, unknown> & session.Session;
type Request = { sessionID: string; session?: ExpressSession };

export const express: Framework = {
  name: 'express',
  // Session has a method of that name.
  hidden: 'touch',
  settingsOf: ({ hidden: _, apart: __, ...settings }) => settings,
  dataOf: (fields, maxAgeMs) => cookieData(fields, maxAgeMs),
  cookieOf: (id) => `sid=${encodeURIComponent(`s:${id}.${signatureOf(id)}`)}`,
  newStore: (options, parts) => new (storeOn(session.Store, parts))(options) as never,

  open: async ({ settings: { resave, rolling, saveUninitialized }, store, newId, serve, failed }) => {
    const middleware = session({
      ...{ store: store as never, resave, rolling, saveUninitialized, secret: SECRET, name: 'sid' },
      genid: newId,
      cookie: { maxAge: COOKIE_MINUTES * 60_000 },
    });
    return (request, response) =>
      middleware(request as never, response as never, async (error?: unknown) => {
        if (error) failed(error);
        if (error && !response.headersSent) response.statusCode = 500;
        if (!error) await serve(visitOf(request as never));
        response.end('done');
      });
  },

  setsCookie: (known, views, { rolling, saveUninitialized }) => {
    const [first] = views;
    const view = views.at(-1);
    if (known ? rolling : saveUninitialized) return true;
    return view?.id !== first?.id || !view?.hasFieldsOf(first?.loaded ?? {});
  },
};

function visitOf(request: Request): Visit {
  const call = (method: 'save' | 'reload' | 'destroy' | 'regenerate') => async () => {
    const { session } = request;
    if (session) await promisify(session[method]).call(session);
  };
  return {
    get id() {
      return request.sessionID;
    },
    get session() {
      return request.session;
    },
    get data() {
      return request.session ?? {};
    },
    fresh: { cookie: COOKIE_MINUTES },
    remember: (minutes) => {
      if (request.session) request.session.cookie.maxAge = minutes * 60_000;
    },
    touch: () => request.session?.touch(),
    save: call('save'),
    reload: call('reload'),
    destroy: call('destroy'),
    regenerate: call('regenerate'),
  };
}
