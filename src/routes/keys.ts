// The keys over HTTP: GET /v1/keys lists them, DELETE /v1/keys removes them, one page after the other. Reads the request,
// asks Cache, passes its JSON on; the rules are cache.ts's.
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type Operation, operation, type Result } from '../backend.js';
import type { Cache } from '../cache.js';
import { GatewayError } from '../errors.js';
import { checkEncoding, limitOf, queryOf } from './parameters.js';
import { replyFailure } from './replies.js';

/** Registers the routes. */
export function keyRoutes(app: FastifyInstance, cache: Cache): void {
  app.get('/v1/keys', async (request, reply) => {
    checkEncoding(request);
    const { prefix = '', ...page } = queryOf(request, 'prefix', 'cursor', 'limit');
    return replyPage(reply, await cache.run({ ...operation('list', Buffer.from(prefix)), ...pageOf(page) }));
  });

  app.delete('/v1/keys', async (request, reply) => {
    checkEncoding(request);
    const { prefix, ...page } = queryOf(request, 'prefix', 'cursor', 'limit');
    if (prefix === undefined)
      throw new GatewayError(
        'query_invalid',
        'A clear names the prefix of what it removes. To remove everything say so, with `prefix=` and nothing behind it.',
      );
    return replyPage(reply, await cache.run({ ...operation('clear', Buffer.from(prefix)), ...pageOf(page) }));
  });
}

function pageOf({
  cursor = '',
  limit,
}: Record<string, string | undefined>): Pick<Operation, 'value' | 'ttlMs'> {
  return { value: Buffer.from(cursor), ttlMs: limitOf(limit) };
}

function replyPage(reply: FastifyReply, result: Result): unknown {
  if (result.status !== 'ok' || !result.value) return replyFailure(reply, result);
  return (
    reply
      .header('content-type', 'application/json; charset=utf-8')
      .header('x-content-type-options', 'nosniff')
      // Keys can be secrets: those of sessions are.
      .header('cache-control', 'no-store')
      .send(result.value)
  );
}
