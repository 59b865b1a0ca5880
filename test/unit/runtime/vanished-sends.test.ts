import { connect } from 'node:net';
import { BinaryTransport } from '../../../src/pulsar/binary-transport';
import { DeliveryLane } from '../../../src/runtime/delivery-lane';
import { systemClock } from '../../../src/util/clock';
import { deferred } from '../../../src/util/deferred';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { FakePulsarBroker } from '../../support/fake-pulsar-broker';
import { message, textOf } from '../../support/producer-log';
import { PRODUCER, pulsarSettings } from '../../support/transport-settings';

test('a producer that is silently gone, on a connection that is well, is made anew: all arrives, in order', async () => {
  const broker = await FakePulsarBroker.start();
  const random = seededRandom(1);
  const transport = new BinaryTransport(
    pulsarSettings(broker.serviceUrl),
    { ...PRODUCER, sendTimeout: 100 },
    {
      clock: systemClock,
      random,
      logger: silentLogger,
      connect: (host, port) => connect({ host, port, noDelay: true }),
    },
  );
  const all = deferred<void>();
  let acked = 0;
  const lane = new DeliveryLane({
    transport,
    topic: 'orders',
    atMostOnce: false,
    backoff: { initialMs: 1, maxMs: 10 },
    clock: systemClock,
    random,
    logger: silentLogger,
    mayStillSend: () => true,
    onRoom: () => undefined,
    onFatal: all.reject,
  });
  const texts = Array.from({ length: 30 }, (_, i) => `${i}`);
  const offer = (some: readonly string[]): void => {
    for (const text of some) {
      lane.offer({
        ...message(text),
        recordSequence: Number(text),
        ack: () => ++acked === texts.length && all.resolve(),
        fail: all.reject,
      });
    }
  };
  offer(texts.slice(0, 10));
  await broker.until(() => broker.stored.length === 10);
  broker.forgetProducers();
  offer(texts.slice(10));
  await all.promise;
  expect(broker.stored.map(textOf)).toEqual(texts);
  expect(broker.commands('producer')).toHaveLength(2);
  expect(broker.commands('connect')).toHaveLength(1);
  await lane.close(500);
  await transport.close(500);
  await broker.stop();
});
