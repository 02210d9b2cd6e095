// The least that can answer an HTTP GET: a socket that writes the same answer to whatever arrives. Started by
// layers.js; what the load generator reaches against it is the most it can show of anything.
import { createServer } from 'node:net';
import { VALUE } from './load.js';

const answer = Buffer.concat([
  Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${VALUE.length}\r\n\r\n`),
  VALUE,
]);
const server = createServer((socket) => {
  socket.on('data', () => socket.write(answer));
  socket.on('error', () => socket.destroy());
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
});
