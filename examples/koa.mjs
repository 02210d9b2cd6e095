// Sessions of koa-session in the cache. A sidecar has to run (npm start). GET /inc counts, GET /get shows.
import { AzureCacheKoaStore } from 'azurecache/koa-session';
import Koa from 'koa';
import koaSession from 'koa-session';

const store = new AzureCacheKoaStore();
const app = new Koa();
app.keys = [process.env.SESSION_SECRET ?? 'for this example only'];
app.use(koaSession({ store, maxAge: 60_000 }, app));
app.use((ctx) => {
  const { session } = ctx;
  if (ctx.path === '/inc') {
    session.counter = (session.counter ?? 0) + 1;
    ctx.body = `Increased sum: ${session.counter}`;
  } else if (ctx.path === '/get') ctx.body = `Current sum: ${session.counter ?? 0}`;
});
const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () =>
  console.log(`Listening on port ${server.address().port}`),
);
process.once('SIGTERM', () => server.close(() => store.close()));
