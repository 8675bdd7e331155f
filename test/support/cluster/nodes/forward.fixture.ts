/**
 * Passes TCP connections on to a port of this process's network namespace: forward.fixture.ts PORT
 *
 * The listening socket is handed over by the parent and is of the parent's namespace. Lives as long as the parent keeps the
 * channel open.
 */
import { connect, Server, type Socket } from 'node:net';

const port = Number(process.argv[2]);

process.once('disconnect', () => process.exit());
process.once('message', (_, listening) => {
  if (!(listening instanceof Server)) throw new Error('a listening socket is needed');
  listening.on('connection', passOn);
  process.send?.('listens');
});

/** Whatever ends one side ends the other in the same manner. */
function passOn(client: Socket): void {
  const server = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  for (const socket of [client, server]) socket.setNoDelay();
  client.allowHalfOpen = true;
  client.on('error', () => server.destroy());
  server.on('error', () => client.resetAndDestroy());
  client.on('close', () => server.destroy());
  server.on('close', () => client.destroy());
  client.pipe(server).pipe(client);
}
