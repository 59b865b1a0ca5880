import { createDynamoDbModel, type DynamoDbOptions } from '../../../src/emulator/dynamodb/model';
import { ServiceError, type ServiceModel } from '../../../src/emulator/service-model';

const TableName = 'leases';
const TABLE = {
  TableName,
  AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
};
const INDEX = {
  AttributeDefinitions: [{ AttributeName: 'leaseOwner', AttributeType: 'S' }],
  GlobalSecondaryIndexUpdates: [
    {
      Create: {
        IndexName: 'owners',
        KeySchema: [{ AttributeName: 'leaseOwner', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    },
  ],
};
const Key = { leaseKey: { S: 'shardId-000000000000' } };

interface Answer {
  readonly [member: string]: unknown;
}

function start(options: DynamoDbOptions = {}): {
  readonly clock: { time: number };
  readonly model: ServiceModel;
  readonly call: (operation: string, input: object) => Answer;
} {
  const clock = { time: 1_700_000_000_000 };
  const model = createDynamoDbModel({ now: () => clock.time }, options);
  return { clock, model, call: (operation, input) => model.invoke(operation, input) as Answer };
}

function failure(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ServiceError) {
      return `${error.type}: ${error.message}`;
    }
    throw error;
  }
  return 'no error';
}

describe('the DynamoDB model', () => {
  test('a table is CREATING until its time has come, and takes no items before', () => {
    const { clock, call } = start({ createTableMs: 5_000 });
    expect(call('CreateTable', TABLE)).toMatchObject({ TableDescription: { TableStatus: 'CREATING' } });
    clock.time += 4_999;
    expect(call('DescribeTable', { TableName })).toMatchObject({ Table: { TableStatus: 'CREATING' } });
    expect(failure(() => call('PutItem', { TableName, Item: Key }))).toBe(
      'ResourceNotFoundException: Requested resource not found',
    );
    expect(failure(() => call('DeleteTable', { TableName }))).toMatch(/^ResourceInUseException/);
    clock.time += 1;
    expect(call('DescribeTable', { TableName })).toMatchObject({
      Table: { TableStatus: 'ACTIVE', CreationDateTime: 1_700_000_000 },
    });
    expect(call('PutItem', { TableName, Item: Key })).toEqual({});
  });

  test('a new index is filled from the rows that are there, and is read only when it is ACTIVE', () => {
    const { clock, call } = start({ createIndexMs: 60_000 });
    const query = {
      TableName,
      IndexName: 'owners',
      KeyConditionExpression: 'leaseOwner = :v',
      ExpressionAttributeValues: { ':v': { S: 'worker-1' } },
    };
    const row = { ...Key, leaseOwner: { S: 'worker-1' } };
    call('CreateTable', TABLE);
    call('PutItem', { TableName, Item: row });
    // A row with the key in another type has no place in the index, and does no harm.
    call('PutItem', { TableName, Item: { leaseKey: { S: 'odd' }, leaseOwner: { N: '1' } } });
    expect(call('UpdateTable', { TableName, ...INDEX })).toMatchObject({
      TableDescription: { TableStatus: 'UPDATING', GlobalSecondaryIndexes: [{ IndexStatus: 'CREATING' }] },
    });
    expect(failure(() => call('Query', query))).toMatch(/backfilling/);
    clock.time += 60_000;
    expect(call('DescribeTable', { TableName })).toMatchObject({
      Table: { TableStatus: 'ACTIVE', GlobalSecondaryIndexes: [{ IndexStatus: 'ACTIVE', ItemCount: 1 }] },
    });
    expect(call('Query', query)).toEqual({ Items: [row], Count: 1, ScannedCount: 1 });
    const removal = { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'owners' } }] };
    expect(call('UpdateTable', { TableName, ...removal })).toMatchObject({
      TableDescription: { AttributeDefinitions: TABLE.AttributeDefinitions },
    });
    expect(failure(() => call('Query', query))).toMatch(/does not have the specified index: owners/);
  });

  test('a refused UpdateTable changes nothing', () => {
    const { call } = start();
    call('CreateTable', TABLE);
    const before = call('DescribeTable', { TableName });
    const ProvisionedThroughput = { ReadCapacityUnits: 1, WriteCapacityUnits: 1 };
    expect(
      failure(() =>
        call('UpdateTable', { TableName, BillingMode: 'PROVISIONED', ProvisionedThroughput, ...INDEX }),
      ),
    ).toMatch(/ReadCapacityUnits and WriteCapacityUnits must both be specified/);
    expect(call('DescribeTable', { TableName })).toEqual(before);
  });

  test('what was answered does not change with later writes', () => {
    const { call } = start();
    call('CreateTable', TABLE);
    const item = { ...Key, trail: { L: [{ M: { names: { SS: ['a'] } } }] } };
    call('PutItem', { TableName, Item: item });
    const { Item } = call('GetItem', { TableName, Key });
    const { Items } = call('Scan', { TableName });
    call('UpdateItem', {
      TableName,
      Key,
      UpdateExpression: 'SET trail[0].extra = :v ADD trail[0].#n :n',
      ExpressionAttributeNames: { '#n': 'names' },
      ExpressionAttributeValues: { ':v': { N: '1' }, ':n': { SS: ['b'] } },
    });
    expect([Item, Items]).toEqual([item, [item]]);
    expect(call('GetItem', { TableName, Key })).toEqual({
      Item: { ...Key, trail: { L: [{ M: { names: { SS: ['a', 'b'] }, extra: { N: '1' } } }] } },
    });
  });

  test('elements set far behind the end of a list are appended in the order of their indexes', () => {
    const { call } = start();
    call('CreateTable', TABLE);
    call('PutItem', { TableName, Item: { ...Key, trail: { L: [{ N: '0' }, { N: '1' }] } } });
    const update = {
      UpdateExpression: 'SET trail[99999999999] = :last, trail[7] = :next REMOVE trail[0]',
      ExpressionAttributeValues: { ':last': { N: '9' }, ':next': { N: '7' } },
      ReturnValues: 'ALL_NEW',
    };
    expect(call('UpdateItem', { TableName, Key, ...update })).toEqual({
      Attributes: { ...Key, trail: { L: [{ N: '1' }, { N: '7' }, { N: '9' }] } },
    });
  });

  test.each(['constructor', '__proto__', 'toString'])('an attribute may be called %s', (name) => {
    const { call } = start();
    call('CreateTable', TABLE);
    const update = (condition: string, value: string): string =>
      failure(() =>
        call('UpdateItem', {
          TableName,
          Key,
          UpdateExpression: 'SET #a = :v, nested = :m',
          ConditionExpression: condition,
          ExpressionAttributeNames: { '#a': name },
          ExpressionAttributeValues: {
            ':v': { S: value },
            ':m': { M: JSON.parse(`{"${name}":{"S":"inside"}}`) },
          },
        }),
      );
    expect(update('attribute_exists(#a)', 'one')).toMatch(/^ConditionalCheckFailed/);
    expect(update('attribute_not_exists(#a) AND attribute_not_exists(nested.#a)', 'one')).toBe('no error');
    expect(update('attribute_exists(#a) AND attribute_exists(nested.#a)', 'two')).toBe('no error');
    expect(JSON.stringify(call('GetItem', { TableName, Key }))).toBe(
      `{"Item":{"leaseKey":{"S":"shardId-000000000000"},"${name}":{"S":"two"},"nested":{"M":{"${name}":{"S":"inside"}}}}}`,
    );
  });

  test('what the model does not know it refuses, and never ignores', () => {
    const { model, call } = start();
    call('CreateTable', TABLE);
    expect(failure(() => call('TransactWriteItems', {}))).toMatch(/^UnknownOperationException/);
    expect(failure(() => call('Scan', { TableName, ScanFilter: {} }))).toMatch(/does not know ScanFilter/);
    expect(failure(() => call('Scan', { TableName, ReturnConsumedCapacity: 'TOTAL' }))).toMatch(
      /does not know/,
    );
    expect(call('Scan', { TableName, ReturnConsumedCapacity: 'NONE' })).toEqual({
      Items: [],
      Count: 0,
      ScannedCount: 0,
    });
    expect(model.operations).toContain('UpdateItem');
  });

  test.each([
    ['a list', []],
    ['a number as text', { TableName: 5 }],
    ['a text as limit', { TableName, Limit: '5' }],
    ['a value without type', { TableName, ExclusiveStartKey: { leaseKey: 'shardId' } }],
  ])('%s is refused by the protocol', (_what, input) => {
    const { call } = start();
    call('CreateTable', TABLE);
    expect(failure(() => call('Scan', input))).toMatch(/^SerializationException/);
  });

  test('a table keeps the tags it was made with', () => {
    const { call } = start({ region: 'eu-west-1', accountId: '123456789012' });
    const Tags = [{ Key: 'team', Value: 'streams' }];
    const { TableDescription } = call('CreateTable', { ...TABLE, Tags });
    const { TableArn } = TableDescription as { TableArn: string };
    expect(TableArn).toBe('arn:aws:dynamodb:eu-west-1:123456789012:table/leases');
    expect(call('ListTagsOfResource', { ResourceArn: TableArn })).toEqual({ Tags });
  });

  test('tags are added to those a table has, one of the same key in its place', () => {
    const { call } = start();
    const { TableDescription } = call('CreateTable', { ...TABLE, Tags: [{ Key: 'team', Value: 'streams' }] });
    const { TableArn: ResourceArn } = TableDescription as { TableArn: string };
    const Tags = [
      { Key: 'stage', Value: 'test' },
      { Key: 'team', Value: 'orders' },
    ];
    expect(call('TagResource', { ResourceArn, Tags })).toEqual({});
    expect(call('ListTagsOfResource', { ResourceArn })).toEqual({
      Tags: [
        { Key: 'team', Value: 'orders' },
        { Key: 'stage', Value: 'test' },
      ],
    });
    expect(failure(() => call('TagResource', { ResourceArn: `${ResourceArn}-2`, Tags }))).toMatch(
      /^ResourceNotFoundException/,
    );
  });

  test('a protected table is not deleted until its protection is taken off', () => {
    const { call } = start();
    call('CreateTable', { ...TABLE, DeletionProtectionEnabled: true });
    expect(call('DescribeTable', { TableName })).toMatchObject({
      Table: { DeletionProtectionEnabled: true },
    });
    expect(failure(() => call('DeleteTable', { TableName }))).toBe(
      'ValidationException: Resource cannot be deleted as it is currently protected against deletion. ' +
        'Disable deletion protection first.',
    );
    call('UpdateTable', { TableName, BillingMode: 'PAY_PER_REQUEST' });
    expect(failure(() => call('DeleteTable', { TableName }))).toMatch(/protected/);
    call('UpdateTable', { TableName, DeletionProtectionEnabled: false });
    call('DeleteTable', { TableName });
    expect(call('ListTables', {})).toEqual({ TableNames: [] });
  });

  test('a table that is being deleted can be seen, and neither used nor changed nor made again', () => {
    const { clock, call } = start({ deleteTableMs: 5_000 });
    call('CreateTable', TABLE);
    expect(call('DeleteTable', { TableName })).toMatchObject({
      TableDescription: { TableStatus: 'DELETING' },
    });
    clock.time += 4_999;
    expect(call('DescribeTable', { TableName })).toMatchObject({ Table: { TableStatus: 'DELETING' } });
    expect(call('ListTables', {})).toEqual({ TableNames: [TableName] });
    expect(failure(() => call('Scan', { TableName }))).toMatch(/^ResourceNotFoundException/);
    for (const operation of ['DeleteTable', 'UpdateTable']) {
      expect(failure(() => call(operation, { TableName }))).toMatch(/^ResourceInUse.*Table is being deleted/);
    }
    expect(failure(() => call('CreateTable', TABLE))).toMatch(/^ResourceInUse.*Table is being deleted/);
    clock.time += 1;
    expect(failure(() => call('DescribeTable', { TableName }))).toMatch(/^ResourceNotFoundException/);
    call('CreateTable', TABLE);
    expect(call('Scan', { TableName })).toMatchObject({ Count: 0 });
  });

  test('point-in-time recovery is switched on and off, once the backups of a table have been set up', () => {
    const { clock, call } = start({ createTableMs: 5_000, createBackupsMs: 10_000 });
    const recovery = (PointInTimeRecoveryEnabled: boolean) =>
      call('UpdateContinuousBackups', {
        TableName,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled },
      });
    expect(failure(() => recovery(true))).toBe('TableNotFoundException: Table not found: leases');
    call('CreateTable', TABLE);
    clock.time += 14_999;
    for (const run of [() => recovery(true), () => call('DescribeContinuousBackups', { TableName })]) {
      expect(failure(run)).toBe(
        'ContinuousBackupsUnavailableException: Backups are being enabled for the table: leases. Please retry later',
      );
    }
    clock.time += 1;
    const off = {
      ContinuousBackupsDescription: {
        ContinuousBackupsStatus: 'ENABLED',
        PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' },
      },
    };
    expect(call('DescribeContinuousBackups', { TableName })).toEqual(off);
    const since = clock.time;
    recovery(true);
    clock.time += 3_600_000;
    expect(recovery(true)).toEqual({
      ContinuousBackupsDescription: {
        ContinuousBackupsStatus: 'ENABLED',
        PointInTimeRecoveryDescription: {
          PointInTimeRecoveryStatus: 'ENABLED',
          RecoveryPeriodInDays: 35,
          EarliestRestorableDateTime: since / 1000,
          LatestRestorableDateTime: (clock.time - 300_000) / 1000,
        },
      },
    });
    expect(recovery(false)).toEqual(off);
  });

  test.each([
    ['no key', { KeySchema: undefined }, "Value null at 'keySchema'"],
    ['a name too short', { TableName: 'ab' }, 'Member must have length greater than or equal to 3'],
    [
      'a key without definition',
      { KeySchema: [{ AttributeName: 'x', KeyType: 'HASH' }] },
      'not defined in AttributeDefinitions',
    ],
    [
      'a range key alone',
      { KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'RANGE' }] },
      'is not a HASH key type',
    ],
    [
      'a definition without key',
      { AttributeDefinitions: [...TABLE.AttributeDefinitions, ...INDEX.AttributeDefinitions] },
      'does not exactly match',
    ],
    ['no throughput', { BillingMode: undefined }, 'must both be specified when BillingMode is PROVISIONED'],
  ])('a table with %s is refused', (_what, change, message) => {
    const { call } = start();
    expect(failure(() => call('CreateTable', { ...TABLE, ...change }))).toContain(message);
    expect(call('ListTables', {})).toEqual({ TableNames: [] });
  });
});
