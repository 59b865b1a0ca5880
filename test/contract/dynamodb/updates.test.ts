import {
  type AttributeValue,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  type ReturnValue,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { createTable, LEASE_TABLE, leaseTable, outcome, type Row, SERVICES, useService } from './services';

type Values = { [placeholder: string]: AttributeValue };
const n = (N: string): AttributeValue => ({ N });
const s = (S: string): AttributeValue => ({ S });
const KEY: Row = { leaseKey: s('shardId-000000000000') };
const ITEM: Row = {
  ...KEY,
  leaseOwner: s('worker-1'),
  leaseCounter: n('10'),
  parentShardId: { SS: ['a', 'b'] },
  numbers: { NS: ['1', '2'] },
  trail: { L: [s('zero'), s('one'), s('two')] },
  nested: { M: { tally: n('1') } },
};

/** Update, its values, and the attributes that are different from ITEM afterwards (undefined: gone). */
const CASES: readonly [
  update: string,
  values: Values,
  changed: { [name: string]: AttributeValue | undefined },
][] = [
  ['SET leaseCounter = :v', { ':v': n('11') }, { leaseCounter: n('11') }],
  ['SET leaseCounter = leaseCounter + :v', { ':v': n('1') }, { leaseCounter: n('11') }],
  ['SET leaseCounter = leaseCounter - :v', { ':v': n('10.25') }, { leaseCounter: n('-0.25') }],
  ['SET extra = leaseCounter', {}, { extra: n('10') }],
  [
    'SET leaseOwner = leaseCounter, leaseCounter = :v',
    { ':v': n('1') },
    { leaseOwner: n('10'), leaseCounter: n('1') },
  ],
  ['SET extra = if_not_exists(extra, :v)', { ':v': n('1') }, { extra: n('1') }],
  ['SET extra = if_not_exists(leaseCounter, :v)', { ':v': n('1') }, { extra: n('10') }],
  ['SET extra = if_not_exists(extra, :z) + :v', { ':z': n('0'), ':v': n('5') }, { extra: n('5') }],
  [
    'SET trail = list_append(trail, :v)',
    { ':v': { L: [s('x')] } },
    { trail: { L: [s('zero'), s('one'), s('two'), s('x')] } },
  ],
  ['SET trail[1] = :v', { ':v': s('x') }, { trail: { L: [s('zero'), s('x'), s('two')] } }],
  ['SET trail[9] = :v', { ':v': s('x') }, { trail: { L: [s('zero'), s('one'), s('two'), s('x')] } }],
  ['SET nested.tally = nested.tally + :v', { ':v': n('1') }, { nested: { M: { tally: n('2') } } }],
  ['SET nested.extra = :v', { ':v': n('1') }, { nested: { M: { tally: n('1'), extra: n('1') } } }],
  ['REMOVE leaseOwner', {}, { leaseOwner: undefined }],
  ['REMOVE absent, leaseOwner', {}, { leaseOwner: undefined }],
  ['REMOVE trail[0]', {}, { trail: { L: [s('one'), s('two')] } }],
  ['REMOVE trail[7]', {}, {}],
  ['REMOVE nested.tally', {}, { nested: { M: {} } }],
  ['ADD leaseCounter :v', { ':v': n('-1') }, { leaseCounter: n('9') }],
  ['ADD extra :v', { ':v': n('3') }, { extra: n('3') }],
  ['ADD parentShardId :v', { ':v': { SS: ['b', 'c'] } }, { parentShardId: { SS: ['a', 'b', 'c'] } }],
  ['ADD extra :v', { ':v': { SS: ['c'] } }, { extra: { SS: ['c'] } }],
  ['DELETE parentShardId :v', { ':v': { SS: ['b', 'x'] } }, { parentShardId: { SS: ['a'] } }],
  ['DELETE parentShardId :v', { ':v': { SS: ['b', 'a'] } }, { parentShardId: undefined }],
  ['DELETE numbers :v', { ':v': { NS: ['2.0'] } }, { numbers: { NS: ['1'] } }],
  ['DELETE extra :v', { ':v': { SS: ['b'] } }, {}],
  [
    'set leaseCounter = leaseCounter + :one remove leaseOwner add numbers :set',
    { ':one': n('1'), ':set': { NS: ['3'] } },
    { leaseCounter: n('11'), leaseOwner: undefined, numbers: { NS: ['1', '2', '3'] } },
  ],
];

const without = (row: { [name: string]: AttributeValue | undefined }): object =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));

