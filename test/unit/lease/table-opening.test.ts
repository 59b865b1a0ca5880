import type { DynamoApi } from '../../../src/aws/dynamo-api';
import type { LeaseTableSettings } from '../../../src/config/types';
import { createDynamoDbModel, type DynamoDbOptions } from '../../../src/emulator/dynamodb/model';
import { ConnectorError, explain } from '../../../src/errors';
import { LeaseTable } from '../../../src/lease/lease-table';
import { createTableInput } from '../../../src/lease/table-definition';
import { openLeaseTable } from '../../../src/lease/table-opening';
import { sleep } from '../../../src/util/clock';
import { seededRandom } from '../../../src/util/random';
import { DEFAULT_TABLE } from '../../support/lease-defaults';
import { LogLines } from '../../support/log-lines';
import { ManualClock } from '../../support/manual-clock';
import { modelDynamo } from '../../support/model-dynamo';

const never = new AbortController().signal;
const TABLE = 'app';
const EVERYTHING: LeaseTableSettings = {
  create: true,
  billing: { mode: 'PROVISIONED', readCapacity: 5, writeCapacity: 7 },
  tags: { team: 'orders', stage: 'test' },
  pointInTimeRecovery: true,
  deletionProtection: true,
};

class Lab {
  readonly clock = new ManualClock();
  readonly dynamo: ReturnType<typeof modelDynamo>;
  readonly log = new LogLines();

  constructor(options: DynamoDbOptions = {}) {
    this.dynamo = modelDynamo(this.clock, createDynamoDbModel(this.clock, options));
  }

  open(
    settings: LeaseTableSettings = DEFAULT_TABLE,
    api: Partial<DynamoApi> = {},
    signal: AbortSignal = never,
  ): Promise<void> {
    const dynamo = { ...this.dynamo, ...api };
    const retry = { clock: this.clock, random: seededRandom(7), bounds: { initialMs: 100, maxMs: 1000 } };
    return this.clock.run(
      openLeaseTable({ dynamo, tableName: TABLE, retry, settings, logger: this.log }, signal),
    );
  }

  async described() {
    const table = await this.dynamo.describeTable(TABLE);
    const tags = await this.dynamo.listTags(table?.TableArn ?? '');
    return {
      billing: table?.BillingModeSummary?.BillingMode ?? 'PROVISIONED',
      read: table?.ProvisionedThroughput?.ReadCapacityUnits,
      write: table?.ProvisionedThroughput?.WriteCapacityUnits,
      tags: Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])),
      pointInTimeRecovery: await this.dynamo.hasPointInTimeRecovery(TABLE),
      deletionProtection: table?.DeletionProtectionEnabled,
    };
  }
}

const failing = (code: ConstructorParameters<typeof ConnectorError>[0]) => async (): Promise<never> => {
  throw new ConnectorError(code, 'no');
};

