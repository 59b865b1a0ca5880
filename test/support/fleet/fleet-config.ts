import { loadConfigObject } from '../../../src/config';
import type { PulsarSettings, RetrievalMode, SourceDefinition } from '../../../src/config/types';
import type { FleetPlan } from './fleet-plan';

export const TOPIC = 'orders';
export const STREAMS = ['orders', 'lines', 'bills'] as const;
export const TABLE = 'app';

const config = loadConfigObject(
  {
    pulsar: { serviceUrl: 'pulsar://broker:6650' },
    aws: { region: 'us-east-1' },
    sources: [
      {
        tenant: 'public',
        namespace: 'default',
        name: 'worker',
        sourceType: 'kinesis',
        topicName: TOPIC,
        producerConfig: { sendTimeoutMs: 2000, autoUpdatePartitionsInterval: 1500 },
        configs: {
          awsKinesisStreamName: STREAMS[0],
          applicationName: TABLE,
          backoffTime: 100,
          maxBackoffTime: 1000,
          maxReadsPerSecondPerShard: 1,
          onDataLoss: 'continue',
          kinesisRecordProperties: ['kinesis.shard.id'],
          cloudwatchMetricsLevel: 'NONE',
        },
      },
    ],
  },
  'test',
  { env: {} },
);

export const pulsarSettings = (_plan: FleetPlan): PulsarSettings => config.pulsar;

export interface FleetSource {
  readonly name: string;
  readonly retrievalMode: RetrievalMode;
  /** Milliseconds since the epoch, for AT_TIMESTAMP. */
  readonly startAtTime: number;
}

/** The source of one worker. */
export function fleetSource(
  plan: FleetPlan,
  { name, retrievalMode, startAtTime }: FleetSource,
): SourceDefinition {
  const [definition] = config.sources;
  if (definition === undefined) {
    throw new Error('the configuration has one source');
  }
  const { start, failoverTime, handoffTimeout, checkpointInterval, maxRecordsPerRead } = plan;
  return {
    ...definition,
    name,
    processingGuarantees: plan.pulsar?.guarantee ?? 'ATLEAST_ONCE',
    configs: {
      ...definition.configs,
      ...(plan.streams > 1 && { awsKinesisStreamName: STREAMS.slice(0, plan.streams) }),
      retrievalMode,
      efoLifecycle: plan.lifecycle,
      efoEventTimeout: 1000 + 2 * plan.heartbeatMs,
      subRecordFilter: plan.subRecordFilter,
      readerStallTimeout: plan.readerStallTimeout,
      initialPositionInStream: start,
      ...(start === 'AT_TIMESTAMP' && { startAtTime }),
      failoverTime,
      handoffTimeout,
      checkpointInterval,
      maxRecordsPerRead,
      receiveQueueSize: plan.receiveQueueSize,
      receiveQueueBytes: plan.receiveQueueBytes,
    },
  };
}