describe.each(SERVICES)('updates of %s', (name) => {
  const client = useService(name, (started) => createTable(started, leaseTable));
  beforeEach(() => client().send(new PutItemCommand({ TableName: LEASE_TABLE, Item: ITEM })));

  const update = (UpdateExpression: string, values: Values, ReturnValues?: ReturnValue): Promise<object> =>
    outcome(
      client().send(
        new UpdateItemCommand({
          TableName: LEASE_TABLE,
          Key: KEY,
          UpdateExpression,
          ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
          ...(ReturnValues && { ReturnValues }),
        }),
      ),
    );
  const stored = (): Promise<object> =>
    outcome(client().send(new GetItemCommand({ TableName: LEASE_TABLE, Key: KEY, ConsistentRead: true })));

  test.each(CASES)('%s with %j: ALL_NEW is what is stored', async (expression, values, changed) => {
    const expected = without({ ...ITEM, ...changed });
    expect(await update(expression, values, 'ALL_NEW')).toEqual({ Attributes: expected });
    expect(await stored()).toEqual({ Item: expected });
  });

  test.each<[ReturnValue, object]>([
    ['NONE', {}],
    ['ALL_OLD', { Attributes: ITEM }],
    ['ALL_NEW', { Attributes: { ...ITEM, leaseCounter: n('11'), nested: { M: { tally: n('2') } } } }],
    ['UPDATED_OLD', { Attributes: { leaseCounter: n('10'), nested: { M: { tally: n('1') } } } }],
    ['UPDATED_NEW', { Attributes: { leaseCounter: n('11'), nested: { M: { tally: n('2') } } } }],
  ])('%s returns what it promises', async (returns, expected) => {
    const expression = 'SET leaseCounter = leaseCounter + :one, nested.tally = :two';
    expect(await update(expression, { ':one': n('1'), ':two': n('2') }, returns)).toEqual(expected);
  });

  test('an update of an absent row makes it', async () => {
    const Key = { leaseKey: s('absent') };
    const call = new UpdateItemCommand({
      TableName: LEASE_TABLE,
      Key,
      UpdateExpression: 'SET leaseCounter = :v',
      ExpressionAttributeValues: { ':v': n('0') },
      ReturnValues: 'ALL_NEW',
    });
    expect(await outcome(client().send(call))).toEqual({ Attributes: { ...Key, leaseCounter: n('0') } });
  });

  test('a refused update leaves the row as it was', async () => {
    expect(await update('SET leaseCounter = :v, extra = absent', { ':v': n('1') })).toMatchObject({
      error: 'ValidationException',
    });
    expect(await stored()).toEqual({ Item: ITEM });
  });

  test('numbers keep 38 digits and never turn into floats', async () => {
    const big = '12345678901234567890123456789012345678';
    await update('SET leaseCounter = :v', { ':v': n(big) });
    expect(await update('ADD leaseCounter :v', { ':v': n('1') }, 'UPDATED_NEW')).toEqual({
      Attributes: { leaseCounter: n('12345678901234567890123456789012345679') },
    });
    await update('SET leaseCounter = :v', { ':v': n('0.1') });
    expect(await update('ADD leaseCounter :v', { ':v': n('0.2') }, 'UPDATED_NEW')).toEqual({
      Attributes: { leaseCounter: n('0.3') },
    });
  });

  test('a put replaces the whole row and returns the old one when asked', async () => {
    const Item = { ...KEY, leaseOwner: s('worker-2') };
    const put = new PutItemCommand({ TableName: LEASE_TABLE, Item, ReturnValues: 'ALL_OLD' });
    expect(await outcome(client().send(put))).toEqual({ Attributes: ITEM });
    expect(await stored()).toEqual({ Item });
  });

  test('a conditional delete deletes only what meets its condition', async () => {
    const remove = (owner: string): Promise<object> =>
      outcome(
        client().send(
          new DeleteItemCommand({
            TableName: LEASE_TABLE,
            Key: KEY,
            ConditionExpression: 'leaseOwner = :v',
            ExpressionAttributeValues: { ':v': s(owner) },
            ReturnValues: 'ALL_OLD',
          }),
        ),
      );
    expect(await remove('worker-2')).toMatchObject({ error: 'ConditionalCheckFailedException' });
    expect(await stored()).toEqual({ Item: ITEM });
    expect(await remove('worker-1')).toEqual({ Attributes: ITEM });
    expect(await stored()).toEqual({});
  });

  test('a projection returns only the paths asked for', async () => {
    const get = new GetItemCommand({
      TableName: LEASE_TABLE,
      Key: KEY,
      ProjectionExpression: 'leaseOwner, nested.tally, #t[2], absent',
      ExpressionAttributeNames: { '#t': 'trail' },
    });
    expect(await outcome(client().send(get))).toEqual({
      Item: { leaseOwner: s('worker-1'), nested: { M: { tally: n('1') } }, trail: { L: [s('two')] } },
    });
  });
});
