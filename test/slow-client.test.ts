// A client that takes for ever does not hold a connection for ever. The limits are those of src/listen.ts.
import { test } from 'tap';
import { connectDoor, rawRequest } from './fixtures/http.js';
import { startSidecar } from './fixtures/sidecar.js';

test('headers that do not arrive within 10 s are answered with 408, on both doors', async (t) => {
  await using sidecar = await startSidecar();
  const doors = [{ url: sidecar.url }, { socketPath: sidecar.socketPath }];
  await Promise.all(
    doors.map(async (door) => {
      const answer = await rawRequest(await connectDoor(door), 'GET /v1/cache/slow HTTP/1.1\r\nHost: loc');
      t.match(answer, /^HTTP\/1\.1 408 /);
      t.match(answer, /"code":"request_timeout"/);
    }),
  );
});
