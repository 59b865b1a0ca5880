import { loadConfigObject } from '../../../src/config';
import type { PulsarSettings, SourceDefinition } from '../../../src/config/types';
import type { FleetPlan } from './fleet-plan';

export const TOPIC = 'orders';
export const STREAM = 'orders';
export const TABLE = 'app';

const config = loadConfigObject(
  {
    pulsar: { serviceUrl: 'memory://test' },
    aws: { region: 'us-east-1' },
    sources: [
      {
        tenant: 'public',
        namespace: 'default',
        name: 'worker',
        sourceType: 'kinesis',
        topicName: TOPIC,
        producerConfig: { sendTimeoutMs: 2000 },
        configs: {
          awsKinesisStreamName: STREAM,
          applicationName: TABLE,
          useEnhancedFanOut: false,
          backoffTime: 100,
          maxBackoffTime: 1000,
          maxReadsPerSecondPerShard: 1,
          kinesisRecordProperties: ['kinesis.shard.id'],
          cloudwatchMetricsLevel: 'NONE',
        },
      },
    ],
  },
  'test',
  { env: {} },
);

export const pulsarSettings: PulsarSettings = config.pulsar;

/** The source of one worker. @param startAtTime milliseconds since the epoch, for AT_TIMESTAMP */
export function fleetSource(plan: FleetPlan, name: string, startAtTime: number): SourceDefinition {
  const [definition] = config.sources;
  if (definition === undefined) {
    throw new Error('the configuration has one source');
  }
  const { start, failoverTime, handoffTimeout, checkpointInterval, maxRecordsPerRead } = plan;
  return {
    ...definition,
    name,
    configs: {
      ...definition.configs,
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
