// GET /v1/events where nothing happens: a line keeps the connection alive.
import t from 'tap';
import { readEvents } from '../fixtures/event-reader.js';
import { startSidecar } from '../fixtures/sidecar.js';
import { until } from '../fixtures/wait.js';

t.test('every 15 s a line comes that is no event', async (t) => {
  await using sidecar = await startSidecar();
  using reader = await readEvents(sidecar);
  await reader.first(1);
  const start = performance.now();
  await until(
    () => reader.text().endsWith('\n\n:\n\n'),
    20_000,
    () => reader.text(),
  );
  t.ok(performance.now() - start > 10_000);
  t.equal(reader.told.length, 1);
});
