import { createDynamoDbModel } from '../../../src/emulator/dynamodb/model';
import { ConnectorError } from '../../../src/errors';
import { LeaseTable } from '../../../src/lease/lease-table';
import { ManualClock } from '../../support/manual-clock';
import { modelDynamo } from '../../support/model-dynamo';

const never = new AbortController().signal;

const slowDynamo = (clock: ManualClock, createTableMs: number) =>
  modelDynamo(clock, createDynamoDbModel(clock, { createTableMs }));

test('a table is used once it is ACTIVE', async () => {
  const clock = new ManualClock();
  const table = new LeaseTable('app', slowDynamo(clock, 5000));
  await clock.run(table.ensure(clock, never));
  expect(clock.monotonic()).toBeGreaterThanOrEqual(5000);
  expect(await table.scan(never)).toEqual([]);
});

test('a table that is not ACTIVE after two minutes is reported', async () => {
  const clock = new ManualClock();
  const ready = new LeaseTable('app', slowDynamo(clock, 1_000_000)).ensure(clock, never);
  await expect(clock.run(ready)).rejects.toMatchObject({ code: 'LEASE_TABLE_NOT_READY', found: 'CREATING' });
  expect(clock.monotonic()).toBe(120_000);
});

test('a creation that failed is no error when the table is there, and is one when it is not', async () => {
  const clock = new ManualClock();
  const dynamo = modelDynamo(clock);
  const denied = (): never => {
    throw new ConnectorError('AWS_ACCESS_DENIED', 'not allowed');
  };
  const refused = new LeaseTable('app', { ...dynamo, createTable: async () => denied() });
  await expect(clock.run(refused.ensure(clock, never))).rejects.toMatchObject({ code: 'AWS_ACCESS_DENIED' });
  const unanswered = new LeaseTable('app', {
    ...dynamo,
    createTable: async (...args) => {
      await dynamo.createTable(...args);
      throw new ConnectorError('AWS_TIMEOUT', 'no answer');
    },
  });
  await clock.run(unanswered.ensure(clock, never));
  expect(await unanswered.scan(never)).toEqual([]);
});
