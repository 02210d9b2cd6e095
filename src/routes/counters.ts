// Numbers and text over HTTP: POST /v1/cache/{key}/increment, /append and /prepend. Reads the request, asks Cache, writes
// the reply; the rules are cache.ts's.
import type { FastifyInstance, FastifyReply } from 'fastify';
import { operation, type Result } from '../backend.js';
import type { Cache } from '../cache.js';
import { conditionOf, int64Of, keyOf, lifeOf, lockOf, queryOf } from './parameters.js';
import { replyFailure } from './replies.js';

const NO_BYTES = Buffer.alloc(0);

/** Registers the routes. */
export function counterRoutes(app: FastifyInstance, cache: Cache): void {
  app.post('/v1/cache/:key/increment', async (request, reply) => {
    const { by = '1', initial = '0', ttl } = queryOf(request, 'by', 'initial', 'ttl');
    const result = await cache.run({
      ...operation('increment', keyOf(request)),
      ...conditionOf(request.headers),
      ...lifeOf(ttl),
      extras: {
        by: int64Of('by', by),
        initial: int64Of('initial', initial),
        ...lockOf(request.headers['lock-token']).extras,
      },
    });
    replyNumber(reply, result);
  });

  for (const verb of ['append', 'prepend'] as const)
    app.post(`/v1/cache/:key/${verb}`, async (request, reply) => {
      queryOf(request);
      const result = await cache.run({
        ...operation(verb, keyOf(request)),
        ...conditionOf(request.headers),
        ...lockOf(request.headers['lock-token']),
        value: (request.body as Buffer | undefined) ?? NO_BYTES,
      });
      replyNumber(reply, result);
    });
}

/** As text, since a number of 64 bits is more than JSON holds exactly for most who read it. */
function replyNumber(reply: FastifyReply, result: Result): void {
  if (result.status !== 'ok' || !result.value) return replyFailure(reply, result);
  reply
    .header('content-type', 'text/plain; charset=utf-8')
    .header('x-content-type-options', 'nosniff')
    .send(result.value);
}
