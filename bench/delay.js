// A TCP proxy that holds back what goes to the server, by so many milliseconds: `node delay.js <host> <port> <ms>`. What comes
// back passes at once, so a round trip is longer by just that. Started by near.js.
import { connect, createServer } from 'node:net';

const [host, port, delayMs] = process.argv.slice(2);
/** @type {{ atMs: number, act: () => void }[]} */
const due = [];

// Timers of Node are a fifth of a millisecond late, which is more than is measured: while something is due, it looks.
function look() {
  const nowMs = performance.now();
  while (due.length > 0 && due[0].atMs <= nowMs) due.shift().act();
  if (due.length > 0) setImmediate(look);
}

function later(act) {
  if (due.push({ atMs: performance.now() + Number(delayMs), act }) === 1) setImmediate(look);
}

const server = createServer({ noDelay: true }, (near) => {
  const far = connect({ host, port: Number(port), noDelay: true });
  near.on('data', (chunk) => later(() => far.write(chunk)));
  near.on('close', () => later(() => far.destroy()));
  far.on('data', (chunk) => near.write(chunk));
  far.on('close', () => near.destroy());
  for (const socket of [near, far]) socket.on('error', () => {});
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ host: '127.0.0.1', port: server.address().port }));
});
