// Runs under the Windows Node: many connections to the pipe PIPE. Started by pipe.test.ts.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';

const pipe = process.env.PIPE ?? '';

const ask = (/** @type {string} */ method, /** @type {string} */ path, /** @type {string} */ body = '') =>
  new Promise((resolve, reject) => {
    const call = request({ socketPath: pipe, method, path, agent: false }, async (response) =>
      resolve({ status: response.statusCode, text: Buffer.concat(await response.toArray()).toString() }),
    );
    call.on('error', reject).end(body);
  });

test('200 requests, each on a connection of its own, are answered', async () => {
  const numbers = Array.from({ length: 200 }, (_, number) => number);
  await Promise.all(numbers.map((number) => ask('PUT', `/v1/cache/n${number}`, String(number))));
  const answers = await Promise.all(numbers.map((number) => ask('GET', `/v1/cache/n${number}`)));
  assert.deepEqual(
    answers,
    numbers.map((number) => ({ status: 200, text: String(number) })),
  );
});

test('while 100 hold connections open and say nothing, others are let in', async () => {
  const held = await Promise.all(
    Array.from(
      { length: 100 },
      () =>
        new Promise((resolve, reject) => {
          const socket = connect(pipe, () => resolve(socket)).once('error', reject);
        }),
    ),
  );
  assert.deepEqual(await ask('GET', '/v1/cache/n7'), { status: 200, text: '7' });
  for (const socket of held) socket.destroy();
});
