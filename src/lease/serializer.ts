import type {
  AttributeValue,
  DeleteItemCommandInput,
  GetItemCommandInput,
  PutItemCommandInput,
  ScanCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Item } from '../aws/dynamo-api';
import type { ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import type { DecimalHashRange } from '../stream/hash-coverage';
import { type Lease, startsAtInstant } from './lease';
import { UpdateBuilder } from './update-builder';

/** What a row is born with; counter 0 and no owner are given. */
export interface NewLease {
  readonly shardId: string;
  readonly checkpoint: ExtendedSequenceNumber;
  readonly parentShardIds: readonly string[];
  readonly hashRange: DecimalHashRange;
  readonly startAt: number | undefined;
  readonly streamArn: string;
}

/** What an owner's write changes beside the counter. */
export interface OwnerChange {
  /** Absent: stays. The caller has made sure that it only moves forward. */
  readonly checkpoint?: ExtendedSequenceNumber;
  /** Milliseconds since the epoch, service time. */
  readonly caughtUpAt?: number;
  readonly childShardIds?: readonly string[];
  /** Gives the lease up in the same write. */
  readonly release?: boolean;
}

/** Attributes that end with a tenure. checkpointOwner: a KCL 3.x worker would see a hand-over still open in it. */
const REMOVED_ON_TAKE = ['checkpointOwner', 'handoffTo', 'handoffId', 'draining'];
/** A prepared checkpoint is settled by the next one. Source: KCL, DynamoDBLeaseSerializer.getDynamoUpdateLeaseUpdate. */
const REMOVED_ON_CHECKPOINT = [
  'pendingCheckpoint',
  'pendingCheckpointSubSequenceNumber',
  'pendingCheckpointState',
];

const text = (value: string): AttributeValue => ({ S: value });
const number = (value: number): AttributeValue => ({ N: String(value) });
const texts = (values: readonly string[]): AttributeValue => ({ SS: [...values] });

/**
 * The row as a lease; undefined for rows that are none: other rows of a KCL 3.5 table (entityType), and
 * whatever lacks a counter or a checkpoint.
 */
export function decodeLease(item: Item): Lease | undefined {
  const shardId = item.leaseKey?.S;
  const sequenceNumber = item.checkpoint?.S;
  const counter = Number(item.leaseCounter?.N);
  const foreign = item.entityType !== undefined && item.entityType.S !== 'LEASE';
  if (foreign || shardId === undefined || sequenceNumber === undefined || !Number.isSafeInteger(counter)) {
    return undefined;
  }
  const owner = item.leaseOwner?.S;
  const startingHashKey = item.startingHashKey?.S;
  const endingHashKey = item.endingHashKey?.S;
  return {
    shardId,
    owner,
    counter,
    checkpoint: { sequenceNumber, subSequenceNumber: Number(item.checkpointSubSequenceNumber?.N ?? 0) },
    ownerSwitchesSinceCheckpoint: Number(item.ownerSwitchesSinceCheckpoint?.N ?? 0),
    parentShardIds: item.parentShardId?.SS ?? [],
    childShardIds: item.childShardIds?.SS ?? [],
    hashRange:
      startingHashKey === undefined || endingHashKey === undefined
        ? undefined
        : { startingHashKey, endingHashKey },
    ours: owner !== undefined && item.kind?.S === owner,
    startAt: optionalNumber(item.startAt),
    caughtUpAt: optionalNumber(item.caughtUpAt),
    streamArn: item.streamArn?.S,
  };
}

/** The stream that a row of a multi-stream KCL application names; undefined for rows of one stream. */
export function multiStreamName(item: Item): string | undefined {
  return item.streamName?.S;
}

export function scanInput(tableName: string, startKey: Item | undefined): ScanCommandInput {
  return {
    TableName: tableName,
    ConsistentRead: true,
    ...(startKey === undefined ? {} : { ExclusiveStartKey: startKey }),
  };
}

export function getInput(tableName: string, shardId: string): GetItemCommandInput {
  return { TableName: tableName, Key: { leaseKey: text(shardId) }, ConsistentRead: true };
}

/** Puts a row that nobody has created yet; never over one that is there. */
export function createInput(tableName: string, lease: NewLease): PutItemCommandInput {
  const item: Item = {
    leaseKey: text(lease.shardId),
    leaseCounter: number(0),
    checkpoint: text(lease.checkpoint.sequenceNumber),
    checkpointSubSequenceNumber: number(lease.checkpoint.subSequenceNumber),
    ownerSwitchesSinceCheckpoint: number(0),
    streamArn: text(lease.streamArn),
  };
  if (lease.parentShardIds.length > 0) {
    item.parentShardId = texts(lease.parentShardIds);
  }
  // Java throws on a range of one key: a row without a range is filled by its own audit.
  const { startingHashKey, endingHashKey } = lease.hashRange;
  if (startingHashKey !== endingHashKey) {
    item.startingHashKey = text(startingHashKey);
    item.endingHashKey = text(endingHashKey);
  }
  if (lease.startAt !== undefined) {
    item.startAt = number(lease.startAt);
  }
  return { TableName: tableName, Item: item, ConditionExpression: 'attribute_not_exists(leaseKey)' };
}

/**
 * Makes `worker` the owner of the lease as it was seen: same counter, same owner or none.
 * @param startAt kept on a row that starts at an instant without naming it, as Java's rows do, so that it is the
 * same instant for every later holder
 */
export function takeInput(
  tableName: string,
  seen: Lease,
  worker: string,
  startAt: number | undefined,
): UpdateItemCommandInput {
  const update = new UpdateBuilder();
  update.when('leaseCounter', number(seen.counter));
  if (seen.owner === undefined) {
    update.whenAbsent('leaseOwner');
  } else {
    update.when('leaseOwner', text(seen.owner));
  }
  update.set('leaseOwner', text(worker));
  update.set('kind', text(worker));
  update.add('leaseCounter', number(1));
  if (seen.owner !== undefined && seen.owner !== worker) {
    update.add('ownerSwitchesSinceCheckpoint', number(1));
  }
  if (startAt !== undefined && seen.startAt === undefined && startsAtInstant(seen)) {
    update.set('startAt', number(startAt));
  }
  update.remove(...REMOVED_ON_TAKE);
  return update.build(tableName, { leaseKey: text(seen.shardId) });
}

/** A write of the owner: only with owner and counter as held (G4). */
export function ownerInput(
  tableName: string,
  shardId: string,
  held: { readonly owner: string; readonly counter: number },
  change: OwnerChange,
): UpdateItemCommandInput {
  const update = new UpdateBuilder();
  update.when('leaseOwner', text(held.owner));
  update.when('leaseCounter', number(held.counter));
  update.add('leaseCounter', number(1));
  if (change.checkpoint !== undefined) {
    update.set('checkpoint', text(change.checkpoint.sequenceNumber));
    update.set('checkpointSubSequenceNumber', number(change.checkpoint.subSequenceNumber));
    update.set('ownerSwitchesSinceCheckpoint', number(0));
    update.remove(...REMOVED_ON_CHECKPOINT);
  }
  if (change.caughtUpAt !== undefined) {
    update.set('caughtUpAt', number(change.caughtUpAt));
  }
  if (change.childShardIds !== undefined && change.childShardIds.length > 0) {
    update.set('childShardIds', texts(change.childShardIds));
  }
  if (change.release === true) {
    update.remove('leaseOwner', 'kind');
  }
  return update.build(tableName, { leaseKey: text(shardId) });
}

/** Deletes a row whose shard has been read to its end; any other row stays. */
export function deleteFinishedInput(tableName: string, shardId: string): DeleteItemCommandInput {
  return {
    TableName: tableName,
    Key: { leaseKey: text(shardId) },
    ConditionExpression: '#checkpoint = :end',
    ExpressionAttributeNames: { '#checkpoint': 'checkpoint' },
    ExpressionAttributeValues: { ':end': text('SHARD_END') },
  };
}

function optionalNumber(value: AttributeValue | undefined): number | undefined {
  const parsed = Number(value?.N);
  return Number.isFinite(parsed) ? parsed : undefined;
}
