import { connect } from 'node:net';
import { readSettings } from './program';

export interface SocketSettings {
  readonly port: number;
}

const WRITE_BYTES = 128 * 1024;

/** The least that sending can cost in Node: bytes into a socket, for ever, from one buffer; nothing else. */
const { port } = readSettings<SocketSettings>();
const bytes = Buffer.alloc(WRITE_BYTES, 7);
const socket = connect({ host: '127.0.0.1', port, noDelay: true }, function write(): void {
  socket.write(bytes, () => write());
});
