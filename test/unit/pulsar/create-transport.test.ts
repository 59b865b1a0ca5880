import { Writable } from 'node:stream';
import { BinaryTransport } from '../../../src/pulsar/binary-transport';
import { createTransport } from '../../../src/pulsar/create-transport';
import { MemoryTransport } from '../../../src/pulsar/memory-transport';
import { StdoutTransport } from '../../../src/pulsar/stdout-transport';
import type { Transport } from '../../../src/pulsar/transport';
import { WebSocketTransport } from '../../../src/pulsar/websocket-transport';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { ManualClock } from '../../support/manual-clock';
import { PRODUCER, pulsarSettings } from '../../support/transport-settings';

function create(serviceUrl: string): Transport {
  return createTransport(pulsarSettings(serviceUrl), PRODUCER, {
    clock: new ManualClock(),
    random: seededRandom(1),
    logger: silentLogger,
    stdout: new Writable(),
  });
}

test.each([
  ['pulsar://localhost:6650', BinaryTransport],
  ['pulsar+ssl://localhost:6651', BinaryTransport],
  ['http://localhost:8080', BinaryTransport],
  ['wss://localhost:8443', WebSocketTransport],
  ['memory://', MemoryTransport],
  ['stdout:', StdoutTransport],
])('%s chooses its transport', (serviceUrl, type) => {
  expect(create(serviceUrl)).toBeInstanceOf(type);
});

test.each([
  ['kafka://a', 'CONFIG_INVALID'],
  ['pulsar://', 'CONFIG_INVALID'],
])('%s is refused as %s', (serviceUrl, code) => {
  expect(() => create(serviceUrl)).toThrow(expect.objectContaining({ code, treatment: 'config' }));
});
