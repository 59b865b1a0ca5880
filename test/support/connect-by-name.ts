import { connect, type Socket } from 'node:net';

/** A connection to a name with two addresses, of which only the second one answers. */
export function connectByName(port: number): Socket {
  return connect({
    host: 'broker.test',
    port,
    lookup: (_host, _options, found) =>
      setImmediate(() =>
        found(null, [
          { address: '::1', family: 6 },
          { address: '127.0.0.1', family: 4 },
        ]),
      ),
  });
}
