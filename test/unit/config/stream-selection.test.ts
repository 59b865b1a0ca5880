import { ConfigError, parseKinesisSourceConfig } from '../../../src/config';

const ARN = 'arn:aws:kinesis:us-west-2:210987654321:stream/refunds';

const parse = (configs: { readonly [name: string]: unknown }) =>
  parseKinesisSourceConfig(configs, () => undefined, 0);

function problems(configs: { readonly [name: string]: unknown }): string[] {
  try {
    parse(configs);
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems.map(({ path, code }) => `${path} ${code}`);
    }
    throw error;
  }
  return [];
}

test('one name or ARN is one stream; a list, even of one, and a pattern are several', () => {
  const region = { awsRegion: 'eu-central-1' };
  expect(parse({ ...region, awsKinesisStreamName: 'orders' }).streams).toEqual({
    several: false,
    stream: { name: 'orders' },
  });
  expect(parse({ ...region, awsKinesisStreamName: ['orders'] }).streams).toEqual({
    several: true,
    selectors: [{ name: 'orders' }],
  });
  expect(parse({ ...region, awsKinesisStreamName: 'orders-*' }).streams).toEqual({
    several: true,
    selectors: [{ pattern: 'orders-*' }],
  });
  expect(parse({ ...region, awsKinesisStreamName: ['orders-?', ARN] }).streams).toEqual({
    several: true,
    selectors: [
      { pattern: 'orders-?' },
      { name: 'refunds', arn: ARN, region: 'us-west-2', account: '210987654321' },
    ],
  });
});

test('ARNs of several regions stand beside each other; the region of the table is the configured one', () => {
  const other = ARN.replace('us-west-2', 'eu-west-1');
  expect(parse({ awsRegion: 'eu-central-1', awsKinesisStreamName: [ARN, other] }).aws.region).toBe(
    'eu-central-1',
  );
  expect(problems({ awsKinesisStreamName: [ARN, other] })).toEqual(['configs.awsRegion CONFIG_CROSS_FIELD']);
  expect(parse({ awsKinesisStreamName: [ARN, `${ARN}-2`] }).aws.region).toBe('us-west-2');
});

test.each<[string, { readonly [name: string]: unknown }, string[]]>([
  ['an empty list', { awsKinesisStreamName: [] }, ['configs.awsKinesisStreamName CONFIG_RANGE']],
  [
    'a stream twice',
    { awsKinesisStreamName: ['a', 'a'] },
    ['configs.awsKinesisStreamName[1] CONFIG_CROSS_FIELD'],
  ],
  ['a pattern of ARNs', { awsKinesisStreamName: `${ARN}*` }, ['configs.awsKinesisStreamName CONFIG_FORMAT']],
  ['names with commas', { awsKinesisStreamName: 'a,b' }, ['configs.awsKinesisStreamName CONFIG_FORMAT']],
  [
    'shards of several streams',
    { awsKinesisStreamName: ['a'], shardIds: ['shardId-000000000000'] },
    ['configs.shardIds CONFIG_CROSS_FIELD'],
  ],
  [
    'a consumer of several streams',
    { awsKinesisStreamName: ['a', 'b'], consumerArn: `${ARN}/consumer/c:1` },
    ['configs.consumerArn CONFIG_CROSS_FIELD'],
  ],
  [
    'a role that is none',
    { awsKinesisStreamName: ['a'], streamRoles: { '123456789012': 'reader' } },
    ['configs.streamRoles[123456789012] CONFIG_FORMAT'],
  ],
])('%s is refused', (_, configs, expected) => {
  expect(problems({ awsRegion: 'eu-central-1', ...configs })).toEqual(expected);
});
