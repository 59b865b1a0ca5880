import type { DynamoApi } from '../../../src/aws/dynamo-api';
import { createDynamoDbModel } from '../../../src/emulator/dynamodb/model';
import { ConnectorError } from '../../../src/errors';
import { LeaseTable } from '../../../src/lease/lease-table';
import { openLeaseTable } from '../../../src/lease/table-opening';
import { ManualClock } from '../../support/manual-clock';
import { modelDynamo } from '../../support/model-dynamo';

const never = new AbortController().signal;

const slowDynamo = (clock: ManualClock, createTableMs: number) =>
  modelDynamo(clock, createDynamoDbModel(clock, { createTableMs }));

test('a table is used once it is ACTIVE', async () => {
  const clock = new ManualClock();
  const dynamo = slowDynamo(clock, 5000);
  await clock.run(openLeaseTable({ dynamo, tableName: 'app', clock }, never));
  expect(clock.monotonic()).toBeGreaterThanOrEqual(5000);
  expect(await new LeaseTable('app', dynamo).scan(never)).toEqual([]);
});

test('a table that is not ACTIVE after two minutes is reported', async () => {
  const clock = new ManualClock();
  const dynamo = slowDynamo(clock, 1_000_000);
  const ready = openLeaseTable({ dynamo, tableName: 'app', clock }, never);
  await expect(clock.run(ready)).rejects.toMatchObject({ code: 'LEASE_TABLE_NOT_READY', found: 'CREATING' });
  expect(clock.monotonic()).toBe(120_000);
});

test('a creation that failed is no error when the table is there, and is one when it is not', async () => {
  const clock = new ManualClock();
  const dynamo = modelDynamo(clock);
  const denied = (): never => {
    throw new ConnectorError('AWS_ACCESS_DENIED', 'not allowed');
  };
  const open = (api: DynamoApi) => clock.run(openLeaseTable({ dynamo: api, tableName: 'app', clock }, never));
  await expect(open({ ...dynamo, createTable: async () => denied() })).rejects.toMatchObject({
    code: 'AWS_ACCESS_DENIED',
  });
  await open({
    ...dynamo,
    createTable: async (...args) => {
      await dynamo.createTable(...args);
      throw new ConnectorError('AWS_TIMEOUT', 'no answer');
    },
  });
  expect(await new LeaseTable('app', dynamo).scan(never)).toEqual([]);
});
