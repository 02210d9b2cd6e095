// The entry points for other frameworks fit what these take, by their types. Checked by tsc, never run.
import type { FastifySessionOptions } from '@fastify/session';
import { AzureCacheFastifyStore } from 'azurecache/fastify-session';
import { AzureCacheKeyv } from 'azurecache/keyv';
import { AzureCacheKoaStore } from 'azurecache/koa-session';
import Keyv from 'keyv';
import koaSession from 'koa-session';

const fastify = new AzureCacheFastifyStore({ prefix: 'sess:', touchAfter: 60, conflict: 'theirs' });
export const options: FastifySessionOptions = { secret: '', store: fastify };
fastify.set('sid', { cookie: {} }, (error: Error | null) => error);
fastify.get('sid', (error, session) => [error, session?.user]);
fastify.destroy('sid', (error) => error);
export const found: Promise<Record<string, unknown> | null> = fastify.get('sid');
export const counts: { dropped: number; merged: number } = fastify.counts;
export const sessions: Promise<Record<string, unknown>[]> = fastify.all();

const koa = new AzureCacheKoaStore({ atomic: ['user'] });
export const middleware = koaSession({ store: koa }, {});
export const read: Promise<Record<string, unknown> | undefined> = koa.get('key', 1000, { ctx: {} });
// @ts-expect-error koa-session does not call touch
new AzureCacheKoaStore({ disableTouch: true });

const keyv = new AzureCacheKeyv({ prefix: 'keyv:', url: 'unix:/path' });
export const wrapped = new Keyv({ store: keyv, namespace: 'app' });
export const text: Promise<string | undefined> = keyv.get('key');
// @ts-expect-error the ttl is milliseconds
keyv.set('key', 'text', 'soon');
