import { loadConfigObject } from '../../../src/config';
import { type Facts, permissionsOf, rolesOf } from '../../../src/iam/permissions';
import { policiesOf } from '../../../src/iam/policies';

const ACCOUNT = '111111111111';

const load = (file: object) =>
  loadConfigObject({ pulsar: { serviceUrl: 'memory://' }, ...file }, 'x', { env: {} });

const source = (configs: object, aws: object = {}) =>
  load({
    aws: { region: 'eu-west-1', ...aws },
    sources: [
      {
        name: 'orders',
        topicName: 'orders',
        sourceType: 'kinesis',
        configs: { awsKinesisStreamName: 'orders', ...configs },
      },
    ],
  });

const sink = (configs: object, aws: object = {}) =>
  load({
    aws: { region: 'eu-west-1', ...aws },
    sinks: [
      {
        name: 'exports',
        inputs: ['exports'],
        sinkType: 'kinesis',
        configs: { awsKinesisStreamName: 'exports', ...configs },
      },
    ],
  });

/** Resources by action. */
function resources(
  config: ReturnType<typeof load>,
  facts: Facts = {},
): { [action: string]: readonly string[] } {
  const found: { [action: string]: readonly string[] } = {};
  for (const one of permissionsOf(config, { account: ACCOUNT, ...facts })) {
    found[one.action] = [...new Set([...(found[one.action] ?? []), ...one.resources])].sort();
  }
  return found;
}

const actions = (config: ReturnType<typeof load>): string[] => Object.keys(resources(config));

test('a source that polls asks for nothing of consumers, one by fan-out for nothing of polling but to look', () => {
  expect(
    actions(source({ retrievalMode: 'polling' })).filter((action) => /Consumer$|Subscribe/.test(action)),
  ).toEqual([]);
  const reading = permissionsOf(source({ retrievalMode: 'fan-out' })).filter(({ phases }) =>
    phases.includes('steady'),
  );
  expect(reading.map(({ action }) => action)).not.toContain('kinesis:GetRecords');
  expect(reading.map(({ action }) => action)).not.toContain('kinesis:RegisterStreamConsumer');
});

test('a consumer of others is named by its own ARN, and never registered', () => {
  const consumerArn = `arn:aws:kinesis:eu-west-1:${ACCOUNT}:stream/orders/consumer/theirs:1700000000`;
  const found = resources(source({ retrievalMode: 'fan-out', consumerArn }));
  expect(found['kinesis:SubscribeToShard']).toEqual([consumerArn]);
  expect(found['kinesis:RegisterStreamConsumer']).toBeUndefined();
});

test('a lease table that others create is asked for neither creation nor tags nor backups', () => {
  const configs = {
    leaseTableCreate: false,
    leaseTableTags: { team: 'orders' },
    leaseTablePitrEnabled: true,
  };
  const found = actions(source(configs));
  expect(found).toEqual(
    expect.arrayContaining(['dynamodb:ListTagsOfResource', 'dynamodb:DescribeContinuousBackups']),
  );
  for (const action of ['CreateTable', 'TagResource', 'UpdateContinuousBackups']) {
    expect(found).not.toContain(`dynamodb:${action}`);
  }
});

test('without metrics nothing is asked of CloudWatch, with them one namespace', () => {
  expect(actions(sink({ cloudwatchMetricsLevel: 'NONE' }))).not.toContain('cloudwatch:PutMetricData');
  const [metrics] = permissionsOf(sink({ cloudwatchNamespace: 'ours' })).filter(({ action }) =>
    /Metric/.test(action),
  );
  expect(metrics).toMatchObject({
    resources: ['*'],
    conditions: { StringEquals: { 'cloudwatch:namespace': 'ours' } },
  });
});

test.each([
  ['eu-west-1', 'aws'],
  ['cn-north-1', 'aws-cn'],
  ['us-gov-west-1', 'aws-us-gov'],
])('names of region %s are of partition %s', (region, partition) => {
  const found = resources(sink({}, { region }));
  expect(found['kinesis:PutRecords']).toEqual([
    `arn:${partition}:kinesis:${region}:${ACCOUNT}:stream/exports`,
  ]);
});

