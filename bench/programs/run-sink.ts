import type { ProducerSettings } from '../../src/config';
import { consumerSettings } from '../../src/config/consumer-settings';
import type { MemoryBroker } from '../../src/pulsar/memory-broker';
import { MemoryTransport } from '../../src/pulsar/memory-transport';
import { createPinoLogger } from '../../src/runtime/pino-logger';
import { runSinkInstance } from '../../src/runtime/sink-instance';
import { KinesisSink } from '../../src/sink/kinesis-sink';
import { systemClock } from '../../src/util/clock';
import { systemRandom } from '../../src/util/random';
import { STREAM } from './writer-settings';

export const TOPIC = 'persistent://public/default/bench';
export const SUBSCRIPTION = 'bench';

const PRODUCER: ProducerSettings = {
  batchingEnabled: true,
  batchingMaxPublishDelay: 1,
  batchingMaxMessages: 1000,
  batchingMaxBytes: 128 * 1024,
  chunkingEnabled: true,
  compressionType: 'NONE',
  hashingScheme: 'Murmur3_32Hash',
  partitionSwitchFrequency: 10,
  autoUpdatePartitionsInterval: 60_000,
  maxPendingMessages: 1000,
  maxPendingBytes: 64 * 1024 * 1024,
  sendTimeout: 0,
  sendStallTimeout: 0,
};

export interface SinkRunParts {
  readonly broker: MemoryBroker;
  /** Address of the service. */
  readonly kinesis: string;
  readonly configs: { readonly [option: string]: unknown };
}

/** Runs our sink from `memory://` until the program is ended; what ends the sink ends the program. */
export function runSinkForEver({ broker, kinesis, configs }: SinkRunParts): void {
  runSinkInstance({
    definition: {
      tenant: 'public',
      namespace: 'default',
      name: 'bench',
      inputs: [TOPIC],
      inputPatterns: [],
      className: 'kinesis',
      parallelism: 1,
      processingGuarantees: 'ATLEAST_ONCE',
      subscriptionType: 'Failover',
      subscriptionName: SUBSCRIPTION,
      sourceSubscriptionPosition: 'earliest',
      cleanupSubscription: false,
      timeoutMs: 0,
      negativeAckRedeliveryDelayMs: 60_000,
      receiverQueueSize: 1_000,
      receiverQueueBytes: 64 * 1024 * 1024,
      consumer: consumerSettings(),
      schemaTypes: {},
      producer: PRODUCER,
      configs: {
        awsRegion: 'us-east-1',
        awsEndpoint: kinesis,
        awsCredentialPluginParam: JSON.stringify({ accessKey: 'bench', secretKey: 'bench' }),
        awsKinesisStreamName: STREAM,
        cloudwatchMetricsLevel: 'NONE',
        ...configs,
      },
      secrets: {},
    },
    pulsar: {
      serviceUrl: 'memory://',
      authentication: { type: 'none' },
      tls: { allowInsecureConnection: false, hostnameVerificationEnable: true },
      connectionsPerBroker: 1,
      transport: 'binary',
      webSocketMaxFrameBytes: 1_048_576,
      maxLookupRedirects: 20,
      operationTimeout: 30_000,
      connectionTimeout: 10_000,
      keepAliveInterval: 30_000,
    },
    sink: new KinesisSink(),
    shutdownTimeoutMs: 25_000,
    clock: systemClock,
    random: systemRandom,
    // Warnings go to standard error: they say why a run went wrong.
    logger: createPinoLogger('warn'),
    openTransport: () => new MemoryTransport(broker, PRODUCER, systemClock),
    stop: new AbortController().signal,
  }).catch((error) => {
    process.stderr.write(`${error?.stack}\n`);
    process.exit(1);
  });
}
