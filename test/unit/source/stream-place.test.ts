import { parseKinesisSourceConfig } from '../../../src/config';
import { settingsOf } from '../../../src/source/stream-place';

const LIST = ['orders', 'arn:aws:kinesis:us-west-2:210987654321:stream/refunds'];

function configOf(configs: { readonly [name: string]: unknown }) {
  return parseKinesisSourceConfig({ awsKinesisStreamName: LIST, ...configs }, () => undefined, 0);
}

test('a stream of another region is reached there, with the credentials of the source', () => {
  const { aws, streamRoles } = configOf({
    awsRegion: 'eu-central-1',
    awsEndpoint: 'https://vpce-1-a.kinesis.eu-central-1.vpce.amazonaws.com',
  });
  expect(settingsOf(aws, streamRoles, {})).toEqual(aws);
  const elsewhere = settingsOf(aws, streamRoles, { region: 'us-west-2', account: '210987654321' });
  expect(elsewhere).toEqual({ ...aws, region: 'us-west-2', endpoints: {} });
});

test('an address that is none of AWS serves every region', () => {
  const { aws, streamRoles } = configOf({ awsRegion: 'eu-central-1', awsEndpoint: 'http://127.0.0.1:4567' });
  expect(settingsOf(aws, streamRoles, { region: 'us-west-2' }).endpoints).toEqual(aws.endpoints);
});

test('the role for an account is assumed with the credentials of the source, for streams of that account only', () => {
  const role = { roleArn: 'arn:aws:iam::210987654321:role/reader', externalId: 'tenant-42' };
  const { aws, streamRoles } = configOf({
    awsRegion: 'us-west-2',
    streamRoles: { '210987654321': role, '111111111111': 'arn:aws:iam::111111111111:role/other' },
  });
  expect(settingsOf(aws, streamRoles, { region: 'us-west-2', account: '210987654321' }).credentials).toEqual({
    type: 'assumeRole',
    ...role,
    roleSessionName: 'pulsar-io-kinesis',
    durationSeconds: 900,
    base: { type: 'default' },
  });
  expect(settingsOf(aws, streamRoles, { account: '111111111111' }).credentials).toMatchObject({
    roleArn: 'arn:aws:iam::111111111111:role/other',
  });
  expect(settingsOf(aws, streamRoles, { account: '222222222222' }).credentials).toEqual({ type: 'default' });
});
