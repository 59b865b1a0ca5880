import { readToken } from '../kinesis/token';
import {
  type AccessRule,
  ANY,
  anyResource,
  type Members,
  type Place,
  type ServiceAccess,
  textOf,
} from './access';

function streamArn(input: Members, { region, account }: Place): string | undefined {
  const name = textOf(input, 'StreamName');
  return (
    textOf(input, 'StreamARN') ??
    (name === undefined ? undefined : `arn:aws:kinesis:${region}:${account}:stream/${name}`)
  );
}

const stream: AccessRule = (input, place) => [{ resource: streamArn(input, place) ?? ANY }];

/** The stream of an iterator or a page as well: it is that one which is read. */
const streamOfToken =
  (member: string): AccessRule =>
  (input, place) => {
    const [arn] = readToken(textOf(input, member) ?? '')?.parts ?? [];
    const named = [typeof arn === 'string' ? arn : undefined, streamArn(input, place)];
    const resources = new Set(named.filter((one) => one !== undefined));
    return [...(resources.size === 0 ? [ANY] : resources)].map((resource) => ({ resource }));
  };

/**
 * As the caller names it: the ARN, which ends with the second of its creation, or without that second when it is
 * named by its stream. Source: messages of denied calls of DescribeStreamConsumer and DeregisterStreamConsumer.
 */
const consumer: AccessRule = (input, place) => {
  const arn = streamArn(input, place);
  const name = textOf(input, 'ConsumerName');
  const named = arn === undefined || name === undefined ? ANY : `${arn}/consumer/${name}`;
  return [{ resource: textOf(input, 'ConsumerARN') ?? named }];
};

/**
 * Source: Service Authorization Reference, Amazon Kinesis Data Streams; Kinesis Developer Guide, "IAM permissions
 * required for KCL consumer applications" for what is asked of the stream and what of the consumer.
 */
export const KINESIS_ACCESS: ServiceAccess = {
  prefix: 'kinesis',
  rules: {
    CreateStream: stream,
    DecreaseStreamRetentionPeriod: stream,
    DeleteStream: stream,
    DeregisterStreamConsumer: consumer,
    DescribeStream: stream,
    DescribeStreamConsumer: consumer,
    DescribeStreamSummary: stream,
    GetRecords: streamOfToken('ShardIterator'),
    GetShardIterator: stream,
    IncreaseStreamRetentionPeriod: stream,
    ListShards: streamOfToken('NextToken'),
    ListStreamConsumers: stream,
    ListStreams: anyResource,
    ListTagsForStream: stream,
    MergeShards: stream,
    PutRecord: stream,
    PutRecords: stream,
    RegisterStreamConsumer: stream,
    SplitShard: stream,
    SubscribeToShard: consumer,
    UpdateMaxRecordSize: stream,
    UpdateShardCount: stream,
  },
};
