import type { Emulator } from '../emulator';

/** Stream that is filled, and stream that the topic is exported into. */
export const STREAM = 'quickstart';
export const EXPORT_STREAM = 'quickstart-export';
export const SHARDS = 4;
/** The sink keeps to the write limits of a shard, 1,000 records a second: with few of them that is all one sees. */
export const EXPORT_SHARDS = 16;

/** A configuration file as a user would write it: the stream into `topicName`, and that into the other stream. */
export function quickstartConfig(
  emulator: Emulator,
  serviceUrl: string,
  topicName: string,
): { [name: string]: unknown } {
  return {
    pulsar: { serviceUrl },
    aws: {
      region: 'us-east-1',
      credentials: { type: 'static', accessKeyId: 'quickstart', secretAccessKey: 'quickstart' },
      endpoints: { kinesis: emulator.kinesisEndpoint, dynamodb: emulator.dynamodbEndpoint },
    },
    sources: [
      {
        tenant: 'public',
        namespace: 'default',
        name: STREAM,
        sourceType: 'kinesis',
        topicName,
        configs: {
          awsKinesisStreamName: STREAM,
          initialPositionInStream: 'TRIM_HORIZON',
          useEnhancedFanOut: false,
          cloudwatchMetricsLevel: 'NONE',
        },
      },
    ],
    sinks: [
      {
        tenant: 'public',
        namespace: 'default',
        name: EXPORT_STREAM,
        sinkType: 'kinesis',
        inputs: [topicName],
        sourceSubscriptionPosition: 'Earliest',
        retainOrdering: true,
        configs: {
          awsKinesisStreamName: EXPORT_STREAM,
          retainOrdering: true,
          cloudwatchMetricsLevel: 'NONE',
        },
      },
    ],
  };
}
