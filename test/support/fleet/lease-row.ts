import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import type { Item } from '../../../src/aws/dynamo-api';
import type { ExtendedSequenceNumber } from '../../../src/stream/extended-sequence-number';

/** A row of the lease table as it stands there, read without any code of the product. Shards are named by their keys. */
export interface LeaseRow {
  readonly shardId: string;
  readonly owner: string | undefined;
  readonly counter: number;
  readonly checkpoint: ExtendedSequenceNumber;
  readonly startAt: number | undefined;
  readonly parents: readonly string[];
  readonly children: readonly string[];
  readonly handoffTo: string | undefined;
  readonly handoffId: string | undefined;
  readonly draining: string | undefined;
  readonly numbering: RowNumbers | undefined;
}

/** How records of the shard are numbered. */
export interface RowNumbers {
  readonly generation: string;
  readonly ordinal: number;
  /** Checkpoint that the ordinal belongs to, `sequence:subSequence`. */
  readonly at: string;
  readonly firstSequence: string | undefined;
}

/** What the keys of a stream's rows have in front of the shard id; empty in a table of one stream. */
export const streamOf = (leaseKey: string): string => leaseKey.slice(0, leaseKey.indexOf('shardId-'));

export function rowOf(item: Item): LeaseRow {
  const shardId = item.leaseKey?.S ?? '';
  const keys = (ids: readonly string[] = []): string[] => ids.map((id) => `${streamOf(shardId)}${id}`);
  return {
    shardId,
    owner: item.leaseOwner?.S,
    counter: Number(item.leaseCounter?.N),
    checkpoint: {
      sequenceNumber: item.checkpoint?.S ?? '',
      subSequenceNumber: Number(item.checkpointSubSequenceNumber?.N ?? 0),
    },
    startAt: item.startAt === undefined ? undefined : Number(item.startAt.N),
    parents: keys(item.parentShardId?.SS),
    children: keys(item.childShardIds?.SS),
    handoffTo: item.handoffTo?.S,
    handoffId: item.handoffId?.S ?? item.handoffId?.N,
    draining: item.draining?.S ?? item.draining?.N,
    numbering:
      item.generation?.S === undefined
        ? undefined
        : {
            generation: item.generation.S,
            ordinal: Number(item.ordinal?.N),
            at: item.ordinalCheckpoint?.S ?? '',
            firstSequence: item.firstSequence?.S,
          },
  };
}

export const WRITE_KINDS = [
  'create',
  'take',
  'renew',
  'checkpoint',
  'number',
  'evict',
  'finish',
  'request',
  'draining',
  'withdraw',
  'delete',
] as const;
/** What a write asks for, as its request shows. */
export type WriteKind = (typeof WRITE_KINDS)[number];

/** The names and values that an UpdateItem sets and removes, and those its condition compares. */
export interface UpdateFacts {
  readonly kind: WriteKind;
  /** Counter that the condition demands. */
  readonly counter: number | undefined;
}

export function factsOf(input: UpdateItemCommandInput): UpdateFacts {
  const { UpdateExpression = '', ConditionExpression = '' } = input;
  const names = input.ExpressionAttributeNames ?? {};
  const values = input.ExpressionAttributeValues ?? {};
  const [assignments = '', ...clauses] = UpdateExpression.split(/\b(?=ADD |REMOVE |DELETE )/);
  const set = pairs(assignments, names);
  const removed = clauses
    .filter((clause) => clause.startsWith('REMOVE '))
    .flatMap((clause) => clause.slice('REMOVE '.length).split(','))
    .map((alias) => names[alias.trim()] ?? alias.trim());
  const counter = pairs(ConditionExpression, names).get('leaseCounter');
  const checkpoint = set.get('checkpoint');
  return {
    kind: kindOf(set, removed, checkpoint !== undefined && values[checkpoint]?.S === 'SHARD_END'),
    counter: counter === undefined ? undefined : Number(values[counter]?.N),
  };
}

function kindOf(set: ReadonlyMap<string, string>, removed: readonly string[], ends: boolean): WriteKind {
  if (set.has('leaseOwner')) {
    return 'take';
  }
  if (ends) {
    return 'finish';
  }
  if (removed.includes('leaseOwner')) {
    return 'evict';
  }
  if (set.has('handoffTo')) {
    return 'request';
  }
  if (removed.includes('handoffTo')) {
    return 'withdraw';
  }
  if (set.has('draining')) {
    return 'draining';
  }
  if (set.has('generation')) {
    return 'number';
  }
  return set.has('checkpoint') ? 'checkpoint' : 'renew';
}

/** `#alias = :value` by attribute. */
function pairs(expression: string, names: { readonly [alias: string]: string }): Map<string, string> {
  const found = [...expression.matchAll(/(#?\w+)\s*=\s*(:\w+)/g)];
  return new Map(found.map(([, alias = '', value = '']) => [names[alias] ?? alias, value]));
}

/** The row of a child as a program that knows nothing of ours puts it. */
export function orphanRow(
  shard: { readonly shardId: string; readonly start: bigint; readonly end: bigint },
  parents: readonly string[],
): Item {
  return {
    leaseKey: { S: shard.shardId },
    leaseCounter: { N: '0' },
    checkpoint: { S: 'TRIM_HORIZON' },
    checkpointSubSequenceNumber: { N: '0' },
    ownerSwitchesSinceCheckpoint: { N: '0' },
    parentShardId: { SS: [...parents] },
    startingHashKey: { S: String(shard.start) },
    endingHashKey: { S: String(shard.end) },
  };
}
