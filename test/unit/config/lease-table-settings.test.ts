import { ConfigError, type LeaseTableSettings, parseKinesisSourceConfig } from '../../../src/config';
import { LEASE_DEFAULTS } from '../../support/lease-defaults';
import { NOW } from './support';

const stream = { awsKinesisStreamName: 'orders', awsRegion: 'eu-central-1' };

const settingsOf = (options: object): LeaseTableSettings =>
  parseKinesisSourceConfig({ ...stream, ...options }, () => undefined, NOW).leaseTable;

function problemsOf(options: object): string[] {
  try {
    settingsOf(options);
    return [];
  } catch (error) {
    return error instanceof ConfigError
      ? error.problems.map(({ path, code }) => `${path} ${code}`)
      : [`${error}`];
  }
}

test('a lease table is created on demand, with nothing switched on, unless options say otherwise', () => {
  expect(settingsOf({})).toEqual({
    create: true,
    billing: { mode: 'PAY_PER_REQUEST' },
    tags: {},
    pointInTimeRecovery: false,
    deletionProtection: false,
    region: 'eu-central-1',
  });
});

test('what tests of leases take for granted is what the schema says', () => {
  const { leaseTable, audit, handoffTimeout, maxConcurrentHandovers } = LEASE_DEFAULTS;
  const parsed = parseKinesisSourceConfig(stream, () => undefined, NOW);
  expect(parsed).toMatchObject({ leaseTable, audit, handoffTimeout, maxConcurrentHandovers });
});

test('every option of the lease table takes effect', () => {
  expect(
    settingsOf({
      leaseTableCreate: false,
      leaseTableBillingMode: 'PROVISIONED',
      initialLeaseTableReadCapacity: 5,
      leaseTableTags: { team: 'orders', 'cost centre': '' },
      leaseTablePitrEnabled: true,
      leaseTableDeletionProtectionEnabled: true,
    }),
  ).toMatchObject({
    create: false,
    billing: { mode: 'PROVISIONED', readCapacity: 5, writeCapacity: 10 },
    tags: { team: 'orders', 'cost centre': '' },
    pointInTimeRecovery: true,
    deletionProtection: true,
  });
});

test.each<[string, object, string[]]>([
  [
    'a capacity of a table on demand',
    {
      initialLeaseTableReadCapacity: 5,
      initialLeaseTableWriteCapacity: 5,
      leaseTableBillingMode: 'PAY_PER_REQUEST',
    },
    ['initialLeaseTableReadCapacity CONFIG_CROSS_FIELD', 'initialLeaseTableWriteCapacity CONFIG_CROSS_FIELD'],
  ],
  [
    'a capacity of nothing',
    { leaseTableBillingMode: 'PROVISIONED', initialLeaseTableReadCapacity: 0 },
    ['initialLeaseTableReadCapacity CONFIG_RANGE'],
  ],
  [
    'a tag of AWS itself',
    { leaseTableTags: { 'aws:team': 'orders' } },
    ['leaseTableTags["aws:team"] CONFIG_FORMAT'],
  ],
  ['a tag without a name', { leaseTableTags: { '': 'orders' } }, ['leaseTableTags[""] CONFIG_FORMAT']],
  [
    'a tag that is too long',
    { leaseTableTags: { team: 'x'.repeat(257) } },
    ['leaseTableTags.team CONFIG_FORMAT'],
  ],
  ['a tag with odd characters', { leaseTableTags: { team: 'a&b' } }, ['leaseTableTags.team CONFIG_FORMAT']],
  ['a tag that is no text', { leaseTableTags: { team: 5 } }, ['leaseTableTags.team CONFIG_TYPE']],
  [
    'more tags than AWS allows',
    { leaseTableTags: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`t${n}`, 'x'])) },
    ['leaseTableTags CONFIG_RANGE'],
  ],
])('%s is refused', (_, options, problems) => {
  expect(problemsOf(options)).toEqual(problems.map((problem) => `configs.${problem}`));
});
