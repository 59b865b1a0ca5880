import { ConnectorError } from '../errors';
import type { ChildShard } from '../stream/shard';
import type { RawRecord } from './kinesis-api';
import { present } from './stream-calls';

/** What GetRecords answers, and what an event of SubscribeToShard holds. */
export interface DecodedRecords {
  readonly records: readonly RawRecord[];
  /** NextShardIterator, which only GetRecords answers. */
  readonly nextIterator: string | undefined;
  /** ContinuationSequenceNumber, which only an event of a subscription has. */
  readonly continuation: string | undefined;
  readonly millisBehindLatest: number | undefined;
  readonly childShards: readonly ChildShard[];
}

/** A structure of an answer, by its members' names. */
export type Members = { readonly [name: string]: unknown };

/**
 * The answer with `members` beside its records. Members may be null, which is as absent, or unknown.
 * @throws TypeError: a member is of another type; ConnectorError: one is missing
 */
export function withRecords(members: Members, records: readonly RawRecord[]): DecodedRecords {
  return {
    records,
    nextIterator: textOf(members.NextShardIterator),
    continuation: textOf(members.ContinuationSequenceNumber),
    millisBehindLatest: numberOf(members.MillisBehindLatest),
    childShards: (listOf(members.ChildShards) ?? []).map(childOf),
  };
}

function childOf(value: unknown): ChildShard {
  const child = membersOf(value);
  const range = membersOf(child?.HashKeyRange);
  return {
    shardId: present(textOf(child?.ShardId), 'ShardId'),
    parentShards: (listOf(child?.ParentShards) ?? []).map((parent) =>
      present(textOf(parent), 'ParentShards'),
    ),
    startingHashKey: present(textOf(range?.StartingHashKey), 'StartingHashKey'),
    endingHashKey: present(textOf(range?.EndingHashKey), 'EndingHashKey'),
  };
}

/** @throws ConnectorError AWS_UNKNOWN for whatever `decode` throws: the answer is not as documented. */
export function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw cause instanceof ConnectorError
      ? cause
      : new ConnectorError('AWS_UNKNOWN', 'the records that Kinesis answered make no sense', { cause });
  }
}

export function textOf(value: unknown): string | undefined {
  return value === undefined || value === null || typeof value === 'string'
    ? (value ?? undefined)
    : wrongType();
}

export function numberOf(value: unknown): number | undefined {
  if (value === undefined || value === null) {
    return undefined;
  }
  return Number.isFinite(value) ? (value as number) : wrongType();
}

export function listOf(value: unknown): readonly unknown[] | undefined {
  return value === undefined || value === null || Array.isArray(value) ? (value ?? undefined) : wrongType();
}

export function membersOf(value: unknown): Members | undefined {
  if (value === undefined || value === null) {
    return undefined;
  }
  return typeof value === 'object' && !Array.isArray(value) ? (value as Members) : wrongType();
}

function wrongType(): never {
  throw new TypeError('a member is of another type than documented');
}
