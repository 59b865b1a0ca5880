import { PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import {
  DeleteItemCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  GetItemCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { callsTo } from '../aws/call';
import type { ConsumerRef } from '../aws/fan-out-api';
import type { StreamRef } from '../aws/kinesis-api';
import type { StreamPlace } from '../source/stream-place';
import type { AwsReach } from './aws-reach';

/** What a try is made on. */
export interface TryTarget {
  readonly reach: AwsReach;
  readonly signal: AbortSignal;
  /** Of actions on streams and consumers. */
  readonly stream: StreamRef & StreamPlace;
  /** A shard that is there. */
  readonly shardId: string;
  /** As the connector itself looks for its consumer: IAM judges what a call names. */
  readonly consumer: ConsumerRef;
  readonly consumerArn: string;
  readonly tableName: string;
  readonly tableArn: string;
  /** Of metrics. */
  readonly namespace: string;
}

type Try = (target: TryTarget) => Promise<unknown>;

/** A shard id that no stream has reached, and no stream has at all. */
const NO_SHARD = 'shardId-999999999999';
/** Beyond 2^128: no shard holds it. */
const NO_HASH_KEY = '9'.repeat(39);
const NO_ROW = { leaseKey: { S: 'pulsar-io-kinesis-doctor' } };
/** Holds for no row, there or not. */
const NEVER = {
  ConditionExpression: 'attribute_exists(leaseKey) AND attribute_not_exists(leaseKey)',
};

/**
 * How each action is tried without changing anything. Reads are made; a write is one that the service cannot carry out,
 * for a reason that it looks at after the permission. Actions that are not here cannot be tried like that.
 */
export const TRIES: { readonly [action: string]: Try } = {
  'kinesis:DescribeStreamSummary': ({ reach, stream, signal }) =>
    reach.kinesis(stream).describeStream(stream, { signal }),
  'kinesis:ListShards': ({ reach, stream, signal }) =>
    reach.kinesis(stream).listShards(stream, {}, { signal }),
  'kinesis:ListStreams': ({ reach, signal }) => reach.kinesis({}).listStreams({}, { signal }),
  'kinesis:GetShardIterator': (target) => iterator(target),
  'kinesis:GetRecords': async (target) => {
    const { reach, stream, signal } = target;
    return reach
      .kinesis(stream)
      .getRecords(stream, { iterator: await iterator(target), limit: 1 }, { signal });
  },
  'kinesis:DescribeStreamConsumer': ({ reach, stream, consumer, signal }) =>
    reach.fanOut(stream).describeStreamConsumer(consumer, { signal }),
  // The one subscription of a consumer to a shard would be taken from whoever reads there now.
  'kinesis:SubscribeToShard': async ({ reach, stream, consumerArn, signal }) => {
    const subscription = await reach
      .fanOut(stream)
      .subscribeToShard(consumerArn, NO_SHARD, { type: 'LATEST' }, { signal });
    subscription.close();
  },
  'kinesis:PutRecords': ({ reach, stream, signal }) =>
    callsTo('kinesis')('PutRecords', stream.arn ?? stream.name, { signal }, (handler) =>
      reach.kinesisClient(stream).send(
        new PutRecordsCommand({
          ...(stream.arn === undefined ? { StreamName: stream.name } : { StreamARN: stream.arn }),
          Records: [{ Data: new Uint8Array(1), PartitionKey: 'doctor', ExplicitHashKey: NO_HASH_KEY }],
        }),
        handler,
      ),
    ),

  'dynamodb:DescribeTable': onTable('DescribeTable', (client, TableName, handler) =>
    client.send(new DescribeTableCommand({ TableName }), handler),
  ),
  'dynamodb:Scan': onTable('Scan', (client, TableName, handler) =>
    client.send(new ScanCommand({ TableName, Limit: 1 }), handler),
  ),
  'dynamodb:GetItem': onTable('GetItem', (client, TableName, handler) =>
    client.send(new GetItemCommand({ TableName, Key: keyOf(TableName) }), handler),
  ),
  'dynamodb:PutItem': onTable('PutItem', (client, TableName, handler) =>
    client.send(new PutItemCommand({ TableName, Item: NO_ROW, ...NEVER }), handler),
  ),
  'dynamodb:UpdateItem': onTable('UpdateItem', (client, TableName, handler) =>
    client.send(
      new UpdateItemCommand({ TableName, Key: NO_ROW, UpdateExpression: 'REMOVE doctor', ...NEVER }),
      handler,
    ),
  ),
  'dynamodb:DeleteItem': onTable('DeleteItem', (client, TableName, handler) =>
    client.send(new DeleteItemCommand({ TableName, Key: NO_ROW, ...NEVER }), handler),
  ),
  'dynamodb:DescribeContinuousBackups': onTable('DescribeContinuousBackups', (client, TableName, handler) =>
    client.send(new DescribeContinuousBackupsCommand({ TableName }), handler),
  ),
  'dynamodb:ListTagsOfResource': ({ reach, tableArn, signal }) =>
    callsTo('dynamodb')('ListTagsOfResource', tableArn, { signal }, (handler) =>
      reach.dynamoClient.send(new ListTagsOfResourceCommand({ ResourceArn: tableArn }), handler),
    ),

  // A value and statistics of it exclude each other.
  'cloudwatch:PutMetricData': ({ reach, namespace, signal }) =>
    callsTo('cloudwatch')('PutMetricData', namespace, { signal }, (handler) =>
      reach.cloudwatchClient.send(
        new PutMetricDataCommand({
          Namespace: namespace,
          MetricData: [
            {
              MetricName: 'Doctor',
              Value: 1,
              StatisticValues: { SampleCount: 1, Sum: 1, Minimum: 1, Maximum: 1 },
            },
          ],
        }),
        handler,
      ),
    ),
};

type DynamoClient = AwsReach['dynamoClient'];
type HandlerOptions = Parameters<Parameters<ReturnType<typeof callsTo>>[3]>[0];

function onTable(
  action: string,
  send: (client: DynamoClient, tableName: string, handler: HandlerOptions) => Promise<unknown>,
): Try {
  return ({ reach, tableName, signal }) =>
    callsTo('dynamodb')(action, tableName, { signal }, (handler) =>
      send(reach.dynamoClient, tableName, handler),
    );
}

/** The table of a KCL 3.x beside the lease table has a key of its own. */
function keyOf(tableName: string): { readonly [name: string]: { readonly S: string } } {
  return tableName.endsWith('-CoordinatorState') ? { key: { S: 'Migration3.0' } } : NO_ROW;
}

function iterator({ reach, stream, shardId, signal }: TryTarget): Promise<string> {
  return reach.kinesis(stream).getShardIterator(stream, shardId, { type: 'LATEST' }, { signal });
}

/** Why an action that is not among the tries is not. */
export const NOT_TRIED: { readonly [action: string]: string } = {
  'kinesis:RegisterStreamConsumer': 'it would register the consumer',
  'kinesis:DeregisterStreamConsumer': 'it would deregister the consumer',
  'dynamodb:CreateTable': 'it would create the table',
  'dynamodb:TagResource': 'it would change tags',
  'dynamodb:UpdateContinuousBackups': 'it would switch point-in-time recovery on',
  'kms:Decrypt': 'it is for Kinesis to use: reading a record shows it',
  'kms:GenerateDataKey': 'it is for Kinesis to use: writing a record shows it',
  'secretsmanager:GetSecretValue': 'it was made when the configuration was read',
  'sts:AssumeRole': 'see who we are for AWS',
  'sts:AssumeRoleWithWebIdentity': 'see who we are for AWS',
};

/** Errors that a service answers only to those who have the permission. */
const AFTER_PERMISSION: ReadonlySet<string> = new Set([
  'ConditionalCheckFailedException',
  'ExpiredIteratorException',
  'InvalidArgumentException',
  'InvalidParameterCombination',
  'InvalidParameterCombinationException',
  'KMSAccessDeniedException',
  'ResourceInUseException',
  'ResourceNotFoundException',
]);

/** Whether an error of a service shows that the permission is there. */
export const showsPermission = (name: string): boolean => AFTER_PERMISSION.has(name);
