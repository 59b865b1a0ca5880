import {
  type AttributeValue,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  type ReturnValue,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { createTable, LEASE_TABLE, leaseTable, outcome, type Row, useService } from './services';

/*
 * Random writes of one row, with conditions, to both services: every answer and every row in between is equal.
 * 100 runs of up to 12 writes reach every pair of the constructs below many times in a few seconds. Left out is
 * only what `differences.ts` lists.
 */

const ATTRIBUTES = ['a', 'b', 'c'] as const;
const numbers = fc.constantFrom('0', '1', '-1', '2.5', '10', '1e20', '0.000001', '99999999999999999999');
const strings = fc.constantFrom('x', 'xy', 'worker-1', '~');
const members = fc.uniqueArray(strings, { minLength: 1, maxLength: 3 });
const value: fc.Arbitrary<AttributeValue> = fc.oneof(
  numbers.map((N) => ({ N })),
  strings.map((S) => ({ S })),
  members.map((SS) => ({ SS })),
  fc.boolean().map((BOOL) => ({ BOOL })),
);
const name = fc.constantFrom(...ATTRIBUTES);

/** A piece of an expression with `?` where its values go. */
interface Piece {
  readonly text: string;
  readonly values: readonly AttributeValue[];
}
const piece = (text: string, ...values: AttributeValue[]): Piece => ({ text, values });

const scalar: fc.Arbitrary<AttributeValue> = fc.oneof(
  numbers.map((N) => ({ N })),
  strings.map((S) => ({ S })),
);
const predicate: fc.Arbitrary<Piece> = fc.oneof(
  fc
    .tuple(name, fc.constantFrom('=', '<>'), value)
    .map(([left, sign, right]) => piece(`${left} ${sign} ?`, right)),
  fc
    .tuple(name, fc.constantFrom('<', '<=', '>', '>='), scalar)
    .map(([left, sign, right]) => piece(`${left} ${sign} ?`, right)),
  fc.tuple(name, scalar, scalar).map(([left, low, high]) => piece(`${left} IN (?, ?)`, low, high)),
  fc.tuple(name, scalar).map(([left, bound]) => piece(`${left} BETWEEN ? AND ?`, bound, bound)),
  fc.tuple(name, strings).map(([left, S]) => piece(`begins_with(${left}, ?)`, { S })),
  fc.tuple(name, strings).map(([left, S]) => piece(`contains(${left}, ?)`, { S })),
  fc.tuple(name, fc.constantFrom('1', '2')).map(([left, N]) => piece(`size(${left}) >= ?`, { N })),
  name.map((left) => piece(`attribute_exists(${left})`)),
  name.map((left) => piece(`attribute_not_exists(${left})`)),
  fc
    .constantFrom('a = b', 'a = c', 'b <> c')
    // Two absent attributes are a known difference.
    .map((text) => piece(`(attribute_exists(${text.charAt(0)}) AND ${text})`)),
);
const condition: fc.Arbitrary<Piece> = fc.oneof(
  { weight: 3, arbitrary: predicate },
  { weight: 1, arbitrary: predicate.map(({ text, values }) => piece(`NOT ${text}`, ...values)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(predicate, fc.constantFrom('AND', 'OR'), predicate, fc.constantFrom('AND', 'OR'), predicate)
      .map(([first, one, second, two, third]) =>
        piece(
          `${first.text} ${one} (${second.text} ${two} ${third.text})`,
          ...[first, second, third].flatMap(({ values }) => values),
        ),
      ),
  },
);

const change = (target: string): fc.Arbitrary<readonly [section: string, piece: Piece]> =>
  fc.oneof(
    value.map((v) => ['SET', piece(`${target} = ?`, v)] as const),
    name.map((other) => ['SET', piece(`${target} = ${other}`)] as const),
    numbers.map((N) => ['SET', piece(`${target} = if_not_exists(${target}, ?)`, { N })] as const),
    fc
      .tuple(name, fc.constantFrom('+', '-'), numbers)
      .map(([other, sign, N]) => ['SET', piece(`${target} = ${other} ${sign} ?`, { N })] as const),
    fc.constant(['REMOVE', piece(target)] as const),
    numbers.map((N) => ['ADD', piece(`${target} ?`, { N })] as const),
    members.map((SS) => ['ADD', piece(`${target} ?`, { SS })] as const),
    members.map((SS) => ['DELETE', piece(`${target} ?`, { SS })] as const),
  );
const changes = fc
  .subarray([...ATTRIBUTES], { minLength: 1 })
  .chain((targets) => fc.tuple(...targets.map(change)))
  .map((parts) =>
    ['SET', 'REMOVE', 'ADD', 'DELETE']
      .map((section) => [section, parts.filter(([own]) => own === section).map(([, part]) => part)] as const)
      .filter(([, pieces]) => pieces.length > 0)
      .map(([section, pieces]) =>
        piece(
          `${section} ${pieces.map(({ text }) => text).join(', ')}`,
          ...pieces.flatMap(({ values }) => values),
        ),
      )
      .reduce((all, part) => piece(`${all.text} ${part.text}`, ...all.values, ...part.values)),
  )
  // A set that is copied and changed in one update is a known difference.
  .filter(({ text }) => !/= [abc]\b/.test(text) || !/ADD|DELETE/.test(text));

type Write =
  | {
      readonly kind: 'update';
      readonly changes: Piece;
      readonly condition: Piece | undefined;
      readonly returns: ReturnValue;
    }
  | { readonly kind: 'put'; readonly item: Row; readonly condition: Piece | undefined }
  | { readonly kind: 'delete'; readonly condition: Piece | undefined };

const optional = fc.option(condition, { nil: undefined });
const returns = fc.constantFrom<ReturnValue>('NONE', 'ALL_OLD', 'ALL_NEW', 'UPDATED_OLD', 'UPDATED_NEW');
const write: fc.Arbitrary<Write> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('update' as const), changes, condition: optional, returns }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      item: fc.dictionary(name, value),
      condition: optional,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), condition: optional }) },
);

