import { loadConfigObject } from '../../src/config';
import { MemoryBroker } from '../../src/pulsar/memory-broker';
import { MemoryTransport } from '../../src/pulsar/memory-transport';
import { runSourceInstance } from '../../src/runtime/source-instance';
import { KinesisSource } from '../../src/source/kinesis-source';
import { silentLogger } from '../../src/util/logger';
import { seededRandom } from '../../src/util/random';
import { LeaseLab, STREAM, TABLE } from '../support/lease-lab';

const TOPIC = 'orders';
const RECORDS = 300;

/** Starts a process that ends when it has caught up. */
function run(lab: LeaseLab, broker: MemoryBroker, name: string, seed: number): Promise<unknown> {
  const { sources, pulsar } = loadConfigObject(
    {
      pulsar: { serviceUrl: 'memory://test' },
      aws: { region: 'us-east-1' },
      sources: [
        {
          tenant: 'public',
          namespace: 'default',
          name,
          sourceType: 'kinesis',
          topicName: TOPIC,
          configs: {
            awsKinesisStreamName: STREAM,
            applicationName: TABLE,
            initialPositionInStream: 'TRIM_HORIZON',
            useEnhancedFanOut: false,
            cloudwatchMetricsLevel: 'NONE',
          },
        },
      ],
    },
    'test',
    { env: {} },
  );
  const [definition] = sources;
  if (definition === undefined) {
    throw new Error('the configuration has one source');
  }
  return runSourceInstance({
    definition,
    pulsar,
    source: new KinesisSource({
      kinesis: () => ({ ...lab.kinesis, close: () => undefined }),
      dynamo: () => ({ ...lab.dynamo, close: () => undefined }),
    }),
    untilCaughtUp: true,
    shutdownTimeoutMs: 10_000,
    clock: lab.clock,
    random: seededRandom(seed),
    logger: silentLogger,
    openTransport: (_pulsar, producer) => new MemoryTransport(broker, producer, lab.clock),
    stop: new AbortController().signal,
  });
}

function put(lab: LeaseLab): void {
  for (let n = 0; n < RECORDS; n++) {
    lab.kinesis.model.call('PutRecord', {
      StreamName: STREAM,
      PartitionKey: `key-${n}`,
      Data: Buffer.from(String(n)).toString('base64'),
    });
  }
}

test.each([0, 700, 5000])(
  'two processes that run until they have caught up, %i ms apart, both end, and nothing is missing or doubled',
  async (apart) => {
    const lab = new LeaseLab(4);
    const stored: number[] = [];
    const broker = new MemoryBroker({ latencyMs: 5 });
    const store = broker.store.bind(broker);
    broker.store = (topic, message) => {
      stored.push(Number(Buffer.from(message.value).toString()));
      return store(topic, message);
    };
    put(lab);
    lab.split('shardId-000000000001');
    await lab.clock.advance(1000);
    const first = run(lab, broker, 'first', 1);
    await lab.clock.advance(apart);
    const second = run(lab, broker, 'second', 2);
    await lab.clock.run(Promise.all([first, second]), 120_000);
    expect(stored.sort((a, b) => a - b)).toEqual(Array.from({ length: RECORDS }, (_, n) => n));
  },
  30_000,
);
