// The HTTP server without its doors: routes, guard, body reading, error answers. Built by sidecar.ts, which listens
// through listen.ts; tests use inject(). Knows nothing of sockets, signals or .NET.
import type { IncomingMessage } from 'node:http';
import { finished } from 'node:stream';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Cache } from './cache.js';
import { type ErrorCode, GatewayError } from './errors.js';
import type { Events } from './events.js';
import type { Guard } from './guard.js';
import { batchRoutes } from './routes/batch.js';
import { cacheRoutes } from './routes/cache.js';
import { counterRoutes } from './routes/counters.js';
import { eventRoutes } from './routes/events.js';
import { FREE_PATHS, healthRoutes } from './routes/health.js';
import { keyRoutes, tagRoutes } from './routes/keys.js';
import { lockRoutes } from './routes/locks.js';
import { replyError } from './routes/replies.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The error of a body over the route's limit; value_too_large if not said. */
    tooLarge?: ErrorCode;
  }
}

/** Longer paths get 414; a key of 1,024 bytes takes 3,072 characters when all of it is percent-encoded. */
const MAX_PARAM_CHARACTERS = 8192;

export interface ServerOptions {
  cache: Cache;
  events: Events;
  guard: Guard;
  log: Logger;
  /** True once the sidecar is shutting down. */
  closing: () => boolean;
}

/** Builds the server; call `ready()`, then hand requests to `routing` (listen.ts) or `inject` them. */
export function buildServer({ cache, events, guard, log, closing }: ServerOptions): FastifyInstance {
  const app = Fastify({
    // Its log lines hold the path, and so the key; ours are written below.
    logger: false,
    exposeHeadRoutes: false,
    bodyLimit: cache.rules.maxValueBytes,
    routerOptions: { maxParamLength: MAX_PARAM_CHARACTERS },
    rewriteUrl: escapeRawBytes,
    // No route has a schema. Without these fastify loads its compilers for them: 8 MB and a tenth of the start.
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
    frameworkErrors: (error, _request, reply) => {
      replyError(reply, error.code === 'FST_ERR_BAD_URL' ? 'key_invalid' : 'uri_too_long');
    },
  });

  app.addHook('onRequest', (request, reply, done) => {
    const { url = '', bodyLimit } = request.routeOptions;
    // A value may be of any content type, and of none that means something to this server.
    if (request.headers['content-type'] !== undefined)
      request.raw.headers['content-type'] = 'application/octet-stream';
    const refusal = guard.refusal(request.headers, request.raw.socket, FREE_PATHS.has(url));
    if (refusal) return replyError(reply, refusal);
    // The client waits for leave to send (curl does for big values): given only when the value will be taken.
    if (request.headers.expect !== undefined) {
      if (Number(request.headers['content-length']) > bodyLimit) reply.header('connection', 'close');
      else reply.raw.writeContinue();
    }
    done();
  });
  if (log.isLevelEnabled('debug'))
    app.addHook('onResponse', async ({ method, routeOptions }, { statusCode, elapsedTime }) => {
      log.debug({ method, route: routeOptions.url, statusCode, ms: elapsedTime }, 'request');
    });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request, payload, done) => {
    const { bodyLimit, config } = request.routeOptions;
    const refuse = () => afterSending(request, () => done(tooLarge(config.tooLarge, bodyLimit)));
    // Said beforehand: refused without waiting for the bytes.
    if (Number(request.headers['content-length']) > bodyLimit) return refuse();
    readBody(payload, bodyLimit).then(
      (body) => (body ? done(null, body) : refuse()),
      () => done(new GatewayError('request_malformed')),
    );
  });

  const methods = methodsByPath(app);
  const notFound = (request: FastifyRequest, reply: FastifyReply) => {
    const allow = methods(request.url.split('?', 1)[0] as string);
    if (!allow) return replyError(reply, 'route_not_found');
    return replyError(reply.header('allow', allow), 'method_not_allowed');
  };
  app.setNotFoundHandler(notFound);
  app.setErrorHandler<Error & { code?: string }>((error, request, reply) => {
    // Of a QUERY, which fastify knows to need one.
    if (error.code === 'FST_ERR_ROUTE_MISSING_CONTENT_TYPE') return notFound(request, reply);
    if (error instanceof GatewayError) {
      // fastify closes after a body it did not take: a client that is still sending would not get to read why.
      if (request.headers.expect === undefined) reply.removeHeader('connection');
      return replyError(reply, error.code, error.message, error.outcome);
    }
    log.error({ err: error }, 'a request failed in a way it should not');
    return replyError(reply, 'internal');
  });

  cacheRoutes(app, cache);
  counterRoutes(app, cache);
  lockRoutes(app, cache);
  batchRoutes(app, cache);
  keyRoutes(app, cache);
  tagRoutes(app, cache);
  eventRoutes(app, events);
  healthRoutes(app, cache, closing);
  // With an upgrade this path never comes here (stream.ts).
  app.get('/v1/stream', async (_request, reply) =>
    replyError(reply.header('upgrade', 'azurecache/1').header('connection', 'upgrade'), 'upgrade_required'),
  );
  return app;
}

function noCompiler(): never {
  throw new Error('Routes of this server have no schemas.');
}

/** curl sends what is typed: bytes of UTF-8 without percent-encoding are taken as if they had it. */
function escapeRawBytes({ url = '/' }: IncomingMessage): string {
  return url.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`);
}

/**
 * Reads a body of at most `limit` bytes; undefined when it is longer. The rest is then left to Node, which reads
 * and drops it, so that a client that is still sending gets to read the answer and can use the connection again.
 */
async function readBody(payload: NodeJS.ReadableStream, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve, reject) => {
    payload.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= limit) chunks.push(chunk);
      else resolve(undefined);
    });
    payload.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, bytes)));
    payload.on('error', reject);
    payload.on('close', () => reject(new Error('the request stopped half way')));
  });
}

/**
 * Answers at once, but after the body where the client wants the connection to end with the answer: Node would end it
 * while the client is still sending, and the answer would be lost on the way.
 */
function afterSending({ headers, raw }: FastifyRequest, answer: () => void): void {
  if (headers.expect !== undefined || !/\bclose\b/i.test(headers.connection ?? '')) return answer();
  finished(raw.resume(), answer);
}

function tooLarge(code: ErrorCode = 'value_too_large', limit: number): GatewayError {
  const name = code === 'value_too_large' ? ' (AZURE_CACHE_MAX_VALUE_BYTES)' : '';
  return new GatewayError(code, `The body is over the limit of ${limit} bytes${name}. Nothing was stored.`);
}

/** Collects the routes as they are declared; answers which methods a path takes. */
function methodsByPath(app: FastifyInstance): (path: string) => string | undefined {
  const taken = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const known = taken.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    taken.set(url, known);
  });
  return (path) => {
    for (const [url, methods] of taken)
      if (new RegExp(`^${url.replaceAll(/:[^/]+/g, '[^/]*')}$`).test(path)) return [...methods].join(', ');
    return undefined;
  };
}