/** Numbers the values of several pieces through, so that they stand in one request. */
function request(pieces: { readonly [parameter: string]: Piece | undefined }): object {
  const values: Row = {};
  const expressions = Object.entries(pieces).map(([parameter, part]) => {
    let next = 0;
    const text = part?.text.replace(/\?/g, () => {
      const placeholder = `:v${Object.keys(values).length}`;
      const given = part.values[next++];
      if (given !== undefined) {
        values[placeholder] = given;
      }
      return placeholder;
    });
    return [parameter, text] as const;
  });
  return {
    ...Object.fromEntries(expressions.filter(([, text]) => text !== undefined)),
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
  };
}

function commandOf(step: Write, Key: Row): UpdateItemCommand | PutItemCommand | DeleteItemCommand {
  const TableName = LEASE_TABLE;
  switch (step.kind) {
    case 'update':
      return new UpdateItemCommand({
        TableName,
        Key,
        ReturnValues: step.returns,
        ...request({ UpdateExpression: step.changes, ConditionExpression: step.condition }),
      });
    case 'put':
      return new PutItemCommand({
        TableName,
        Item: { ...step.item, ...Key },
        ReturnValues: 'ALL_OLD',
        ...request({ ConditionExpression: step.condition }),
      });
    case 'delete':
      return new DeleteItemCommand({
        TableName,
        Key,
        ReturnValues: 'ALL_OLD',
        ...request({ ConditionExpression: step.condition }),
      });
  }
}

/** Attributes that are there but empty are a known difference. */
function withoutEmpty(answer: object): object {
  const { Attributes, ...rest } = answer as { Attributes?: object };
  return Attributes === undefined || Object.keys(Attributes).length === 0 ? rest : answer;
}

describe('any sequence of conditional writes', () => {
  const ours = useService('emulator', (client) => createTable(client, leaseTable));
  const theirs = useService('dynalite', (client) => createTable(client, leaseTable));

  test('has the same answers and leaves the same row in both services', async () => {
    let row = 0;
    const met = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 12 }), async (writes) => {
        const Key = { leaseKey: { S: `row-${row++}` } };
        for (const step of writes) {
          const [left, right] = await Promise.all(
            [ours(), theirs()].map(async (client) => {
              // The commands differ in type only; the client takes any of them.
              const answer = withoutEmpty(
                await outcome(client.send(commandOf(step, Key) as UpdateItemCommand)),
              );
              const stored = await outcome(client.send(new GetItemCommand({ TableName: LEASE_TABLE, Key })));
              return { answer, stored };
            }),
          );
          met.add(left !== undefined && 'error' in left.answer ? String(left.answer.error) : step.kind);
          expect(left).toEqual(right);
        }
      }),
      { numRuns: 100 },
    );
    // Otherwise the agreement would say nothing.
    expect([...met].sort()).toEqual([
      'ConditionalCheckFailedException',
      'ValidationException',
      'delete',
      'put',
      'update',
    ]);
  }, 60_000);
});
