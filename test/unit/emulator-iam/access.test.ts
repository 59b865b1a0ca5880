import { createCloudWatchModel } from '../../../src/emulator/cloudwatch/model';
import { createDynamoDbModel } from '../../../src/emulator/dynamodb/model';
import { accessRequests, type ServiceAccess } from '../../../src/emulator/iam/access';
import { DYNAMODB_ACCESS } from '../../../src/emulator/iam/dynamodb-access';
import { Identities } from '../../../src/emulator/iam/identities';
import { KINESIS_ACCESS } from '../../../src/emulator/iam/kinesis-access';
import {
  CLOUDWATCH_ACCESS,
  STS_ACCESS,
  secretsManagerAccess,
} from '../../../src/emulator/iam/service-access';
import { createKinesisModel } from '../../../src/emulator/kinesis/model';
import { createSecretsManagerModel } from '../../../src/emulator/secrets-manager/model';
import type { ServiceModel } from '../../../src/emulator/service-model';
import { createStsModel } from '../../../src/emulator/sts/model';
import { seededRandom } from '../../../src/util/random';

const PLACE = { region: 'eu-central-1', account: '111122223333' };
const clock = { now: () => Date.UTC(2026, 0, 1) };
const random = seededRandom(1);
const kinesis = createKinesisModel({ clock, ...PLACE });
const secrets = createSecretsManagerModel(clock, random, PLACE);
const SECRETS_ACCESS = secretsManagerAccess(secrets.arnOf);

const STREAM = 'arn:aws:kinesis:eu-central-1:111122223333:stream/orders';
const CONSUMER = `${STREAM}/consumer/app:1767225600`;
const TABLE = 'arn:aws:dynamodb:eu-central-1:111122223333:table/orders';
const ROLE = 'arn:aws:iam::111122223333:role/reader';

const claims = { iss: 'https://tokens.example.org/a', sub: 'me', aud: ['sts.amazonaws.com'], exp: 1 };
const token = ['', Buffer.from(JSON.stringify(claims)).toString('base64url'), ''].join('.');

function asked(access: ServiceAccess, operation: string, input: object): string[] {
  return accessRequests(access, operation, input, PLACE).map(
    ({ action, resource }) => `${action} ${resource}`,
  );
}

const models: readonly (readonly [ServiceModel, ServiceAccess])[] = [
  [kinesis, KINESIS_ACCESS],
  [createDynamoDbModel(clock), DYNAMODB_ACCESS],
  [createCloudWatchModel(clock), CLOUDWATCH_ACCESS],
  [createStsModel(clock, new Identities(random, PLACE.account)), STS_ACCESS],
  [secrets, SECRETS_ACCESS],
];

