import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DynamoApi } from '../../src/aws/dynamo-api';
import { createDynamoApi } from '../../src/aws/dynamo-client';
import { startEmulator } from '../../src/emulator';
import { systemClock } from '../../src/util/clock';
import { awsSettings } from '../support/aws-settings';

interface Service {
  readonly endpoint: string;
  close(): Promise<void>;
}

async function startDynalite(): Promise<Service> {
  const dynalite = require('dynalite') as (options: object) => Server;
  const server = dynalite({ createTableMs: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const SERVICES: readonly [string, () => Promise<Service>][] = [
  [
    'our emulator',
    async () => {
      const emulator = await startEmulator();
      return { endpoint: emulator.dynamodbEndpoint, close: () => emulator.close() };
    },
  ],
  ['dynalite', startDynalite],
];

const TABLE = 'leases';
const CREATE = {
  TableName: TABLE,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
} as const;
const INPUT = {
  ...CREATE,
  AttributeDefinitions: [...CREATE.AttributeDefinitions],
  KeySchema: [...CREATE.KeySchema],
};
const key = (leaseKey: string) => ({ leaseKey: { S: leaseKey } });

describe.each(SERVICES)('DynamoDB of %s', (_name, start) => {
  let service: Service;
  let api: DynamoApi & { close(): void };

  beforeAll(async () => {
    service = await start();
    api = createDynamoApi(awsSettings(service.endpoint), { clock: systemClock });
  });
  afterAll(async () => {
    api.close();
    await service.close();
  });

  it('says of a table that is not there that it is not there', async () => {
    expect(await api.describeTable('nowhere')).toBeUndefined();
    await expect(api.getItem({ TableName: 'nowhere', Key: key('a') })).rejects.toMatchObject({
      code: 'LEASE_TABLE_NOT_FOUND',
    });
  });

  it('creates a table once, however many ask for it', async () => {
    await api.createTable(INPUT);
    await api.createTable(INPUT);
    while ((await api.describeTable(TABLE))?.TableStatus !== 'ACTIVE') {}
    await api.createTable(INPUT);
  });

  it('refuses a write whose condition is not met, and leaves the row as it was', async () => {
    const row = { ...key('a'), leaseCounter: { N: '1' } };
    const absent = { ConditionExpression: 'attribute_not_exists(leaseKey)' };
    await api.putItem({ TableName: TABLE, Item: row, ...absent });
    const refused = { code: 'LEASE_TABLE_CONDITION', treatment: 'bounded' };
    await expect(api.putItem({ TableName: TABLE, Item: key('a'), ...absent })).rejects.toMatchObject(refused);
    const add = (counter: string) =>
      api.updateItem({
        TableName: TABLE,
        Key: key('a'),
        UpdateExpression: 'ADD leaseCounter :one',
        ConditionExpression: 'leaseCounter = :counter',
        ExpressionAttributeValues: { ':one': { N: '1' }, ':counter': { N: counter } },
        ReturnValues: 'ALL_NEW',
      });
    await expect(add('9')).rejects.toMatchObject(refused);
    expect(await api.getItem({ TableName: TABLE, Key: key('a'), ConsistentRead: true })).toEqual(row);
    expect(await add('1')).toEqual({ ...row, leaseCounter: { N: '2' } });
  });

  it('tells the time of the service with every page', async () => {
    const { serviceTime } = await api.scan({ TableName: TABLE });
    expect(Math.abs((serviceTime ?? 0) - systemClock.now())).toBeLessThan(5000);
  });

  it('lists the tags of a table', async () => {
    const table = await api.describeTable(TABLE);
    expect(await api.listTags(table?.TableArn ?? '')).toEqual([]);
  });

  it('scans page by page and deletes', async () => {
    await api.putItem({ TableName: TABLE, Item: key('b') });
    await api.putItem({ TableName: TABLE, Item: key('c') });
    const seen: (string | undefined)[] = [];
    let page = await api.scan({ TableName: TABLE, Limit: 1 });
    seen.push(...page.items.map(({ leaseKey }) => leaseKey?.S));
    while (page.lastKey !== undefined) {
      page = await api.scan({ TableName: TABLE, Limit: 1, ExclusiveStartKey: page.lastKey });
      seen.push(...page.items.map(({ leaseKey }) => leaseKey?.S));
    }
    expect(seen.sort()).toEqual(['a', 'b', 'c']);
    await api.deleteItem({ TableName: TABLE, Key: key('b') });
    expect(await api.getItem({ TableName: TABLE, Key: key('b'), ConsistentRead: true })).toBeUndefined();
  });
});

// dynalite has no backups.
it('switches point-in-time recovery of a table in our emulator on, and says whether it is', async () => {
  const emulator = await startEmulator();
  const api = createDynamoApi(awsSettings(emulator.dynamodbEndpoint), { clock: systemClock });
  const input = {
    TableName: TABLE,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  };
  await expect(api.updateContinuousBackups(input)).rejects.toMatchObject({ code: 'LEASE_TABLE_NOT_FOUND' });
  await api.createTable({ ...INPUT, Tags: [{ Key: 'team', Value: 'orders' }] });
  expect(await api.hasPointInTimeRecovery(TABLE)).toBe(false);
  await api.updateContinuousBackups(input);
  expect(await api.hasPointInTimeRecovery(TABLE)).toBe(true);
  const table = await api.describeTable(TABLE);
  expect(await api.listTags(table?.TableArn ?? '')).toEqual([{ Key: 'team', Value: 'orders' }]);
  api.close();
  await emulator.close();
});
