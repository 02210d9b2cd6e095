// How results and errors leave as HTTP. Called by the other files of this folder and by server.ts.
import type { FastifyReply } from 'fastify';
import type { Result } from '../backend.js';
import { type ErrorCode, errorBody, type Outcome } from '../errors.js';
import { etagText } from './parameters.js';

/** Values are bytes of anybody's making: no browser may take them for a page or a script. */
export const VALUE_HEADERS = {
  'content-type': 'application/octet-stream',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "sandbox; default-src 'none'",
  'cache-control': 'no-cache',
};

/** Answers with an error of the table. */
export function replyError(reply: FastifyReply, code: ErrorCode, detail?: string, outcome?: Outcome): void {
  const body = errorBody(code, detail, outcome);
  if (code === 'unauthorized') reply.header('www-authenticate', 'Bearer');
  if (body.statusCode === 503) reply.header('retry-after', '1');
  reply
    .code(body.statusCode)
    .header('content-type', 'application/json; charset=utf-8')
    .header('x-content-type-options', 'nosniff')
    .send(JSON.stringify(body));
}

/** The error code of a result that is none of the good answers. */
export function codeOf(result: Result): ErrorCode {
  if (result.status === 'miss') return 'not_found';
  return result.status === 'ok' ? 'internal' : result.status;
}

/** Answers a result that is not `ok`. */
export function replyFailure(reply: FastifyReply, result: Result): void {
  // Seconds, rounded up: asked again then, the lock is not held by this lease any more.
  if (result.status === 'locked') reply.header('retry-after', Math.ceil((result.ttlMs ?? 1) / 1000));
  if (result.status === 'changed' && result.etag) reply.header('etag', etagText(result.etag));
  replyError(reply, codeOf(result), result.detail, result.outcome);
}
