import { loadConfigObject } from '../../../src/config';
import type { LoadedConfig, SinkDefinition } from '../../../src/config/types';
import type { SubscriptionType } from '../../../src/io';
import { type Random, randomInt } from '../../../src/util/random';

export const TOPIC = 'persistent://public/default/flights';
export const DEAD_LETTERS = 'persistent://public/default/flights-dead';
export const STREAM = 'flights';
export const SUBSCRIPTION = 'public/default/export';

/** What becomes of records that can never be stored; `end`: no dead-letter topic, so the instance ends. */
export type HopelessPolicy = 'dead letters' | 'skip' | 'fail' | 'end';

/** How the sink of one life is configured. */
export interface SinkSettings {
  readonly subscription: SubscriptionType;
  readonly retainOrdering: boolean;
  readonly policy: HopelessPolicy;
  readonly requestTimeout: number;
  readonly recordTtl: number | undefined;
  /** Bounds of frames; records go by themselves when absent. */
  readonly aggregation: { readonly maxSize: number; readonly maxCount: number } | undefined;
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

/** Bounds of what is drawn where none are needed. */
const NO_LEAST = { count: 1, size: 0, linger: 400, rate: 0 };

/** @param calm whether records must be delivered without any trouble within the time to stop. */
export function randomSettings(random: Random, calm: boolean): SinkSettings {
  const pick = <T>(...values: readonly T[]): T => values[randomInt(random, values.length)] as T;
  const policy = calm ? pick<HopelessPolicy>('dead letters', 'skip') : pick(...POLICIES);
  // Without it nothing ends the instance.
  const endsByTtl = policy === 'fail' || policy === 'end';
  const recordTtl = 500 + randomInt(random, endsByTtl ? 2000 : 8000);
  // An instance that ends each time before one batched entry is stored never gets forward.
  const least = endsByTtl ? { count: 10, size: 5000, linger: 20, rate: 10 } : NO_LEAST;
  const subscription = pick<SubscriptionType>('Shared', 'Failover', 'Failover', 'Key_Shared');
  return {
    subscription,
    retainOrdering: subscription !== 'Shared' && random.next() < 0.75,
    policy,
    requestTimeout: 300 + randomInt(random, 1500),
    recordTtl: endsByTtl || (!calm && random.next() < 0.25) ? recordTtl : undefined,
    aggregation:
      random.next() < 0.5
        ? { maxSize: pick(64, 300, 51_200, 51_200), maxCount: pick(2, 20, 4_294_967_295, 4_294_967_295) }
        : undefined,
    collectionMaxCount: Math.max(least.count, pick(1, 3, 10, 500, 500)),
    collectionMaxSize: Math.max(least.size, pick(60, 400, 5000, 10 * 1024 * 1024, 10 * 1024 * 1024)),
    lingerMs: Math.min(least.linger, pick(0, 20, 100, 400)),
    maxConnections: pick(1, 2, 5, 24),
    maxPendingRecords: pick(1, 7, 60, 10_000, 10_000),
    maxPendingBytes: pick(1, 500, ...Array<number>(4).fill(64 * 1024 * 1024)),
    rateLimit: Math.max(least.rate, pick(3, 10, 150)),
    shutdownTimeoutMs: calm ? 20_000 : pick(1000, 5000, 20_000),
    receiverQueueSize: pick(1, 10, 1000),
    wholeMessage: random.next() < 0.2,
  };
}

/** Files that differ only in `configs`, by what they say besides: each is read once. */
const files = new Map<string, LoadedConfig>();

/** The settings as a configuration file has them. */
export function sinkConfig(settings: SinkSettings): LoadedConfig & { readonly sink: SinkDefinition } {
  const { subscription, policy, retainOrdering, recordTtl, wholeMessage, requestTimeout, aggregation } =
    settings;
  const name = `${subscription} ${policy === 'dead letters'}`;
  const config = files.get(name) ?? file(settings);
  files.set(name, config);
  const [sink] = config.sinks;
  if (sink === undefined) {
    throw new Error('the configuration has one sink');
  }
  const configs = {
    ...sink.configs,
    messageFormat: wholeMessage ? 'FULL_MESSAGE_IN_JSON' : 'ONLY_RAW_PAYLOAD',
    ...((policy === 'skip' || policy === 'fail') && { onError: policy }),
    ...(recordTtl !== undefined && { recordTtl }),
    retainOrdering,
    requestTimeout,
    aggregationEnabled: aggregation !== undefined,
    ...(aggregation && {
      aggregationMaxSize: aggregation.maxSize,
      aggregationMaxCount: aggregation.maxCount,
    }),
    collectionMaxCount: settings.collectionMaxCount,
    collectionMaxSize: settings.collectionMaxSize,
    lingerMs: settings.lingerMs,
    maxConnections: settings.maxConnections,
    maxPendingRecords: settings.maxPendingRecords,
    maxPendingBytes: settings.maxPendingBytes,
    rateLimit: settings.rateLimit,
  };
  return { ...config, sink: { ...sink, configs, receiverQueueSize: settings.receiverQueueSize } };
}

function file({ subscription, policy }: SinkSettings): LoadedConfig {
  return loadConfigObject(
    {
      pulsar: { serviceUrl: 'pulsar://broker:6650', operationTimeout: 3000 },
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
            retryInitialDelayInMillis: 50,
            retryMaxDelayInMillis: 3000,
            cloudwatchMetricsLevel: 'NONE',
          },
        },
      ],
    },
    'test',
    { env: {} },
  );
}