describe('what a call asks the policies for', () => {
  it.each(models)('is known of every operation of the service (%#)', (model, access) => {
    const operations = [...model.operations, ...(model.eventOperations ?? [])].sort();
    expect(Object.keys(access.rules).sort()).toEqual(operations);
  });

  it('is nothing that an operation without a rule could pass by', () => {
    expect(() => asked(KINESIS_ACCESS, 'toString', {})).toThrow('no access rule');
  });

  it.each([
    ['PutRecords', { StreamName: 'orders' }, [STREAM]],
    [
      'PutRecords',
      { StreamARN: 'arn:aws:kinesis:us-east-1:444455556666:stream/x' },
      ['arn:aws:kinesis:us-east-1:444455556666:stream/x'],
    ],
    ['PutRecords', {}, ['*']],
    ['ListStreams', {}, ['*']],
    ['RegisterStreamConsumer', { StreamARN: STREAM, ConsumerName: 'app' }, [STREAM]],
    ['DescribeStreamConsumer', { StreamARN: STREAM, ConsumerName: 'app' }, [`${STREAM}/consumer/app`]],
    ['DescribeStreamConsumer', { ConsumerARN: CONSUMER }, [CONSUMER]],
    ['SubscribeToShard', { ConsumerARN: CONSUMER }, [CONSUMER]],
    ['GetRecords', { ShardIterator: 'forged' }, ['*']],
  ])('kinesis: %s %j asks for %j', (operation, input, resources) => {
    expect(asked(KINESIS_ACCESS, operation, input)).toEqual(
      resources.map((resource) => `kinesis:${operation} ${resource}`),
    );
  });

  it('of an iterator and of a page is the stream that they read, whatever else the call names', () => {
    kinesis.call('CreateStream', { StreamName: 'orders', ShardCount: 2 });
    const { ShardIterator } = kinesis.call('GetShardIterator', {
      StreamName: 'orders',
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'LATEST',
    });
    const { NextToken } = kinesis.call('ListShards', { StreamName: 'orders', MaxResults: 1 });
    const other = STREAM.replace('orders', 'clicks');
    expect(asked(KINESIS_ACCESS, 'GetRecords', { ShardIterator })).toEqual([`kinesis:GetRecords ${STREAM}`]);
    expect(asked(KINESIS_ACCESS, 'GetRecords', { ShardIterator, StreamARN: other })).toEqual([
      `kinesis:GetRecords ${STREAM}`,
      `kinesis:GetRecords ${other}`,
    ]);
    expect(asked(KINESIS_ACCESS, 'ListShards', { NextToken })).toEqual([`kinesis:ListShards ${STREAM}`]);
  });

  it.each([
    ['GetItem', { TableName: 'orders' }, [`dynamodb:GetItem ${TABLE}`]],
    ['Query', { TableName: 'orders', IndexName: 'byStream' }, [`dynamodb:Query ${TABLE}/index/byStream`]],
    ['CreateTable', { TableName: 'orders' }, [`dynamodb:CreateTable ${TABLE}`]],
    [
      'CreateTable',
      { TableName: 'orders', Tags: [] },
      [`dynamodb:CreateTable ${TABLE}`, `dynamodb:TagResource ${TABLE}`],
    ],
    ['TagResource', { ResourceArn: TABLE }, [`dynamodb:TagResource ${TABLE}`]],
    ['ListTables', {}, ['dynamodb:ListTables *']],
  ])('dynamodb: %s %j asks for %j', (operation, input, expected) => {
    expect(asked(DYNAMODB_ACCESS, operation, input)).toEqual(expected);
  });

  it('names the namespace of metrics, the external id and the claims of a token as conditions', () => {
    const contextOf = (access: ServiceAccess, operation: string, input: object) =>
      accessRequests(access, operation, input, PLACE)[0]?.context;
    expect(contextOf(CLOUDWATCH_ACCESS, 'PutMetricData', { Namespace: 'orders' })).toEqual({
      'cloudwatch:namespace': ['orders'],
    });
    expect(
      contextOf(STS_ACCESS, 'AssumeRole', { RoleArn: ROLE, ExternalId: 'x1', RoleSessionName: 's' }),
    ).toEqual({
      'sts:ExternalId': ['x1'],
      'sts:RoleSessionName': ['s'],
    });
    expect(
      contextOf(STS_ACCESS, 'AssumeRoleWithWebIdentity', { RoleArn: ROLE, WebIdentityToken: token }),
    ).toEqual({
      'tokens.example.org/a:sub': ['me'],
      'tokens.example.org/a:aud': ['sts.amazonaws.com'],
    });
  });

  it('of a secret is its whole ARN by whatever name, and of one that is not there what was asked for', () => {
    const arn = secrets.put('db', 'value');
    const stem = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:';
    expect(arn).toMatch(new RegExp(`^${stem}db-[A-Za-z0-9]{6}$`));
    const names = ['db', arn, `${stem}db`, 'none', `${stem}none-abcdef`];
    const resources = names.map((SecretId) => asked(SECRETS_ACCESS, 'GetSecretValue', { SecretId })[0]);
    expect(resources).toEqual(
      [arn, arn, arn, `${stem}none`, `${stem}none-abcdef`].map(
        (one) => `secretsmanager:GetSecretValue ${one}`,
      ),
    );
  });
});
