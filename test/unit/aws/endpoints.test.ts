import { type Addressed, addressOf } from '../../../src/aws/service-address';
import type { AwsSettings } from '../../../src/config/types';
import { systemClock } from '../../../src/util/clock';
import { awsSettings } from '../../support/aws-settings';

const ARN = 'arn:aws:kinesis:us-east-1:123456789012:stream/orders';
const SERVICES: readonly Addressed[] = [
  { service: 'kinesis', plane: 'data', streamArn: ARN },
  { service: 'kinesis', plane: 'control', streamArn: ARN },
  { service: 'kinesis', plane: 'data' },
  { service: 'dynamodb' },
  { service: 'cloudwatch' },
  { service: 'sts' },
  { service: 'secretsmanager' },
];

const hostsOf = (settings: Partial<AwsSettings>): Promise<string[]> =>
  Promise.all(
    SERVICES.map(async (service) => {
      const { host } = await addressOf(service, awsSettings('', { endpoints: {}, ...settings }), {
        clock: systemClock,
      });
      return host;
    }),
  );

test.each([
  [
    'FIPS',
    { useFipsEndpoint: true },
    '-fips',
    'amazonaws.com',
    'secretsmanager-fips.us-east-1.amazonaws.com',
  ],
  // Those of Secrets Manager have both kinds of addresses anyway.
  ['dual-stack', { useDualstackEndpoint: true }, '', 'api.aws', 'secretsmanager.us-east-1.amazonaws.com'],
  ['usual', {}, '', 'amazonaws.com', 'secretsmanager.us-east-1.amazonaws.com'],
] as const)(
  'every service is called at its %s endpoint where that is chosen',
  async (_kind, settings, fips, domain, secrets) => {
    expect(await hostsOf(settings)).toEqual([
      `123456789012.data-kinesis${fips}.us-east-1.${domain}`,
      `123456789012.control-kinesis${fips}.us-east-1.${domain}`,
      ...['kinesis', 'dynamodb', 'monitoring', 'sts'].map((name) => `${name}${fips}.us-east-1.${domain}`),
      secrets,
    ]);
  },
);
