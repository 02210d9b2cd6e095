// Runs under the Windows Node: gives tests of this system a way to named pipes. A connection to its TCP port says the
// name of a pipe in its first line; from then on everything goes both ways as it comes. Started by pipe-relay.ts.
import { connect, createServer } from 'node:net';

const relay = createServer({ allowHalfOpen: true }, (socket) => {
  let head = '';
  const read = (/** @type {Buffer} */ chunk) => {
    head += chunk.toString('latin1');
    const end = head.indexOf('\n');
    if (end === -1) return;
    socket.off('data', read);
    socket.pause();
    const pipe = connect({ path: head.slice(0, end), allowHalfOpen: true });
    const destroy = () => {
      socket.destroy();
      pipe.destroy();
    };
    for (const side of [socket, pipe]) side.on('error', destroy).on('close', destroy);
    const rest = Buffer.from(head.slice(end + 1), 'latin1');
    if (rest.length > 0) socket.unshift(rest);
    socket.pipe(pipe).pipe(socket);
  };
  socket.on('data', read).on('error', () => socket.destroy());
});
relay.listen(0, '127.0.0.1', () => console.log(JSON.stringify(relay.address())));
