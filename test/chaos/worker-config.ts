import type { Emulator } from '../../src/emulator';

export const STREAM = 'orders';
/** Application, and so its lease table. */
export const TABLE = 'chaos';

/** Defaults throughout, but for a start at the oldest record; every worker has a name of its own in one application. */
export function workerConfig(name: string, emulator: Emulator): object {
  return {
    pulsar: { serviceUrl: 'stdout:' },
    http: { port: 0 },
    aws: {
      region: 'us-east-1',
      credentials: { type: 'static', accessKeyId: 'test', secretAccessKey: 'test' },
      endpoints: { kinesis: emulator.kinesisEndpoint, dynamodb: emulator.dynamodbEndpoint },
    },
    sources: [
      {
        tenant: 'public',
        namespace: 'default',
        name,
        sourceType: 'kinesis',
        topicName: STREAM,
        configs: {
          awsKinesisStreamName: STREAM,
          applicationName: TABLE,
          initialPositionInStream: 'TRIM_HORIZON',
          useEnhancedFanOut: false,
          cloudwatchMetricsLevel: 'NONE',
          kinesisRecordProperties: ['kinesis.shard.id', 'kinesis.sequence.number'],
        },
      },
    ],
  };
}
