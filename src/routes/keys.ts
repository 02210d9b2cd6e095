// The keys over HTTP: GET lists, DELETE removes those with a prefix (/v1/keys) or with tags (/v1/tags), one page after the
// other. Reads the request, asks Cache, passes its JSON on; the rules are cache.ts's.
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type Operation, operation, type Result } from '../backend.js';
import type { Cache } from '../cache.js';
import { GatewayError } from '../errors.js';
import { checkEncoding, checkUnguarded, limitOf, queryOf, tagsOf } from './parameters.js';
import { replyFailure } from './replies.js';

/** Registers the routes. */
export function keyRoutes(app: FastifyInstance, cache: Cache): void {
  app.get('/v1/keys', async (request, reply) => {
    checkEncoding(request);
    checkUnguarded(request);
    const { prefix = '', ...page } = queryOf(request, 'prefix', 'cursor', 'limit');
    return replyPage(reply, await cache.run({ ...operation('list', Buffer.from(prefix)), ...pageOf(page) }));
  });

  app.delete('/v1/keys', async (request, reply) => {
    checkEncoding(request);
    checkUnguarded(request);
    const { prefix, ...page } = queryOf(request, 'prefix', 'cursor', 'limit');
    if (prefix === undefined)
      throw new GatewayError(
        'query_invalid',
        'A clear names the prefix of what it removes. To remove everything say so, with `prefix=` and nothing behind it.',
      );
    return replyPage(reply, await cache.run({ ...operation('clear', Buffer.from(prefix)), ...pageOf(page) }));
  });
}

/** One tag in the path, or any or all of several in the query. */
export function tagRoutes(app: FastifyInstance, cache: Cache): void {
  for (const [method, verb] of [
    ['GET', 'list'],
    ['DELETE', 'clear'],
  ] as const) {
    const run = async (reply: FastifyReply, tags: string[], query: Record<string, string | undefined>) => {
      const { prefix = '', match = 'any', ...page } = query;
      if (match !== 'any' && match !== 'all') throw new GatewayError('query_invalid', 'match is any or all.');
      return replyPage(
        reply,
        await cache.run({
          ...operation(verb, Buffer.from(prefix)),
          ...pageOf(page),
          extras: { tags, ...(match === 'all' && { all: true }) },
        }),
      );
    };
    app.route({
      method,
      url: '/v1/tags/:tag',
      handler: async (request, reply) => {
        checkEncoding(request);
        checkUnguarded(request);
        const query = queryOf(request, 'prefix', 'cursor', 'limit');
        return run(reply, [(request.params as { tag: string }).tag], query);
      },
    });
    app.route({
      method,
      url: '/v1/tags',
      handler: async (request, reply) => {
        checkEncoding(request);
        checkUnguarded(request);
        const tags = tagsOf(request);
        if (!tags)
          throw new GatewayError(
            'query_invalid',
            'Name the tags: ?tag=a&tag=b, with match=any or match=all.',
          );
        return run(reply, tags, queryOf(request, 'tag', 'match', 'prefix', 'cursor', 'limit'));
      },
    });
  }
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
