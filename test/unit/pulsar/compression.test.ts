import { connect } from 'node:net';
import { BinaryTransport } from '../../../src/pulsar/binary-transport';
import type { OutgoingMessage } from '../../../src/pulsar/transport';
import { systemClock } from '../../../src/util/clock';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { FakePulsarBroker } from '../../support/fake-pulsar-broker';
import { joinChunks } from '../../support/message-codec';
import { message } from '../../support/producer-log';
import { sendAll } from '../../support/send-all';
import { PRODUCER, pulsarSettings } from '../../support/transport-settings';
import { uncompressReady } from '../../support/uncompress';

const LIMIT = 20_000;
const TYPES = ['NONE', 'LZ4', 'ZLIB', 'ZSTD', 'SNAPPY'] as const;

let broker: FakePulsarBroker;

beforeAll(async () => {
  await uncompressReady();
  broker = await FakePulsarBroker.start();
  broker.script.maxMessageSize = LIMIT;
});

afterAll(() => broker.stop());

async function stored(compressionType: (typeof TYPES)[number], messages: readonly OutgoingMessage[]) {
  const before = broker.stored.length;
  const transport = new BinaryTransport(
    pulsarSettings(broker.serviceUrl),
    { ...PRODUCER, compressionType },
    {
      clock: systemClock,
      random: seededRandom(1),
      logger: silentLogger,
      connect: (host, port) => connect({ host, port, noDelay: true }),
    },
  );
  try {
    expect(await sendAll(transport, 'orders', messages)).toEqual([]);
  } finally {
    await transport.close(500);
  }
  return broker.stored.slice(before);
}

/** Bytes that nothing makes smaller. */
const noise = (length: number): string => {
  const random = seededRandom(length);
  return Array.from({ length }, () => String.fromCharCode(33 + Math.floor(random.next() * 90))).join('');
};

test.each(TYPES)('%s: batches, single messages and chunks hold what was sent', async (type) => {
  const texts = [
    ...Array.from({ length: 50 }, (_, i) => `flight ${i % 3} to gate ${i}`),
    'on time '.repeat(LIMIT),
    noise(3 * LIMIT),
    'late',
  ];
  const parts = await stored(
    type,
    texts.map((text) => message(text, { key: 'k', properties: { a: 'b' } })),
  );
  const whole = joinChunks(parts);
  expect(whole.map(({ value }) => value.toString())).toEqual(texts);
  expect(whole.every(({ key, properties }) => key === 'k' && properties.a === 'b')).toBe(true);
  expect(whole[0]?.compression).toBe(TYPES.indexOf(type));
  // Above the limit as it is, below it when compressed: then it needs no chunks.
  expect(whole[50]?.chunk === undefined).toBe(type !== 'NONE');
  expect(whole[51]?.chunk?.count).toBeGreaterThan(1);
  expect(whole[52]?.compression).toBe(0);
});
