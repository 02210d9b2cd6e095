// Many operations in one request: POST /v1/batch, a JSON array in, a JSON array of the same length out.
// A batch of the wrong form is refused whole; what is wrong with one entry is said in its place.
import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { failure, type Operation, operation, type Result } from '../backend.js';
import type { Cache } from '../cache.js';
import { errorBody, GatewayError } from '../errors.js';
import { conditionOf, etagText, lifeOf, queryOf } from './parameters.js';
import { codeOf } from './replies.js';

export const BATCH_BYTES = 16 * 1024 * 1024;
export const BATCH_OPERATIONS = 1000;
/** Operations under way at once: enough to hide the way to the backend, few enough to bound memory. */
const WINDOW = 128;

const wellFormed = (text: string) => text.isWellFormed();
const unicode = z.string().refine(wellFormed, 'must be well-formed Unicode; send bytes as base64');
const life = z.union([z.string(), z.number()]);
const item = z.discriminatedUnion('op', [
  z.strictObject({
    op: z.literal('get'),
    key: unicode,
    touch: life.optional(),
    encoding: z.literal('base64').optional(),
  }),
  z.strictObject({
    op: z.literal('put'),
    key: unicode,
    value: unicode.optional(),
    base64: z.base64().optional(),
    ttl: life.optional(),
    ifMatch: z.string().optional(),
    ifNoneMatch: z.string().optional(),
  }),
  z.strictObject({ op: z.literal('delete'), key: unicode, ifMatch: z.string().optional() }),
  z.strictObject({ op: z.literal('touch'), key: unicode, ttl: life.optional() }),
]);
const batch = z.array(item).min(1).max(BATCH_OPERATIONS);
type Item = z.infer<typeof item>;

/** Registers the route. */
export function batchRoutes(app: FastifyInstance, cache: Cache): void {
  app.post(
    '/v1/batch',
    { bodyLimit: BATCH_BYTES, config: { tooLarge: 'batch_too_large' } },
    async (request, reply) => {
      queryOf(request);
      const answers = await runBatch(
        cache,
        parseBatch((request.body as Buffer | undefined) ?? Buffer.alloc(0)),
      );
      return reply
        .header('content-type', 'application/json; charset=utf-8')
        .header('x-content-type-options', 'nosniff')
        .send(answers);
    },
  );
}

function parseBatch(body: Buffer): Item[] {
  if (!isUtf8(body))
    throw new GatewayError('batch_invalid', 'The batch is not UTF-8. Nothing of it was done.');
  let json: unknown;
  try {
    json = JSON.parse(body.toString());
  } catch {
    throw new GatewayError('batch_invalid', 'The batch is not JSON. Nothing of it was done.');
  }
  const parsed = batch.safeParse(json);
  if (parsed.success) {
    const bad = parsed.data.findIndex(
      (i) => i.op === 'put' && (i.value === undefined) === (i.base64 === undefined),
    );
    if (bad === -1) return parsed.data;
    throw new GatewayError(
      'batch_invalid',
      `Batch item ${bad}: a put has either value or base64. Nothing was done.`,
    );
  }
  // Paths and rules only: what was sent could be a key or a value.
  const issue = parsed.error.issues[0];
  const where = issue?.path.length ? `item ${issue.path.filter((p) => p !== '').join('.')}` : 'the array';
  throw new GatewayError('batch_invalid', `Batch, ${where}: ${faultOf(issue)}. Nothing of it was done.`);
}

function faultOf(issue: z.core.$ZodIssue | undefined): string {
  switch (issue?.code) {
    case 'invalid_union':
      return 'op must be get, put, delete or touch';
    case 'unrecognized_keys':
      return 'a field is not known for this op';
    case 'too_big':
    case 'too_small':
      return `1 to ${BATCH_OPERATIONS} operations are taken`;
    case 'invalid_type':
      return `${issue.expected} expected`;
    case 'custom':
      return issue.message;
    default:
      return 'not of the documented form';
  }
}

/** Operations start in the order of the list, so those on one key take effect in it. */
async function runBatch(cache: Cache, items: Item[]): Promise<string> {
  const answers: string[] = [];
  let bytes = 0;
  for (let start = 0; start < items.length; start += WINDOW) {
    const window = items.slice(start, start + WINDOW);
    const results = await Promise.all(
      // Once the answer is full, values are not even fetched; writes still happen.
      window.map((i) =>
        i.op === 'get' && bytes >= BATCH_BYTES ? failure('answer_too_large') : runItem(cache, i),
      ),
    );
    for (const [n, result] of results.entries()) {
      let answer = JSON.stringify(answerOf(window[n] as Item, result));
      if (result.value && bytes + answer.length > BATCH_BYTES) {
        bytes = BATCH_BYTES;
        answer = JSON.stringify(answerOf(window[n] as Item, failure('answer_too_large')));
      } else bytes += answer.length;
      answers.push(answer);
    }
  }
  return `[${answers.join(',')}]`;
}

function runItem(cache: Cache, asked: Item): Promise<Result> | Result {
  try {
    return cache.run(operationOf(asked));
  } catch (error) {
    if (error instanceof GatewayError) return failure(error.code, error.message);
    throw error;
  }
}

function operationOf(asked: Item): Operation {
  const plain = operation(asked.op, Buffer.from(asked.key));
  const text = (given: string | number | undefined) => (given === undefined ? undefined : String(given));
  if (asked.op === 'get') return { ...plain, ...lifeOf(text(asked.touch)), wantEtag: true };
  if (asked.op === 'touch') return { ...plain, ...lifeOf(text(asked.ttl)) };
  const condition = conditionOf({
    'if-match': asked.ifMatch,
    'if-none-match': asked.op === 'put' ? asked.ifNoneMatch : undefined,
  });
  if (asked.op === 'delete') return { ...plain, ...condition };
  const value =
    asked.base64 === undefined ? Buffer.from(asked.value ?? '') : Buffer.from(asked.base64, 'base64');
  return {
    ...plain,
    ...condition,
    ...lifeOf(text(asked.ttl)),
    value,
    wantEtag: condition.condition !== 'none',
  };
}

function answerOf(asked: Item, result: Result): object {
  const etag = result.etag ? { etag: etagText(result.etag) } : {};
  if (result.status !== 'ok') {
    const { statusCode, error: _words, ...rest } = errorBody(codeOf(result), result.detail, result.outcome);
    return { status: statusCode, ...rest, ...etag };
  }
  if (asked.op === 'get' && result.value) {
    const text = asked.encoding !== 'base64' && isUtf8(result.value);
    return {
      status: 200,
      ...etag,
      ...(text ? { value: result.value.toString() } : { base64: result.value.toString('base64') }),
    };
  }
  return { status: asked.op === 'put' && asked.ifNoneMatch !== undefined ? 201 : 204, ...etag };
}
