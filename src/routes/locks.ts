// The lock of an entry over HTTP: POST and DELETE /v1/cache/{key}/lock. Reads the request, asks Cache, writes the reply;
// the rules are cache.ts's. A put or delete with a Lock-Token is in routes/cache.ts.
import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { operation } from '../backend.js';
import type { Cache } from '../cache.js';
import { GatewayError } from '../errors.js';
import { TOKEN_BYTES } from '../extras.js';
import { conditionOf, etagText, keyOf, lifeOf, lockOf, queryOf } from './parameters.js';
import { replyFailure, VALUE_HEADERS } from './replies.js';

/** Registers the routes. */
export function lockRoutes(app: FastifyInstance, cache: Cache): void {
  app.post('/v1/cache/:key/lock', async (request, reply) => {
    const { lease, absent } = queryOf(request, 'lease', 'absent');
    // Whoever has a token already renews the lease, or asks once more for an answer that was lost.
    const token = lockOf(request.headers['lock-token']).extras?.token ?? randomBytes(TOKEN_BYTES);
    const result = await cache.run({
      ...operation('lock', keyOf(request)),
      ...conditionOf(request.headers),
      ...leaseOf(lease),
      extras: isYes('absent', absent) ? { token, absent: true } : { token },
      wantEtag: true,
    });
    if (result.status !== 'ok') return replyFailure(reply, result);
    reply.header('lock-token', token.toString('hex'));
    if (!result.value || !result.etag) reply.code(204).send();
    else reply.headers(VALUE_HEADERS).header('etag', etagText(result.etag)).send(result.value);
  });

  app.delete('/v1/cache/:key/lock', async (request, reply) => {
    const { ttl } = queryOf(request, 'ttl');
    const result = await cache.run({
      ...operation('unlock', keyOf(request)),
      ...conditionOf(request.headers),
      ...lifeOf(ttl),
      ...lockOf(request.headers['lock-token']),
    });
    if (result.status === 'ok') reply.code(204).send();
    else replyFailure(reply, result);
  });
}

/** @throws GatewayError lease_invalid, for what is no life at all; the bounds are cache.ts's */
function leaseOf(text: string | undefined): ReturnType<typeof lifeOf> {
  try {
    return lifeOf(text);
  } catch {
    throw new GatewayError('lease_invalid');
  }
}

/** @throws GatewayError query_invalid */
function isYes(name: string, text: string | undefined): boolean {
  if (text !== undefined && text !== 'true' && text !== 'false')
    throw new GatewayError('query_invalid', `${name} is true or false.`);
  return text === 'true';
}
