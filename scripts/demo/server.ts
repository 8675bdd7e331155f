/** The demo's server: `node server.ts PORT` answers every HTTP request with the same number of bytes. */
import { createServer } from 'node:http';

/** Bytes of every answer's body. */
const BODY = Buffer.alloc(1009, 'weir ');

const server = createServer((_, response) => {
  // Each request is a connection of its own, so that the number of flows can be told beforehand.
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': BODY.length, connection: 'close' });
  response.end(BODY);
});

server.listen(Number(process.argv[2]), '::', () => process.stdout.write('listening\n'));
