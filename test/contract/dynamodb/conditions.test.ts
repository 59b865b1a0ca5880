import { type AttributeValue, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { createTable, LEASE_TABLE, leaseTable, outcome, type Row, SERVICES, useService } from './services';

const ITEM: Row = {
  leaseKey: { S: 'shardId-000000000000' },
  leaseOwner: { S: 'worker-1' },
  leaseCounter: { N: '10' },
  half: { N: '0.50' },
  parentShardId: { SS: ['shardId-a', 'shardId-b'] },
  numbers: { NS: ['1', '2.0'] },
  blobs: { BS: [Buffer.from([1]), Buffer.from([2])] },
  pendingState: { B: Buffer.from([0, 255, 7]) },
  flagged: { BOOL: false },
  nothing: { NULL: true },
  nested: { M: { steps: { L: [{ S: 'zero' }, { N: '1' }] } } },
};

type Values = { [placeholder: string]: AttributeValue };
const n = (N: string): AttributeValue => ({ N });
const s = (S: string): AttributeValue => ({ S });

/** Condition, its values, and whether ITEM meets it. */
const CASES: readonly [condition: string, values: Values, holds: boolean][] = [
  ['leaseOwner = :v', { ':v': s('worker-1') }, true],
  ['leaseOwner = :v', { ':v': s('worker-2') }, false],
  ['leaseOwner = :o AND leaseCounter = :c', { ':o': s('worker-1'), ':c': n('10') }, true],
  ['leaseOwner = :o AND leaseCounter = :c', { ':o': s('worker-1'), ':c': n('9') }, false],
  ['leaseCounter = :v', { ':v': n('10.0') }, true],
  ['leaseCounter = :v', { ':v': n('1e1') }, true],
  ['leaseCounter = :v', { ':v': s('10') }, false],
  ['leaseCounter <> :v', { ':v': n('10') }, false],
  ['leaseCounter < :v', { ':v': n('9') }, false],
  ['leaseCounter < :v', { ':v': n('100') }, true],
  ['leaseCounter <= :v', { ':v': n('10') }, true],
  ['leaseCounter >= :v', { ':v': n('10.000000000000000000000000000000000001') }, false],
  ['leaseCounter > :v', { ':v': n('-11') }, true],
  ['half = :v', { ':v': n('5e-1') }, true],
  ['leaseOwner > :v', { ':v': s('worker-0') }, true],
  ['leaseOwner > :v', { ':v': n('1') }, false],
  ['pendingState < :v', { ':v': { B: Buffer.from([1]) } }, true],
  ['pendingState = :v', { ':v': { B: Buffer.from([0, 255, 7]) } }, true],
  ['absent = :v', { ':v': s('x') }, false],
  ['absent <> :v', { ':v': s('x') }, true],
  ['absent < :v', { ':v': n('5') }, false],
  ['NOT absent = :v', { ':v': s('x') }, true],
  ['flagged = :v', { ':v': { BOOL: false } }, true],
  ['nothing = :v', { ':v': { NULL: true } }, true],
  ['parentShardId = :v', { ':v': { SS: ['shardId-b', 'shardId-a'] } }, true],
  ['parentShardId = :v', { ':v': { SS: ['shardId-b'] } }, false],
  ['numbers = :v', { ':v': { NS: ['2', '1'] } }, true],
  ['leaseCounter BETWEEN :a AND :b', { ':a': n('9'), ':b': n('10') }, true],
  ['leaseCounter BETWEEN :a AND :b', { ':a': n('10.5'), ':b': n('11') }, false],
  ['leaseOwner IN (:a, :b)', { ':a': s('worker-0'), ':b': s('worker-1') }, true],
  ['leaseOwner IN (:a)', { ':a': s('worker-0') }, false],
  ['attribute_exists(leaseOwner)', {}, true],
  ['attribute_exists(checkpointOwner)', {}, false],
  ['attribute_not_exists(checkpointOwner)', {}, true],
  ['attribute_not_exists(leaseKey)', {}, false],
  ['attribute_exists(nested.steps[1])', {}, true],
  ['attribute_exists(nested.steps[2])', {}, false],
  ['nested.steps[0] = :v', { ':v': s('zero') }, true],
  ['attribute_type(pendingState, :v)', { ':v': s('B') }, true],
  ['attribute_type(pendingState, :v)', { ':v': s('S') }, false],
  ['begins_with(leaseOwner, :v)', { ':v': s('work') }, true],
  ['begins_with(leaseOwner, :v)', { ':v': s('orker') }, false],
  ['contains(leaseOwner, :v)', { ':v': s('ker') }, true],
  ['contains(parentShardId, :v)', { ':v': s('shardId-b') }, true],
  ['contains(parentShardId, :v)', { ':v': s('shardId') }, false],
  ['contains(numbers, :v)', { ':v': n('2') }, true],
  ['contains(blobs, :v)', { ':v': { B: Buffer.from([2]) } }, true],
  ['contains(nested.steps, :v)', { ':v': n('1') }, true],
  ['size(parentShardId) = :v', { ':v': n('2') }, true],
  ['size(pendingState) > :v', { ':v': n('3') }, false],
  ['size(leaseOwner) <= :v', { ':v': n('8') }, true],
  ['size(nested) = size(nested.steps)', {}, false],
  ['attribute_exists(leaseOwner) OR absent = :v AND half = :v', { ':v': n('1') }, true],
  ['(attribute_exists(leaseOwner) OR absent = :v) AND half = :v', { ':v': n('1') }, false],
  ['NOT (half = :v OR leaseCounter = :v)', { ':v': n('1') }, true],
  ['not half = :v and leaseCounter in (:v, :w)', { ':v': n('1'), ':w': n('10') }, true],
];

describe.each(SERVICES)('conditions of %s', (name) => {
  const client = useService(name, async (started) => {
    await createTable(started, leaseTable);
    await started.send(new PutItemCommand({ TableName: LEASE_TABLE, Item: ITEM }));
  });

  test.each(CASES)('%s with %j: %s', async (ConditionExpression, values, holds) => {
    const result = await outcome(
      client().send(
        new PutItemCommand({
          TableName: LEASE_TABLE,
          Item: ITEM,
          ConditionExpression,
          ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
        }),
      ),
    );
    expect(result).toEqual(
      holds ? {} : { error: 'ConditionalCheckFailedException', message: 'The conditional request failed' },
    );
  });

  test('an absent row meets only what may be absent', async () => {
    const update = (ConditionExpression: string): Promise<object> =>
      outcome(
        client().send(
          new UpdateItemCommand({
            TableName: LEASE_TABLE,
            Key: { leaseKey: s('absent') },
            UpdateExpression: 'REMOVE leaseOwner',
            ConditionExpression,
          }),
        ),
      );
    expect(await update('attribute_exists(leaseKey)')).toMatchObject({
      error: 'ConditionalCheckFailedException',
    });
    expect(await update('attribute_not_exists(leaseKey)')).toEqual({});
  });

  test('of 20 writers that saw the same counter exactly one wins', async () => {
    const Key = { leaseKey: s('raced') };
    await client().send(
      new PutItemCommand({ TableName: LEASE_TABLE, Item: { ...Key, leaseCounter: n('0') } }),
    );
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, writer) =>
        outcome(
          client().send(
            new UpdateItemCommand({
              TableName: LEASE_TABLE,
              Key,
              UpdateExpression: 'SET leaseOwner = :me, leaseCounter = leaseCounter + :one',
              ConditionExpression: 'leaseCounter = :seen',
              ExpressionAttributeValues: { ':me': s(`worker-${writer}`), ':one': n('1'), ':seen': n('0') },
              ReturnValues: 'ALL_NEW',
            }),
          ),
        ),
      ),
    );
    const winners = results.filter((result) => 'Attributes' in result);
    const losers = results.filter((result) => 'error' in result);
    expect(winners).toEqual([
      { Attributes: { ...Key, leaseCounter: n('1'), leaseOwner: { S: expect.any(String) } } },
    ]);
    expect(new Set(losers.map((result) => ('error' in result ? result.error : '')))).toEqual(
      new Set(['ConditionalCheckFailedException']),
    );
    expect(losers).toHaveLength(19);
  });
});
