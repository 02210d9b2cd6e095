// One entry over HTTP: /v1/cache/{key}. Reads the request, asks Cache, writes the reply; the rules are cache.ts's.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { operation } from '../backend.js';
import type { Cache } from '../cache.js';
import {
  conditionOf,
  etagText,
  hasAlready,
  isFresh,
  keyOf,
  layoutOf,
  lifeOf,
  lockOf,
  queryOf,
  taggingOf,
  together,
} from './parameters.js';
import { replyError, replyFailure, VALUE_HEADERS } from './replies.js';

const NO_BYTES = Buffer.alloc(0);

/**
 * Registers get, head, put, delete and touch. The handlers answer nothing: fastify waits for the end of a reply that
 * an asynchronous handler returns, with listeners on every response.
 */
export function cacheRoutes(app: FastifyInstance, cache: Cache): void {
  app.get('/v1/cache/:key', (request, reply) => get(cache, request, reply, false));
  app.head('/v1/cache/:key', (request, reply) => get(cache, request, reply, true));

  app.put('/v1/cache/:key', async (request, reply) => {
    const condition = conditionOf(request.headers);
    const tagging = taggingOf(request);
    const query = queryOf(request, 'ttl', 'sliding', 'layout', 'tag');
    const result = await cache.run({
      ...operation('put', keyOf(request)),
      ...condition,
      ...lifeOf(query.ttl),
      ...together(layoutOf(query), lockOf(request.headers['lock-token']), tagging),
      value: (request.body as Buffer | undefined) ?? NO_BYTES,
      wantEtag: condition.condition !== 'none',
    });
    if (result.status !== 'ok') return replyFailure(reply, result);
    if (result.etag) reply.header('etag', etagText(result.etag));
    reply.code(condition.condition === 'absent' ? 201 : 204).send();
  });

  app.delete('/v1/cache/:key', async (request, reply) => {
    queryOf(request);
    const result = await cache.run({
      ...operation('delete', keyOf(request)),
      ...conditionOf(request.headers),
      ...lockOf(request.headers['lock-token']),
    });
    if (result.status === 'ok') reply.code(204).send();
    else replyFailure(reply, result);
  });

  app.post('/v1/cache/:key/touch', async (request, reply) => {
    const life = lifeOf(queryOf(request, 'ttl').ttl);
    const result = await cache.run({
      ...operation('touch', keyOf(request)),
      ...conditionOf(request.headers),
      ...lockOf(request.headers['lock-token']),
      ...life,
    });
    if (result.status === 'ok') reply.code(204).send();
    else replyFailure(reply, result);
  });
}

async function get(
  cache: Cache,
  request: FastifyRequest,
  reply: FastifyReply,
  wantTtl: boolean,
): Promise<void> {
  if (request.headers['if-match'] !== undefined) return replyError(reply, 'condition_invalid');
  const asked = operation('get', keyOf(request));
  const { touch } = queryOf(request, 'touch');
  if (touch !== undefined) Object.assign(asked, lifeOf(touch));
  // Who asks about a life must not change it.
  else if (wantTtl) asked.ttlKind = 'keep';
  Object.assign(asked, lockOf(request.headers['lock-token']));
  asked.wantEtag = true;
  asked.wantTtl = wantTtl;
  asked.fresh = isFresh(request.headers['cache-control']);
  // (2)
  const result = await cache.run(asked);
  if (result.status !== 'ok' || !result.value || !result.etag) return replyFailure(reply, result);
  const etag = etagText(result.etag);
  // (9)
  reply.headers(VALUE_HEADERS).header('etag', etag);
  // Seconds, rounded up: an entry with half a second left has not expired. No header: it never does.
  if (result.ttlMs !== undefined && result.ttlMs !== Number.POSITIVE_INFINITY)
    reply.header('ttl', Math.ceil(result.ttlMs / 1000));
  if (hasAlready(request.headers['if-none-match'], etag)) reply.code(304).send();
  else reply.send(result.value);
}
