// The keys over HTTP: GET /v1/keys, one page after the other. Reads the request, asks Cache, passes its JSON on; the
// rules are cache.ts's.
import type { FastifyInstance } from 'fastify';
import { operation } from '../backend.js';
import type { Cache } from '../cache.js';
import { checkEncoding, limitOf, queryOf } from './parameters.js';
import { replyFailure } from './replies.js';

/** Registers the route. */
export function keyRoutes(app: FastifyInstance, cache: Cache): void {
  app.get('/v1/keys', async (request, reply) => {
    checkEncoding(request);
    const { prefix = '', cursor = '', limit } = queryOf(request, 'prefix', 'cursor', 'limit');
    const result = await cache.run({
      ...operation('list', Buffer.from(prefix)),
      value: Buffer.from(cursor),
      ttlMs: limitOf(limit),
    });
    if (result.status !== 'ok' || !result.value) return replyFailure(reply, result);
    return (
      reply
        .header('content-type', 'application/json; charset=utf-8')
        .header('x-content-type-options', 'nosniff')
        // Keys can be secrets: those of sessions are.
        .header('cache-control', 'no-store')
        .send(result.value)
    );
  });
}
