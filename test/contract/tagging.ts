// How the rules about tags (tags.ts, tags-at-once.ts) ask for what carries them.
import assert from 'node:assert/strict';
import {
  type Backend,
  type ClearedPage,
  type Extras,
  type KeyPage,
  operation,
  type Result,
} from '../../src/backend.js';
import { isDone, isStatus } from './entry.js';

export interface ByTag {
  backend: Backend;
  tags: string[];
  all?: boolean;
  prefix?: Buffer | string;
  limit?: number;
}

/** One page of a list or clear by tag, from behind `cursor` on. */
export function tagPage(
  verb: 'list' | 'clear',
  { backend, tags, all, prefix = '', limit = 0 }: ByTag,
  cursor: Buffer | string = '',
): Promise<Result> {
  const extras: Extras = { tags, ...(all && { all }) };
  const asked = operation(verb, Buffer.from(prefix as Buffer));
  return backend.run({
    ...asked,
    extras,
    value: Buffer.from(cursor as Buffer),
    ttlMs: limit,
    deadlineMs: 10_000,
  });
}

/** The keys on each page. */
export async function pagesWith(asked: ByTag): Promise<string[][]> {
  const pages: string[][] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const result = await tagPage('list', asked, cursor);
    isStatus(result, 'ok');
    assert.equal(result.outcome, 'not_applied', 'a list changes nothing');
    const page = JSON.parse(String(result.value)) as KeyPage;
    pages.push(page.keys);
    cursor = page.cursor;
    assert.ok(pages.length < 1000, 'no end after 1000 pages');
  }
  return pages;
}

/** Every key that carries the tags, each once. */
export async function keysWith(asked: ByTag): Promise<string[]> {
  return [...new Set((await pagesWith(asked)).flat())].sort();
}

/** Removes all that carry the tags; answers how many there were. */
export async function clearWith(asked: ByTag): Promise<number> {
  let removed = 0;
  let pages = 0;
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const result = await tagPage('clear', asked, cursor);
    isDone(result);
    const page = JSON.parse(String(result.value)) as ClearedPage;
    removed += page.removed;
    cursor = page.cursor;
    assert.ok(pages++ < 1000, 'no end after 1000 pages');
  }
  return removed;
}

export const tagged = (...tags: string[]) => ({ extras: { tags } });
export const UNTAGGED = { extras: { untagged: true } } as const;
