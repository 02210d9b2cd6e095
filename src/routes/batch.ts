// Many operations in one request: POST /v1/batch, a JSON array in, a JSON array of the same length out.
// Knows nothing of what one item looks like (batch-items.ts).
import type { FastifyInstance } from 'fastify';
import { failure, type Result } from '../backend.js';
import type { Cache } from '../cache.js';
import { GatewayError } from '../errors.js';
import { answerOf, type Item, operationOf, parseBatch } from './batch-items.js';
import { checkUnguarded, queryOf } from './parameters.js';

export const BATCH_BYTES = 16 * 1024 * 1024;
/** Operations under way at once: enough to hide the way to the backend, few enough to bound memory. */
const WINDOW = 128;

/** Registers the route. */
export function batchRoutes(app: FastifyInstance, cache: Cache): void {
  app.post(
    '/v1/batch',
    { bodyLimit: BATCH_BYTES, config: { tooLarge: 'batch_too_large' } },
    async (request, reply) => {
      queryOf(request);
      checkUnguarded(request);
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
