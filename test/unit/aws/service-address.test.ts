import { type Addressed, addressOf } from '../../../src/aws/service-address';
import type { AwsSettings } from '../../../src/config';
import { awsEndpoint } from '../../../src/doctor/aws-endpoints';
import { systemClock } from '../../../src/util/clock';
import { awsSettings } from '../../support/aws-settings';

const ELSEWHERE = awsSettings('', { region: 'eu-west-1', endpoints: {} });
const STREAM = 'arn:aws:kinesis:eu-west-1:123456789012:stream/orders';

/** What the SDK would take a region from. */
const SURROUNDINGS = { AWS_REGION: undefined, AWS_DEFAULT_REGION: undefined, AWS_CONFIG_FILE: '/nowhere' };
const before = { ...process.env };

beforeAll(() => {
  for (const [name, value] of Object.entries(SURROUNDINGS)) {
    delete process.env[name];
    if (value !== undefined) {
      process.env[name] = value;
    }
  }
});

afterAll(() => {
  process.env = before;
});

const hostOf = async (addressed: Addressed, settings: Partial<AwsSettings> = {}): Promise<string> =>
  (await addressOf(addressed, { ...ELSEWHERE, ...settings }, { clock: systemClock })).host;

test.each([
  ['the region', { service: 'dynamodb' }, {}, 'dynamodb.eu-west-1.amazonaws.com'],
  ['STS', { service: 'sts' }, {}, 'sts.eu-west-1.amazonaws.com'],
  ['secrets', { service: 'secretsmanager' }, {}, 'secretsmanager.eu-west-1.amazonaws.com'],
  [
    'another partition',
    { service: 'cloudwatch' },
    { region: 'cn-north-1' },
    'monitoring.cn-north-1.amazonaws.com.cn',
  ],
  [
    'FIPS',
    { service: 'kinesis', plane: 'data' },
    { useFipsEndpoint: true },
    'kinesis-fips.eu-west-1.amazonaws.com',
  ],
  [
    'the account of a stream',
    { service: 'kinesis', plane: 'data', streamArn: STREAM },
    {},
    '123456789012.data-kinesis.eu-west-1.amazonaws.com',
  ],
  [
    'an endpoint of its own',
    { service: 'sts' },
    { endpoints: { sts: 'http://127.0.0.1:99' } },
    '127.0.0.1:99',
  ],
] as const)(
  'an address follows %s, and nothing is sent to find it out',
  async (_, addressed, settings, host) => {
    expect(await hostOf(addressed, settings)).toBe(host);
  },
);

test('without a region there is no address, and that is said', async () => {
  const settings = { ...ELSEWHERE, region: undefined };
  await expect(addressOf({ service: 'sts' }, settings, { clock: systemClock })).rejects.toMatchObject({
    code: 'AWS_REGION_MISSING',
  });
});

test('a proxy is the first hop, but for what is reached without it', async () => {
  const proxy = { url: 'http://proxy.example:3128', noProxy: ['dynamodb.eu-west-1.amazonaws.com'] };
  const hop = async (addressed: Addressed) => {
    const settings = { ...ELSEWHERE, proxy };
    const { hop: first } = await (await awsEndpoint({ addressed, settings }, systemClock)).order();
    return `${first.host}:${first.port}`;
  };
  expect(await hop({ service: 'sts' })).toBe('proxy.example:3128');
  expect(await hop({ service: 'dynamodb' })).toBe('dynamodb.eu-west-1.amazonaws.com:443');
});
