import { loadConfigObject } from '../../src/config';
import { createTransport } from '../../src/pulsar/create-transport';
import type { OutgoingMessage } from '../../src/pulsar/transport';
import { systemClock } from '../../src/util/clock';
import { deferred } from '../../src/util/deferred';
import { silentLogger } from '../../src/util/logger';
import { systemRandom } from '../../src/util/random';
import type { PutEntry } from './kinesis-fill';

/** Sends `records` to a topic in their order and resolves when the broker has confirmed all of them. */
export async function fillTopic(
  serviceUrl: string,
  topic: string,
  records: readonly PutEntry[],
): Promise<void> {
  const config = loadConfigObject(
    {
      pulsar: { serviceUrl },
      sources: [{ name: 'fill', topicName: topic, configs: { awsKinesisStreamName: 'none' } }],
    },
    'fill',
    { env: { AWS_REGION: 'us-east-1' } },
  );
  const [definition] = config.sources;
  if (definition === undefined) {
    throw new Error('one source was asked for');
  }
  const transport = createTransport(config.pulsar, definition.producer, {
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    stdout: process.stdout,
  });
  const done = deferred<void>();
  let confirmed = 0;
  let room = deferred<void>();
  const producer = await transport.createProducer<OutgoingMessage>({
    topic,
    listener: {
      confirmed: () => {
        confirmed++;
        if (confirmed === records.length) {
          done.resolve();
        }
      },
      rejected: (_message, error) => done.reject(error),
      failed: (error) => done.reject(error),
      drained: () => room.resolve(),
    },
  });
  for (const { key, payload } of records) {
    if (!producer.writable) {
      room = deferred<void>();
      await Promise.race([room.promise, done.promise]);
    }
    producer.send({ key, value: payload, eventTime: undefined, properties: {} });
  }
  producer.flush();
  await done.promise;
  await transport.close(5000);
}
