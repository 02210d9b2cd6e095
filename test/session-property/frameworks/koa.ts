// koa-session, with its real middleware.
import Koa from 'koa';
import koaSession from 'koa-session';
import { AzureCacheKoaStore } from '../../../client/dist/session/koa-store.js';
import { COOKIE_MINUTES, contentOf } from '../content.js';
import type { Framework, Visit } from './framework.js';

/** As much of a context as is used here: koa-session has no types of it. */
interface Context {
  state: { id?: string };
  body: unknown;
  session: (Record<string, unknown> & KoaSession) | null;
}

interface KoaSession {
  readonly externalKey: string;
  maxAge: number;
  toJSON(): object;
  save(): Promise<void>;
  regenerate(): Promise<void>;
}

export const koa: Framework = {
  name: 'koa',
  // Names that begin so are left out of what is given to a store.
  hidden: '_kept',
  // In `save` of its context.ts, the key is taken before the store is asked, and the cookie set behind that.
  setsLateCookies: true,
  settingsOf: ({ conflict, touchAfter, rolling }) => ({ conflict, touchAfter, rolling }),
  dataOf: (fields, maxAgeMs) => ({ ...fields, _expire: Date.now() + maxAgeMs, _maxAge: maxAgeMs }),
  cookieOf: (id) => `sid=${id}`,
  newStore: (options, parts) => new AzureCacheKoaStore(options, parts),

  open: async ({ settings: { rolling }, store, newId, serve, failed }) => {
    const app = new Koa();
    const options = {
      ...{ store, rolling, key: 'sid', signed: false, maxAge: COOKIE_MINUTES * 60_000 },
      genid: ({ state }: Context) => {
        state.id = newId();
        return state.id;
      },
    };
    app.on('error', failed);
    app.use(koaSession(options as never, app as never) as never);
    app.use(async (ctx) => {
      await serve(visitOf(ctx as never));
      ctx.body = 'done';
    });
    return app.callback();
  },

  setsCookie: (known, views, { rolling }) => {
    const view = views.at(-1);
    return (known && rolling) || !view?.hasFieldsOf(view.loaded);
  },
};

function visitOf(ctx: Context): Visit {
  return {
    get id() {
      return ctx.state.id ?? ctx.session?.externalKey ?? '';
    },
    get session() {
      return ctx.session ?? undefined;
    },
    get data() {
      return { ...ctx.session?.toJSON(), _maxAge: ctx.session?.maxAge };
    },
    // All that it had.
    get fresh() {
      return contentOf(this.data);
    },
    remember: (minutes) => {
      if (ctx.session) ctx.session.maxAge = minutes * 60_000;
    },
    save: async () => ctx.session?.save().catch(afterAnswer),
    // Done when the answer is.
    destroy: async () => {
      ctx.session = null;
    },
    regenerate: async () => ctx.session?.regenerate(),
  };
}

/** A save that nobody has awaited sets its cookie when it has ended, which may be too late for that. */
function afterAnswer(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ERR_HTTP_HEADERS_SENT') throw error;
}