describe('a table that is absent', () => {
  test('is created on demand, with nothing switched on, and used once it is ACTIVE', async () => {
    const lab = new Lab({ createTableMs: 5000 });
    await lab.open();
    expect(lab.clock.monotonic()).toBeGreaterThanOrEqual(5000);
    expect(await new LeaseTable(TABLE, lab.dynamo).scan(never)).toEqual([]);
    expect(await lab.described()).toEqual({
      billing: 'PAY_PER_REQUEST',
      read: 0,
      write: 0,
      tags: {},
      pointInTimeRecovery: false,
      deletionProtection: false,
    });
  });

  test('is created as its options say, recovery switched on as soon as AWS can do it', async () => {
    const lab = new Lab({ createTableMs: 5000, createBackupsMs: 20_000 });
    await lab.open(EVERYTHING);
    expect(lab.clock.monotonic()).toBeGreaterThanOrEqual(25_000);
    expect(await lab.described()).toEqual({
      billing: 'PROVISIONED',
      read: 5,
      write: 7,
      tags: { team: 'orders', stage: 'test' },
      pointInTimeRecovery: true,
      deletionProtection: true,
    });
    expect(lab.log.lines).toEqual([]);
  });

  test('is created once, though several workers want it, and has everything whoever was first', async () => {
    const lab = new Lab({ createTableMs: 5000 });
    const late = sleep(lab.clock, 1000).then(() => lab.open(EVERYTHING));
    await Promise.all([lab.open(EVERYTHING), lab.open(EVERYTHING), late]);
    expect(await lab.described()).toMatchObject({ pointInTimeRecovery: true, tags: EVERYTHING.tags });
    expect(lab.log.lines).toEqual([]);
  });

  test('serves without recovery when that may not be switched on, and the log says what is missing', async () => {
    const lab = new Lab();
    await lab.open(EVERYTHING, { updateContinuousBackups: failing('AWS_ACCESS_DENIED') });
    expect(lab.log.lines).toEqual([
      ['warn', expect.stringContaining('point-in-time recovery'), expect.anything()],
    ]);
    const late = new Lab({ createBackupsMs: 1_000_000 });
    await late.open(EVERYTHING);
    expect(late.clock.monotonic()).toBeLessThan(61_000);
    expect(late.log.lines).toHaveLength(1);
  });

  test('that must not be created ends the source, with the command that creates it rightly', async () => {
    const lab = new Lab();
    const opened = lab.open({ ...EVERYTHING, create: false, region: 'eu-central-1' });
    await expect(opened).rejects.toMatchObject({ code: 'LEASE_TABLE_NOT_FOUND', treatment: 'fatal' });
    await expect(opened.catch(explain)).resolves.toContain(
      '`aws dynamodb create-table --region eu-central-1 --table-name app ' +
        '--attribute-definitions AttributeName=leaseKey,AttributeType=S ' +
        '--key-schema AttributeName=leaseKey,KeyType=HASH --billing-mode PROVISIONED ' +
        '--provisioned-throughput ReadCapacityUnits=5,WriteCapacityUnits=7 ' +
        `--tags '[{"Key":"team","Value":"orders"},{"Key":"stage","Value":"test"}]' ` +
        '--deletion-protection-enabled' +
        ' && aws dynamodb wait table-exists --region eu-central-1 --table-name app' +
        ' && aws dynamodb update-continuous-backups --region eu-central-1 --table-name app ' +
        '--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true`',
    );
    expect(await lab.dynamo.describeTable(TABLE)).toBeUndefined();
  });

  test('that may not be created ends the source, with the action that is missing and the command', async () => {
    const lab = new Lab();
    const denied = new ConnectorError('AWS_ACCESS_DENIED', 'not allowed', {
      hint: 'Grant dynamodb:CreateTable on app to the role in use.',
    });
    const opened = lab.open(undefined, { createTable: () => Promise.reject(denied) });
    await expect(opened).rejects.toMatchObject({
      code: 'AWS_ACCESS_DENIED',
      hint: expect.stringMatching(
        /^Grant dynamodb:CreateTable on app to the role in use, or create the table with `aws dynamodb create-table --table-name app /,
      ),
    });
  });

  test('whose creation got no answer is taken as created, with all its options', async () => {
    const lab = new Lab();
    await lab.open(EVERYTHING, {
      createTable: async (...args) => {
        await lab.dynamo.createTable(...args);
        throw new ConnectorError('AWS_TIMEOUT', 'no answer');
      },
    });
    expect(await lab.described()).toMatchObject({ pointInTimeRecovery: true });
  });

  test('is created at last, though DynamoDB fails at every step at first', async () => {
    const lab = new Lab({ createTableMs: 1000 });
    const flaky = <A extends unknown[], R>(call: (...args: A) => Promise<R>) => {
      let failures = 0;
      return async (...args: A): Promise<R> => {
        if (failures++ % 3 < 2) {
          throw new ConnectorError('AWS_THROTTLED', 'slow down');
        }
        return call(...args);
      };
    };
    await lab.open(EVERYTHING, {
      createTable: flaky(lab.dynamo.createTable),
      describeTable: flaky(lab.dynamo.describeTable),
      updateContinuousBackups: flaky(lab.dynamo.updateContinuousBackups),
    });
    expect(await lab.described()).toMatchObject({ pointInTimeRecovery: true });
  });

  test('that is not ACTIVE after two minutes is reported', async () => {
    const lab = new Lab({ createTableMs: 1_000_000 });
    await expect(lab.open()).rejects.toMatchObject({ code: 'LEASE_TABLE_NOT_READY', found: 'CREATING' });
    expect(lab.clock.monotonic()).toBe(120_000);
  });

  test('is waited for no longer than the worker wants', async () => {
    const lab = new Lab({ createTableMs: 1_000_000 });
    const stop = new AbortController();
    const opened = lab.open(undefined, {}, stop.signal);
    opened.catch(() => undefined);
    lab.clock.setTimer(() => stop.abort(new Error('stopped')), 1000);
    await expect(opened).rejects.toThrow('stopped');
    expect(lab.clock.monotonic()).toBe(1000);
  });
});

describe('a table that is there', () => {
  const existing = async (settings: LeaseTableSettings, options: DynamoDbOptions = {}): Promise<Lab> => {
    const lab = new Lab(options);
    await lab.open(settings);
    lab.log.lines.length = 0;
    return lab;
  };

  test('needs no permission beyond looking at it', async () => {
    const lab = await existing(DEFAULT_TABLE);
    const denied = failing('AWS_ACCESS_DENIED');
    const api = {
      createTable: denied,
      updateContinuousBackups: denied,
      hasPointInTimeRecovery: denied,
      listTags: denied,
    };
    await lab.open(undefined, api);
    await lab.open({ ...DEFAULT_TABLE, create: false }, api);
    expect(lab.log.lines).toEqual([]);
    await lab.open(EVERYTHING, api);
    expect(lab.log.lines).toEqual([
      ...['tags', 'recovery'].map(() => [
        'info',
        expect.stringContaining('cannot be seen'),
        expect.anything(),
      ]),
      ['info', expect.stringContaining('stays as it is'), expect.anything()],
    ]);
  });

  test('stays as it is, and what differs is said in one line', async () => {
    const lab = await existing({ ...DEFAULT_TABLE, tags: { team: 'payments', other: 'tag' } });
    const before = await lab.described();
    await lab.open(EVERYTHING);
    expect(await lab.described()).toEqual(before);
    expect(lab.log.lines).toEqual([
      [
        'info',
        expect.stringContaining('stays as it is'),
        {
          table: TABLE,
          differences: [
            { option: 'leaseTableBillingMode', configured: 'PROVISIONED', found: 'PAY_PER_REQUEST' },
            { option: 'leaseTableTags.team', configured: 'orders', found: 'payments' },
            { option: 'leaseTableTags.stage', configured: 'test', found: 'no such tag' },
            { option: 'leaseTablePitrEnabled', configured: 'true', found: 'false' },
            { option: 'leaseTableDeletionProtectionEnabled', configured: 'true', found: 'false' },
          ],
        },
      ],
    ]);
  });

  test('that is as configured, its capacity perhaps scaled since, is opened in silence', async () => {
    const lab = await existing(EVERYTHING);
    await lab.open({ ...EVERYTHING, billing: { mode: 'PROVISIONED', readCapacity: 1, writeCapacity: 1 } });
    expect(lab.log.lines).toEqual([]);
  });

  test('is used while an index is being built on it, as a KCL 3.x does', async () => {
    const lab = await existing(DEFAULT_TABLE, { createIndexMs: 1_000_000 });
    lab.dynamo.model.invoke('UpdateTable', {
      TableName: TABLE,
      AttributeDefinitions: [{ AttributeName: 'leaseOwner', AttributeType: 'S' }],
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: 'LeaseOwnerToLeaseKeyIndex',
            KeySchema: [{ AttributeName: 'leaseOwner', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'KEYS_ONLY' },
          },
        },
      ],
    });
    expect((await lab.dynamo.describeTable(TABLE))?.TableStatus).toBe('UPDATING');
    await lab.open();
    expect(lab.clock.monotonic()).toBe(0);
  });

  test('that is being deleted is refused at once, and made anew by the start after it is gone', async () => {
    const lab = await existing(DEFAULT_TABLE, { deleteTableMs: 10_000 });
    lab.dynamo.model.invoke('DeleteTable', { TableName: TABLE });
    await expect(lab.open()).rejects.toMatchObject({ code: 'LEASE_TABLE_DELETING', treatment: 'fatal' });
    expect(lab.clock.monotonic()).toBe(0);
    await lab.clock.advance(10_000);
    await lab.open();
    expect((await lab.dynamo.describeTable(TABLE))?.TableStatus).toBe('ACTIVE');
  });

  test.each([
    ['another name', [['id', 'S', 'HASH']], 'id (S)'],
    ['another type', [['leaseKey', 'N', 'HASH']], 'leaseKey (N)'],
    ['another spelling', [['leasekey', 'S', 'HASH']], 'leasekey (S)'],
    [
      'a range beside it',
      [
        ['leaseKey', 'S', 'HASH'],
        ['shard', 'S', 'RANGE'],
      ],
      'leaseKey (S), shard (S)',
    ],
    [
      'leaseKey as its range',
      [
        ['app', 'S', 'HASH'],
        ['leaseKey', 'S', 'RANGE'],
      ],
      'app (S), leaseKey (S)',
    ],
  ] as const)('whose key has %s is refused', async (_, keys, found) => {
    const lab = new Lab();
    lab.dynamo.model.invoke('CreateTable', {
      ...createTableInput(TABLE, DEFAULT_TABLE),
      AttributeDefinitions: keys.map(([AttributeName, AttributeType]) => ({ AttributeName, AttributeType })),
      KeySchema: keys.map(([AttributeName, , KeyType]) => ({ AttributeName, KeyType })),
    });
    await expect(lab.open()).rejects.toMatchObject({
      code: 'LEASE_TABLE_WRONG_SHAPE',
      treatment: 'fatal',
      expected: 'one key, leaseKey (S)',
      found,
    });
  });
});
