import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ListTagsOfResourceCommand,
  PutItemCommand,
  UpdateItemCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import { createTable, leaseTable, outcome, type Row, type ServiceName } from './services';

/** Something the two services do differently, and which of them does as AWS says. */
export interface Difference {
  readonly title: string;
  /** What AWS's documentation says, and where. */
  readonly documentation: string;
  /** Calls with an empty lease table of its own. */
  readonly run: (client: DynamoDBClient, tableName: string) => Promise<object>;
  readonly results: { readonly [service in ServiceName]: object };
  /** The side that the documentation supports. */
  readonly right: ServiceName;
}

const KEY: Row = { leaseKey: { S: 'shardId-000000000000' } };
const CONDITION_FAILED = {
  error: 'ConditionalCheckFailedException',
  message: 'The conditional request failed',
};
const REFUSED = { error: 'ValidationException', message: expect.any(String) };

const put = (client: DynamoDBClient, TableName: string, attributes: Row): Promise<object> =>
  outcome(client.send(new PutItemCommand({ TableName, Item: { ...KEY, ...attributes } })));

/** Puts `attributes`, then tells what becomes of a condition on them. */
const judge =
  (attributes: Row, ConditionExpression: string, ExpressionAttributeValues: Row): Difference['run'] =>
  async (client, TableName) => {
    await put(client, TableName, attributes);
    const input = { TableName, Key: KEY, ConditionExpression };
    const values = Object.keys(ExpressionAttributeValues).length > 0 && { ExpressionAttributeValues };
    return outcome(client.send(new UpdateItemCommand({ ...input, ...values })));
  };

const map = (N: string): Row => ({ nested: { M: { inside: { N } } } });
const trail = (...names: string[]): Row => ({ trail: { L: names.map((S) => ({ S })) } });
const indexOnOwner = {
  IndexName: 'LeaseOwnerToLeaseKeyIndex',
  KeySchema: [
    { AttributeName: 'leaseOwner', KeyType: 'HASH' as const },
    { AttributeName: 'leaseKey', KeyType: 'RANGE' as const },
  ],
  Projection: { ProjectionType: 'KEYS_ONLY' as const },
};
const attributes = ['leaseKey', 'leaseOwner'].map((AttributeName) => ({
  AttributeName,
  AttributeType: 'S' as const,
}));

