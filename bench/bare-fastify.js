// fastify alone: one route that answers 1 KiB and does nothing else. Started by layers.js.
import fastify from 'fastify';
import { VALUE } from './load.js';

const app = fastify();
app.get('/v1/cache/:key', (_request, reply) => reply.type('application/octet-stream').send(VALUE));
console.log(JSON.stringify({ url: await app.listen({ host: '127.0.0.1', port: 0 }) }));
