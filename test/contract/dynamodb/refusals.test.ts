import {
  type AttributeValue,
  DeleteTableCommand,
  DescribeTableCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { ITEM, KEY, UPDATES, VALUES } from './refused-requests';
import { createTable, LEASE_TABLE, leaseTable, outcome, type Row, SERVICES, useService } from './services';

const n = (N: string): AttributeValue => ({ N });
const s = (S: string): AttributeValue => ({ S });

describe.each(SERVICES)('refusals of %s', (name) => {
  const client = useService(name, async (started) => {
    await createTable(started, leaseTable);
    await started.send(new PutItemCommand({ TableName: LEASE_TABLE, Item: ITEM }));
  });

  test.each(UPDATES)('%j: %s', async (request, message) => {
    const update = new UpdateItemCommand({ TableName: LEASE_TABLE, Key: KEY, ...request });
    expect(await outcome(client().send(update))).toEqual({ error: 'ValidationException', message });
    const stored = await outcome(client().send(new GetItemCommand({ TableName: LEASE_TABLE, Key: KEY })));
    expect(stored).toEqual({ Item: ITEM });
  });

  test.each(VALUES.map(([value, message]) => [JSON.stringify(value).slice(0, 60), message, value] as const))(
    'value %s: %s',
    async (_shown, message, value) => {
      const put = new PutItemCommand({ TableName: LEASE_TABLE, Item: { ...KEY, value } });
      expect(await outcome(client().send(put))).toEqual({ error: 'ValidationException', message });
    },
  );

  test('an item of exactly 400 KB is taken, one byte more is not', async () => {
    const Key = { leaseKey: s('large') };
    const bytes = 400 * 1024 - 'leaseKey'.length - 'large'.length - 'filling'.length;
    const put = (length: number): Promise<object> =>
      outcome(
        client().send(
          new PutItemCommand({ TableName: LEASE_TABLE, Item: { ...Key, filling: s('x'.repeat(length)) } }),
        ),
      );
    expect(await put(bytes)).toEqual({});
    expect(await put(bytes + 1)).toMatchObject({ error: 'ValidationException' });
  });

  test('an item without its key, or with a wrong one, is refused', async () => {
    const put = (Item: Row): Promise<object> =>
      outcome(client().send(new PutItemCommand({ TableName: LEASE_TABLE, Item })));
    expect(await put({ leaseOwner: s('x') })).toEqual({
      error: 'ValidationException',
      message: 'One or more parameter values were invalid: Missing the key leaseKey in the item',
    });
    expect(await put({ leaseKey: n('1') })).toEqual({
      error: 'ValidationException',
      message:
        'One or more parameter values were invalid: Type mismatch for key leaseKey expected: S actual: N',
    });
    expect(await put({ leaseKey: s('') })).toEqual({
      error: 'ValidationException',
      message:
        'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: leaseKey',
    });
  });

  test('a put returns only old values', async () => {
    const put = new PutItemCommand({ TableName: LEASE_TABLE, Item: ITEM, ReturnValues: 'ALL_NEW' });
    expect(await outcome(client().send(put))).toEqual({
      error: 'ValidationException',
      message: 'ReturnValues can only be ALL_OLD or NONE',
    });
  });

  test('a table that is not there is not found, by any operation', async () => {
    const TableName = 'nowhere';
    const notFound = { error: 'ResourceNotFoundException', message: 'Requested resource not found' };
    const named = { ...notFound, message: 'Requested resource not found: Table: nowhere not found' };
    expect(await outcome(client().send(new GetItemCommand({ TableName, Key: KEY })))).toEqual(notFound);
    expect(await outcome(client().send(new PutItemCommand({ TableName, Item: ITEM })))).toEqual(notFound);
    expect(await outcome(client().send(new ScanCommand({ TableName })))).toEqual(notFound);
    expect(await outcome(client().send(new DescribeTableCommand({ TableName })))).toEqual(named);
    expect(await outcome(client().send(new DeleteTableCommand({ TableName })))).toEqual(named);
  });

  test.each([
    ['leaseOwner = :v', 'Query condition missed key schema element: leaseKey'],
    ['leaseKey > :v', 'Query key condition not supported'],
    ['leaseKey <> :v', 'Invalid operator used in KeyConditionExpression: <>'],
    ['leaseKey = :v AND leaseKey = :v', 'KeyConditionExpressions must only contain one condition per key'],
    ['leaseKey = :v OR leaseKey = :v', 'Invalid operator used in KeyConditionExpression: OR'],
  ])('key condition %s: %s', async (KeyConditionExpression, message) => {
    const query = new QueryCommand({
      TableName: LEASE_TABLE,
      KeyConditionExpression,
      ExpressionAttributeValues: { ':v': s('x') },
    });
    expect(await outcome(client().send(query))).toEqual({ error: 'ValidationException', message });
  });

  test('a query filters no key, and a segment is below the number of segments', async () => {
    const query = new QueryCommand({
      TableName: LEASE_TABLE,
      KeyConditionExpression: 'leaseKey = :v',
      FilterExpression: 'leaseKey = :v',
      ExpressionAttributeValues: { ':v': s('x') },
    });
    expect(await outcome(client().send(query))).toEqual({
      error: 'ValidationException',
      message:
        'Filter Expression can only contain non-primary key attributes: Primary key attribute: leaseKey',
    });
    const scan = new ScanCommand({ TableName: LEASE_TABLE, Segment: 2, TotalSegments: 2 });
    expect(await outcome(client().send(scan))).toEqual({
      error: 'ValidationException',
      message:
        'The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 2 is not less than TotalSegments: 2',
    });
  });
});