export const DIFFERENCES: readonly Difference[] = [
  {
    title: 'a failed condition returns the row as it stands when asked to',
    documentation: 'API reference, UpdateItem, ReturnValuesOnConditionCheckFailure: ALL_OLD returns the item',
    run: async (client, TableName) => {
      await put(client, TableName, { leaseOwner: { S: 'worker-2' } });
      const update = new UpdateItemCommand({
        TableName,
        Key: KEY,
        ConditionExpression: 'leaseOwner = :me',
        ExpressionAttributeValues: { ':me': { S: 'worker-1' } },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      });
      return outcome(client.send(update));
    },
    results: {
      emulator: { ...CONDITION_FAILED, item: { ...KEY, leaseOwner: { S: 'worker-2' } } },
      dynalite: CONDITION_FAILED,
    },
    right: 'emulator',
  },
  {
    title: 'an index may be added to a table that is there',
    documentation:
      'API reference, UpdateTable, GlobalSecondaryIndexUpdates: Create; throughput only when PROVISIONED',
    run: async (client, TableName) => {
      const update = new UpdateTableCommand({
        TableName,
        AttributeDefinitions: attributes,
        GlobalSecondaryIndexUpdates: [{ Create: indexOnOwner }],
      });
      const updated = await outcome(client.send(update));
      const { Table } = await client.send(new DescribeTableCommand({ TableName }));
      const indexes = (Table?.GlobalSecondaryIndexes ?? []).map(({ IndexName, IndexStatus }) => [
        IndexName,
        IndexStatus,
      ]);
      return { refused: 'error' in updated, indexes };
    },
    results: {
      emulator: { refused: false, indexes: [[indexOnOwner.IndexName, 'ACTIVE']] },
      dynalite: { refused: true, indexes: [] },
    },
    right: 'emulator',
  },
  {
    title: 'an index key is never an empty string',
    documentation:
      'Developer Guide, data types: empty strings are allowed for attributes that are no key of a table or index',
    run: async (client, TableName) => {
      await createTable(client, {
        ...leaseTable,
        TableName: `${TableName}-indexed`,
        AttributeDefinitions: attributes,
        GlobalSecondaryIndexes: [indexOnOwner],
      });
      return put(client, `${TableName}-indexed`, { leaseOwner: { S: '' } });
    },
    results: { emulator: REFUSED, dynalite: {} },
    right: 'emulator',
  },
  {
    title: 'removed list elements are counted as the list was before the update',
    documentation:
      'Developer Guide, Update expressions, removing elements from a list: REMOVE RelatedItems[1], RelatedItems[2]',
    run: async (client, TableName) => {
      await put(client, TableName, trail('zero', 'one', 'two', 'three'));
      const update = new UpdateItemCommand({
        TableName,
        Key: KEY,
        UpdateExpression: 'REMOVE trail[1], trail[2]',
        ReturnValues: 'ALL_NEW',
      });
      return outcome(client.send(update));
    },
    results: {
      emulator: { Attributes: { ...KEY, ...trail('zero', 'three') } },
      dynalite: { Attributes: { ...KEY, ...trail('zero', 'two') } },
    },
    right: 'emulator',
  },
  {
    title: 'a copy that SET makes is not changed by the other sections of the update',
    documentation:
      'API reference, UpdateItem, UpdateExpression: a path in SET stands for the value before the update',
    run: async (client, TableName) => {
      await put(client, TableName, { origin: { SS: ['a', 'b'] } });
      const update = new UpdateItemCommand({
        TableName,
        Key: KEY,
        UpdateExpression: 'SET copied = origin DELETE origin :v',
        ExpressionAttributeValues: { ':v': { SS: ['b'] } },
        ReturnValues: 'UPDATED_NEW',
      });
      return outcome(client.send(update));
    },
    results: {
      emulator: { Attributes: { copied: { SS: ['a', 'b'] }, origin: { SS: ['a'] } } },
      dynalite: { Attributes: { copied: { SS: ['a'] }, origin: { SS: ['a'] } } },
    },
    right: 'emulator',
  },
  {
    title: 'maps are equal when their entries are',
    documentation:
      'Developer Guide, legacy ComparisonOperator EQ: supported for all data types, including lists and maps',
    run: judge(map('1'), 'nested = :v', { ':v': { M: { inside: { N: '1.0' } } } }),
    results: { emulator: {}, dynalite: CONDITION_FAILED },
    right: 'emulator',
  },
  {
    title: 'an empty string has the size 0',
    documentation: 'Developer Guide, operators and functions, size: the length of the string',
    run: judge({ note: { S: '' } }, 'size(note) = :v', { ':v': { N: '0' } }),
    results: { emulator: {}, dynalite: CONDITION_FAILED },
    right: 'emulator',
  },
  {
    title: 'strings are ordered by their UTF-8 bytes',
    documentation: 'Developer Guide, data types, String: compared using the bytes of the UTF-8 encoding',
    run: judge({ note: { S: '\u{1f600}' } }, 'note > :v', { ':v': { S: '\uffee' } }),
    results: { emulator: {}, dynalite: CONDITION_FAILED },
    right: 'emulator',
  },
  {
    title: 'when none of the updated attributes is left there are no Attributes',
    documentation: 'not documented; AWS’s own DynamoDB Local 2.6.1 does as the emulator',
    run: (client, TableName) => {
      const update = { UpdateExpression: 'REMOVE leaseOwner', ReturnValues: 'UPDATED_NEW' as const };
      return outcome(client.send(new UpdateItemCommand({ TableName, Key: KEY, ...update })));
    },
    results: { emulator: {}, dynalite: { Attributes: {} } },
    right: 'emulator',
  },
  {
    title: 'two absent attributes are not equal',
    documentation: 'not documented; AWS’s own DynamoDB Local 2.6.1 does as the emulator',
    run: judge({}, 'attribute_exists(leaseKey) AND absent = unknownToo', {}),
    results: { emulator: CONDITION_FAILED, dynalite: {} },
    right: 'emulator',
  },
  {
    title: 'an absent attribute does not meet NOT_CONTAINS',
    documentation: 'not documented; AWS’s own DynamoDB Local 2.6.1 does as the emulator',
    run: (client, TableName) => {
      const expected = { ComparisonOperator: 'NOT_CONTAINS' as const, AttributeValueList: [{ S: 'x' }] };
      const update = new UpdateItemCommand({ TableName, Key: KEY, Expected: { absent: expected } });
      return outcome(client.send(update));
    },
    results: { emulator: CONDITION_FAILED, dynalite: {} },
    right: 'emulator',
  },
  {
    title: 'two sets of an item have no order to compare by',
    documentation: 'Developer Guide, legacy ComparisonOperator LT: String, Number or Binary, not a set type',
    run: judge({ early: { SS: ['a'] }, late: { SS: ['b'] } }, 'early < late', {}),
    results: { emulator: CONDITION_FAILED, dynalite: {} },
    right: 'emulator',
  },
  {
    title: 'a set given as the bound of an order is refused',
    documentation: 'Developer Guide, legacy ComparisonOperator LT: String, Number or Binary, not a set type',
    run: judge({ names: { SS: ['a'] } }, 'leaseKey < :v', { ':v': { SS: ['a'] } }),
    results: { emulator: REFUSED, dynalite: CONDITION_FAILED },
    right: 'emulator',
  },
  {
    title: 'a table keeps the tags it is made with',
    documentation: 'API reference, CreateTable, Tags: a list of key-value pairs to label the table',
    run: async (client, TableName) => {
      const tagged = { ...leaseTable, TableName: `${TableName}-tagged`, Tags: [{ Key: 'a', Value: 'b' }] };
      await createTable(client, tagged);
      const { Table } = await client.send(new DescribeTableCommand({ TableName: tagged.TableName }));
      return outcome(client.send(new ListTagsOfResourceCommand({ ResourceArn: Table?.TableArn })));
    },
    results: { emulator: { Tags: [{ Key: 'a', Value: 'b' }] }, dynalite: { Tags: [] } },
    right: 'emulator',
  },
  {
    title: 'the message about a table that is there names it',
    documentation: 'not documented; DynamoDB answers "Table already exists: NAME"',
    run: (client, TableName) => outcome(client.send(new CreateTableCommand({ ...leaseTable, TableName }))),
    results: {
      emulator: {
        error: 'ResourceInUseException',
        message: expect.stringMatching(/^Table already exists: /),
      },
      dynalite: { error: 'ResourceInUseException', message: 'UnknownError' },
    },
    right: 'emulator',
  },
];
