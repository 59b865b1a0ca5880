import {
  type AttributeValue,
  type AttributeValueUpdate,
  type ExpectedAttributeValue,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { createTable, LEASE_TABLE, leaseTable, outcome, type Row, SERVICES, useService } from './services';

const n = (N: string): AttributeValue => ({ N });
const s = (S: string): AttributeValue => ({ S });
const KEY: Row = { leaseKey: s('shardId-000000000000') };
const LEASE: Row = {
  ...KEY,
  checkpoint: s('TRIM_HORIZON'),
  checkpointSubSequenceNumber: n('0'),
  leaseCounter: n('3'),
  leaseOwner: s('worker-1'),
  ownerSwitchesSinceCheckpoint: n('0'),
  parentShardId: { SS: ['shardId-a'] },
};

type Expected = { [name: string]: ExpectedAttributeValue };

/** Expectation, and whether LEASE meets it. */
const EXPECTATIONS: readonly [expected: Expected, holds: boolean][] = [
  [{ leaseCounter: { Value: n('3') } }, true],
  [{ leaseCounter: { Value: n('4') } }, false],
  [{ leaseCounter: { Value: n('3'), Exists: true } }, true],
  [{ leaseKey: { Exists: false } }, false],
  [{ checkpointOwner: { Exists: false } }, true],
  [{ leaseCounter: { Value: n('3') }, checkpointOwner: { Exists: false } }, true],
  [{ leaseCounter: { Value: n('2') }, checkpointOwner: { Exists: false } }, false],
  [{ leaseCounter: { ComparisonOperator: 'GE', AttributeValueList: [n('3')] } }, true],
  [{ leaseCounter: { ComparisonOperator: 'LT', AttributeValueList: [n('3')] } }, false],
  [{ leaseCounter: { ComparisonOperator: 'BETWEEN', AttributeValueList: [n('1'), n('3')] } }, true],
  [{ leaseOwner: { ComparisonOperator: 'NE', Value: s('worker-1') } }, false],
  [{ leaseOwner: { ComparisonOperator: 'IN', AttributeValueList: [s('worker-0'), s('worker-1')] } }, true],
  [{ leaseOwner: { ComparisonOperator: 'BEGINS_WITH', AttributeValueList: [s('worker')] } }, true],
  [{ leaseOwner: { ComparisonOperator: 'NOT_CONTAINS', AttributeValueList: [s('worker')] } }, false],
  [{ parentShardId: { ComparisonOperator: 'CONTAINS', AttributeValueList: [s('shardId-a')] } }, true],
  [{ leaseOwner: { ComparisonOperator: 'NOT_NULL' } }, true],
  [{ leaseOwner: { ComparisonOperator: 'NULL' } }, false],
];

/** The KCL's own writes: AttributeUpdates, and the attributes that are different from LEASE afterwards. */
const UPDATES: readonly [
  what: string,
  updates: { [name: string]: AttributeValueUpdate },
  changed: { [name: string]: AttributeValue | undefined },
][] = [
  ['renew', { leaseCounter: { Action: 'PUT', Value: n('4') } }, { leaseCounter: n('4') }],
  [
    'take from another owner',
    {
      leaseCounter: { Action: 'PUT', Value: n('4') },
      leaseOwner: { Action: 'PUT', Value: s('worker-2') },
      ownerSwitchesSinceCheckpoint: { Action: 'ADD', Value: n('1') },
      checkpointOwner: { Action: 'DELETE' },
    },
    { leaseCounter: n('4'), leaseOwner: s('worker-2'), ownerSwitchesSinceCheckpoint: n('1') },
  ],
  [
    'evict',
    { leaseOwner: { Action: 'DELETE' }, leaseCounter: { Action: 'ADD', Value: n('1') } },
    { leaseCounter: n('4'), leaseOwner: undefined },
  ],
  [
    'checkpoint at the end of the shard',
    {
      checkpoint: { Value: s('SHARD_END') },
      childShardIds: { Action: 'PUT', Value: { SS: ['shardId-b', 'shardId-c'] } },
      pendingCheckpoint: { Action: 'DELETE' },
    },
    { checkpoint: s('SHARD_END'), childShardIds: { SS: ['shardId-b', 'shardId-c'] } },
  ],
  [
    'add to and delete from sets',
    {
      parentShardId: { Action: 'DELETE', Value: { SS: ['shardId-a'] } },
      childShardIds: { Action: 'ADD', Value: { SS: ['shardId-b'] } },
    },
    { parentShardId: undefined, childShardIds: { SS: ['shardId-b'] } },
  ],
];

describe.each(SERVICES)('parameters of before expressions, of %s', (name) => {
  const client = useService(name, (started) => createTable(started, leaseTable));
  beforeEach(() => client().send(new PutItemCommand({ TableName: LEASE_TABLE, Item: LEASE })));

  test.each(EXPECTATIONS)('Expected %j: %s', async (Expected, holds) => {
    const put = new PutItemCommand({ TableName: LEASE_TABLE, Item: LEASE, Expected });
    expect(await outcome(client().send(put))).toEqual(
      holds ? {} : { error: 'ConditionalCheckFailedException', message: 'The conditional request failed' },
    );
  });

  test.each([
    ['AND', false],
    ['OR', true],
  ] as const)(
    'ConditionalOperator %s of a true and a false expectation: %s',
    async (ConditionalOperator, holds) => {
      const put = new PutItemCommand({
        TableName: LEASE_TABLE,
        Item: LEASE,
        Expected: { leaseCounter: { Value: n('3') }, leaseOwner: { Value: s('worker-2') } },
        ConditionalOperator,
      });
      expect('error' in (await outcome(client().send(put)))).toBe(!holds);
    },
  );

  test.each(UPDATES)('%s', async (_what, AttributeUpdates, changed) => {
    const update = new UpdateItemCommand({
      TableName: LEASE_TABLE,
      Key: KEY,
      Expected: { leaseCounter: { Value: n('3') } },
      AttributeUpdates,
      ReturnValues: 'ALL_NEW',
    });
    const expected = Object.entries({ ...LEASE, ...changed }).filter(([, value]) => value !== undefined);
    expect(await outcome(client().send(update))).toEqual({ Attributes: Object.fromEntries(expected) });
    expect(await outcome(client().send(update))).toMatchObject(
      'leaseCounter' in changed ? { error: 'ConditionalCheckFailedException' } : {},
    );
  });
});
