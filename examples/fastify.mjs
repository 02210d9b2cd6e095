// Sessions of @fastify/session in the cache. A sidecar has to run (npm start). GET /inc counts, GET /get shows.
import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import { AzureCacheFastifyStore } from 'azurecache/fastify-session';
import fastify from 'fastify';

const store = new AzureCacheFastifyStore();
const app = fastify();
app.register(fastifyCookie);
app.register(fastifySession, {
  store,
  secret: process.env.SESSION_SECRET ?? 'for this example only, no secret at all',
  cookie: { secure: false, maxAge: 60_000 },
});
app.get('/inc', async ({ session }) => {
  session.counter = (session.counter ?? 0) + 1;
  return `Increased sum: ${session.counter}`;
});
app.get('/get', async ({ session }) => `Current sum: ${session.counter ?? 0}`);
app.addHook('onClose', () => store.close());
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) });
console.log(`Listening on port ${app.server.address().port}`);
process.once('SIGTERM', () => app.close());
