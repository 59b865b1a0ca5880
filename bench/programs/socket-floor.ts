import { connect } from 'node:net';
import { CostMeter, readSettings, say } from './program';
import type { SendSettings } from './pulsar-send';

export interface SocketSettings extends Omit<SendSettings, 'serviceUrl' | 'topic' | 'batchingEnabled'> {
  readonly port: number;
}

const WRITE_BYTES = 128 * 1024;

/** The least that sending can cost in Node: as many bytes into a socket, from one buffer; nothing else. */
const { port, messageBytes, warmUp, records } = readSettings<SocketSettings>();
const meter = new CostMeter(warmUp, records);
const bytes = Buffer.alloc(WRITE_BYTES, 7);
const socket = connect({ host: '127.0.0.1', port, noDelay: true }, function write(): void {
  socket.write(bytes, () => {
    const cost = meter.count(WRITE_BYTES / messageBytes);
    if (cost !== undefined) {
      say(cost);
    }
    write();
  });
});