test('what a role does is done in the account of the role, and somebody has to become it', () => {
  const roleArn = 'arn:aws:iam::222222222222:role/writer';
  const config = sink({}, { credentials: { type: 'assumeRole', roleArn, externalId: 'ours' } });
  const found = resources(config);
  expect(found['kinesis:PutRecords']).toEqual(['arn:aws:kinesis:eu-west-1:222222222222:stream/exports']);
  expect(policiesOf(permissionsOf(config)).map(({ identity }) => identity)).toEqual([undefined, roleArn]);
  expect(rolesOf(config)).toEqual([{ roleArn, externalId: 'ours', by: { name: undefined } }]);
});

test('a key of the streams is only for Kinesis, in the region of the key', () => {
  const key = (region: string) => `arn:aws:kms:${region}:${ACCOUNT}:key/1`;
  const facts = { kmsKeys: [key('eu-west-1'), key('us-east-1')] };
  expect(resources(sink({}), facts)['kms:GenerateDataKey']).toEqual([key('eu-west-1')]);
  const [decrypt] = permissionsOf(source({}), facts).filter(({ action }) => action === 'kms:Decrypt');
  expect(decrypt?.conditions).toEqual({
    StringEquals: { 'kms:ViaService': 'kinesis.eu-west-1.amazonaws.com' },
  });
});

test.each([
  [
    'aws-us-gov',
    'us-gov-west-1',
    { StringEquals: { 'kms:ViaService': 'kinesis.us-gov-west-1.amazonaws.com' } },
  ],
  ['aws-cn', 'cn-north-1', { StringLike: { 'kms:ViaService': 'kinesis.cn-north-1.*' } }],
])(
  'a key of partition %s is only for Kinesis, whatever its hosts end with there',
  (partition, region, conditions) => {
    const kmsKeys = [`arn:${partition}:kms:${region}:${ACCOUNT}:key/1`];
    const found = permissionsOf(sink({}, { region }), { kmsKeys }).filter(({ action }) =>
      /^kms:/.test(action),
    );
    expect(found.map((one) => one.conditions)).toEqual([conditions, conditions]);
  },
);

test('who looks into a stream that a sink writes decrypts its records, the sink itself does not', () => {
  const kmsKeys = [`arn:aws:kms:eu-west-1:${ACCOUNT}:key/1`];
  const using = permissionsOf(sink({}), { kmsKeys }).filter(({ action }) => /^kms:/.test(action));
  expect(using.map(({ action, phases }) => [action, phases])).toEqual([
    ['kms:Decrypt', ['explore']],
    ['kms:GenerateDataKey', ['sink']],
  ]);
});

test('the same key named twice is one identity, and no document shows it', () => {
  const credentials = { type: 'static', accessKeyId: 'AKIDSECRET', secretAccessKey: 'secret' };
  const config = source({ aws: { credentials, dynamoCredentials: credentials } });
  const policies = policiesOf(permissionsOf(config));
  expect(policies.map(({ identity }) => identity)).toEqual(['access key of orders']);
  expect(JSON.stringify(policies)).not.toContain('AKIDSECRET');
});

test('secrets are named without the characters that AWS adds', () => {
  const { aws } = { aws: { region: 'eu-west-1', credentials: { type: 'default' } } } as never;
  const full = `arn:aws:secretsmanager:eu-west-1:${ACCOUNT}:secret:token-AbCdEf`;
  expect(
    resources(sink({}), { secrets: { aws, ids: ['token', full] } })['secretsmanager:GetSecretValue'],
  ).toEqual([`arn:aws:secretsmanager:eu-west-1:${ACCOUNT}:secret:token-??????`, full]);
});

test('every permission has a reason, a phase and a connector', () => {
  for (const one of permissionsOf(source({ retrievalMode: 'auto', leaseTableTags: { a: 'b' } }))) {
    expect(one).toMatchObject({ reason: expect.stringMatching(/^[a-z`K].{10,}/), connectors: ['orders'] });
    expect(one.phases.length).toBeGreaterThan(0);
  }
});
