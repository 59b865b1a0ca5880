import { loadConfigObject } from '../../src/config';
import { MemoryBroker } from '../../src/pulsar/memory-broker';
import { MemoryTransport } from '../../src/pulsar/memory-transport';
import { runSinkInstance } from '../../src/runtime/sink-instance';
import { KinesisSink } from '../../src/sink/kinesis-sink';
import { systemClock } from '../../src/util/clock';
import { silentLogger } from '../../src/util/logger';
import { systemRandom } from '../../src/util/random';
import { PRODUCER } from './transport-settings';

const TOPIC = 'exports';

export interface ExportedMessage {
  readonly key?: string | undefined;
  readonly payload: Uint8Array;
}

/** Runs a sink from a topic in memory until all of `messages` are stored in `stream` and acknowledged. */
export async function exportMessages(
  endpoint: string,
  stream: string,
  messages: readonly ExportedMessage[],
  configs: { readonly [option: string]: unknown } = {},
): Promise<void> {
  const broker = new MemoryBroker();
  for (const { key, payload } of messages) {
    broker.publish(TOPIC, { key, value: payload, properties: { origin: 'test' } });
  }
  const { pulsar, sinks } = loadConfigObject(
    {
      pulsar: { serviceUrl: 'memory://' },
      aws: { region: 'us-east-1', endpoints: { kinesis: endpoint } },
      sinks: [
        {
          name: 'exports',
          sinkType: 'kinesis',
          inputs: [TOPIC],
          sourceSubscriptionName: 'exports',
          sourceSubscriptionPosition: 'Earliest',
          retainOrdering: true,
          configs: {
            awsKinesisStreamName: stream,
            awsCredentialPluginParam: JSON.stringify({ accessKey: 'test', secretKey: 'test' }),
            cloudwatchMetricsLevel: 'NONE',
            lingerMs: 20,
            retryInitialDelayInMillis: 5,
            // A request that is given up may have taken effect: its records would be there twice.
            requestTimeout: 50_000,
            rateLimit: 100_000,
            ...configs,
          },
        },
      ],
    },
    'exports',
    { env: {} },
  );
  const [definition] = sinks;
  if (definition === undefined) {
    throw new Error('one sink was asked for');
  }
  const outcome = await runSinkInstance({
    definition,
    pulsar,
    sink: new KinesisSink(),
    shutdownTimeoutMs: 5_000,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    openTransport: () => new MemoryTransport(broker, PRODUCER, systemClock),
    stop: new AbortController().signal,
    untilCaughtUp: true,
  });
  expect(outcome).toBe('drained');
  expect(broker.backlog(TOPIC, 'exports')).toBe(0);
}
