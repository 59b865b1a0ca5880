import { loadConfigObject } from '../../src/config';
import type { LoadedConfig, SinkDefinition } from '../../src/config/types';
import type { SubscriptionType } from '../../src/io';
import { type Random, randomInt } from '../../src/util/random';

export const TOPIC = 'persistent://public/default/flights';
export const DEAD_LETTERS = 'persistent://public/default/flights-dead';
export const STREAM = 'flights';

/** What becomes of records that can never be stored; `end`: no dead-letter topic, so the instance ends. */
export type HopelessPolicy = 'dead letters' | 'skip' | 'fail' | 'end';

/** How the sink of one life is configured. */
export interface SinkSettings {
  readonly subscription: SubscriptionType;
  readonly retainOrdering: boolean;
  readonly policy: HopelessPolicy;
  readonly requestTimeout: number;
  readonly recordTtl: number | undefined;
  readonly collectionMaxCount: number;
  readonly collectionMaxSize: number;
  readonly lingerMs: number;
  readonly maxConnections: number;
  readonly maxPendingRecords: number;
  readonly maxPendingBytes: number;
  readonly rateLimit: number;
  readonly shutdownTimeoutMs: number;
  readonly receiverQueueSize: number;
  readonly wholeMessage: boolean;
}

const POLICIES: readonly HopelessPolicy[] = [
  ...Array<HopelessPolicy>(5).fill('dead letters'),
  ...Array<HopelessPolicy>(2).fill('skip'),
  ...Array<HopelessPolicy>(2).fill('end'),
  'fail',
];

export function randomSettings(random: Random): SinkSettings {
  const pick = <T>(...values: readonly T[]): T => values[randomInt(random, values.length)] as T;
  const policy = pick(...POLICIES);
  // Without it nothing ends the instance.
  const endsByTtl = policy === 'fail' || policy === 'end';
  const recordTtl = 500 + randomInt(random, endsByTtl ? 2000 : 8000);
  const subscription = pick<SubscriptionType>('Shared', 'Failover', 'Failover', 'Key_Shared');
  return {
    subscription,
    retainOrdering: subscription !== 'Shared' && random.next() < 0.75,
    policy,
    requestTimeout: 300 + randomInt(random, 1500),
    recordTtl: endsByTtl || random.next() < 0.25 ? recordTtl : undefined,
    collectionMaxCount: pick(1, 3, 10, 500),
    collectionMaxSize: pick(60, 400, 5000, 10 * 1024 * 1024),
    lingerMs: pick(0, 20, 100, 400),
    maxConnections: pick(1, 2, 5, 24),
    maxPendingRecords: pick(1, 7, 60, 10_000),
    maxPendingBytes: pick(1, 500, 64 * 1024 * 1024),
    rateLimit: pick(3, 10, 150),
    shutdownTimeoutMs: pick(1000, 5000, 20_000),
    receiverQueueSize: pick(1, 10, 1000),
    wholeMessage: random.next() < 0.2,
  };
}

/** The settings as a configuration file has them. */
export function sinkConfig(settings: SinkSettings): LoadedConfig & { readonly sink: SinkDefinition } {
  const { subscription, policy, retainOrdering, recordTtl, wholeMessage, requestTimeout } = settings;
  const config = loadConfigObject(
    {
      pulsar: { serviceUrl: 'memory://test' },
      aws: { region: 'us-east-1' },
      sinks: [
        {
          tenant: 'public',
          namespace: 'default',
          name: 'export',
          sinkType: 'kinesis',
          inputs: [TOPIC],
          retainOrdering: subscription === 'Failover',
          retainKeyOrdering: subscription === 'Key_Shared',
          sourceSubscriptionPosition: 'Earliest',
          ...(policy === 'dead letters' && { deadLetterTopic: DEAD_LETTERS }),
          configs: {
            awsKinesisStreamName: STREAM,
            ...(subscription === 'Key_Shared' && { partitionColumn: 'key' }),
            messageFormat: wholeMessage ? 'FULL_MESSAGE_IN_JSON' : 'ONLY_RAW_PAYLOAD',
            ...((policy === 'skip' || policy === 'fail') && { onError: policy }),
            ...(recordTtl !== undefined && { recordTtl }),
            retainOrdering,
            requestTimeout,
            retryInitialDelayInMillis: 50,
            retryMaxDelayInMillis: 3000,
            collectionMaxCount: settings.collectionMaxCount,
            collectionMaxSize: settings.collectionMaxSize,
            lingerMs: settings.lingerMs,
            maxConnections: settings.maxConnections,
            maxPendingRecords: settings.maxPendingRecords,
            maxPendingBytes: settings.maxPendingBytes,
            rateLimit: settings.rateLimit,
            cloudwatchMetricsLevel: 'NONE',
          },
        },
      ],
    },
    'test',
    { env: {} },
  );
  const [sink] = config.sinks;
  if (sink === undefined) {
    throw new Error('the configuration has one sink');
  }
  return { ...config, sink: { ...sink, receiverQueueSize: settings.receiverQueueSize } };
}
