// /healthz: this process is alive. /readyz: its backend answers. Both without a token, for probes.
import type { FastifyInstance } from 'fastify';
import type { Cache } from '../cache.js';
import { codeOf, replyError } from './replies.js';

/** Paths that need no token. */
export const FREE_PATHS = new Set(['/healthz', '/readyz']);

/** Registers both; `closing` says that the sidecar is on its way out and wants no new work. */
export function healthRoutes(app: FastifyInstance, cache: Cache, closing: () => boolean): void {
  app.get('/healthz', async () => ({ status: 'ok' }));

  app.get('/readyz', async (_request, reply) => {
    if (closing()) return replyError(reply, 'shutting_down');
    const result = await cache.ping();
    if (result.status === 'ok') reply.send({ status: 'ready' });
    else replyError(reply, codeOf(result), result.detail, result.outcome);
  });
}
