import type { ProducerSettings } from '../../src/config';
import type { MemoryBroker } from '../../src/pulsar/memory-broker';
import { MemoryTransport } from '../../src/pulsar/memory-transport';
import type { ProducerTransport } from '../../src/pulsar/transport';
import { createPinoLogger } from '../../src/runtime/pino-logger';
import { runSourceInstance } from '../../src/runtime/source-instance';
import { KinesisSource } from '../../src/source/kinesis-source';
import { systemClock } from '../../src/util/clock';
import { systemRandom } from '../../src/util/random';
import type { CannedAddresses } from './canned-kinesis';

export const TOPIC = 'bench';

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

export interface RunParts {
  readonly addresses: CannedAddresses;
  readonly configs?: { readonly [option: string]: unknown };
  readonly transport: ProducerTransport;
  /** One of this kind when absent. */
  readonly source?: KinesisSource;
}

/** `memory://` into topics of its own. */
export function memoryTransport(broker: MemoryBroker): MemoryTransport {
  return new MemoryTransport(broker, PRODUCER, systemClock);
}

/** Runs our source from a canned service, until the program is ended from outside. */
export async function runForEver({
  addresses,
  configs,
  transport,
  source = new KinesisSource(),
}: RunParts): Promise<void> {
  await runSourceInstance({
    definition: {
      tenant: 'public',
      namespace: 'default',
      name: 'bench',
      topicName: TOPIC,
      className: 'kinesis',
      parallelism: 1,
      processingGuarantees: 'ATLEAST_ONCE',
      producer: PRODUCER,
      configs: {
        awsRegion: 'us-east-1',
        awsEndpoint: addresses.kinesis,
        dynamoEndpoint: addresses.dynamodb,
        awsCredentialPluginParam: JSON.stringify({ accessKey: 'bench', secretKey: 'bench' }),
        awsKinesisStreamName: 'bench',
        applicationName: 'bench',
        initialPositionInStream: 'TRIM_HORIZON',
        useEnhancedFanOut: false,
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
    source,
    shutdownTimeoutMs: 25_000,
    clock: systemClock,
    random: systemRandom,
    // Warnings go to standard error: they say why a run went wrong.
    logger: createPinoLogger('warn'),
    openTransport: () => transport,
    stop: new AbortController().signal,
  });
}
