// One item of a batch: its form, the Operation it asks for, and its answer. Called by batch.ts.
// A batch of the wrong form is refused whole; what is wrong with one entry is said in its place.
import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { type Operation, operation, type Result } from '../backend.js';
import { errorBody, GatewayError } from '../errors.js';
import { conditionOf, etagText, layoutOf, lifeOf, lockOf, taggingWith, together } from './parameters.js';
import { codeOf } from './replies.js';

export const BATCH_OPERATIONS = 1000;

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
    sliding: life.optional(),
    layout: z.string().optional(),
    ifMatch: z.string().optional(),
    ifNoneMatch: z.string().optional(),
    token: z.string().optional(),
    tags: z.array(unicode).optional(),
  }),
  z.strictObject({
    op: z.literal('delete'),
    key: unicode,
    ifMatch: z.string().optional(),
    token: z.string().optional(),
  }),
  z.strictObject({
    op: z.literal('touch'),
    key: unicode,
    ttl: life.optional(),
    ifMatch: z.string().optional(),
  }),
]);
const batch = z.array(item).min(1).max(BATCH_OPERATIONS);
export type Item = z.infer<typeof item>;

/** @throws GatewayError batch_invalid, when the array or an item of it is of another form */
export function parseBatch(body: Buffer): Item[] {
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
      // The union of the items, told apart by op, or that of the two forms of a life.
      return issue.path.at(-1) === 'op'
        ? 'op must be get, put, delete or touch'
        : 'string or number expected';
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

/** @throws GatewayError ttl_invalid, etag_invalid, condition_invalid, token_invalid */
export function operationOf(asked: Item): Operation {
  const plain = operation(asked.op, Buffer.from(asked.key));
  const text = (given: string | number | undefined) => (given === undefined ? undefined : String(given));
  if (asked.op === 'get') return { ...plain, ...lifeOf(text(asked.touch)), wantEtag: true };
  const condition = conditionOf({
    'if-match': asked.ifMatch,
    'if-none-match': asked.op === 'put' ? asked.ifNoneMatch : undefined,
  });
  if (asked.op === 'delete') return { ...plain, ...condition, ...lockOf(asked.token) };
  if (asked.op === 'touch') return { ...plain, ...condition, ...lifeOf(text(asked.ttl)) };
  const tagging = asked.tags ? taggingWith(asked.tags) : {};
  const value =
    asked.base64 === undefined ? Buffer.from(asked.value ?? '') : Buffer.from(asked.base64, 'base64');
  return {
    ...plain,
    ...condition,
    ...lifeOf(text(asked.ttl)),
    ...together(
      layoutOf({ sliding: text(asked.sliding), layout: asked.layout }),
      lockOf(asked.token),
      tagging,
    ),
    value,
    wantEtag: condition.condition !== 'none',
  };
}

/** What stands in the item's place in the answer. */
export function answerOf(asked: Item, result: Result): object {
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
