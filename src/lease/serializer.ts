import type {
  AttributeValue,
  DeleteItemCommandInput,
  GetItemCommandInput,
  PutItemCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Item } from '../aws/dynamo-api';
import type { ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import type { DecimalHashRange } from '../stream/hash-coverage';
import type { Lease } from './lease';
import { leaseKey, type StreamId } from './row-key';
import { decodeNumbering } from './row-numbering';
import { number, text, texts, UpdateBuilder } from './update-builder';

/** What a row is born with; counter 0 and no owner are given. */
export interface NewLease {
  /** Undefined in a table of one stream. */
  readonly stream?: StreamId | undefined;
  readonly shardId: string;
  readonly checkpoint: ExtendedSequenceNumber;
  readonly parentShardIds: readonly string[];
  readonly hashRange: DecimalHashRange | undefined;
  readonly startAt: number | undefined;
  readonly streamArn: string;
  /** See Lease.anchor. */
  readonly anchor?: boolean;
}

/** What a row of another program lacks. */
export interface LeaseFacts {
  readonly hashRange?: DecimalHashRange;
  readonly startAt?: number;
}

/**
 * The row as a lease; undefined for rows that are none: other rows of a KCL 3.5 table (entityType), and
 * whatever lacks a counter or a checkpoint.
 */
export function decodeLease(item: Item): Lease | undefined {
  const key = item.leaseKey?.S;
  const sequenceNumber = item.checkpoint?.S;
  const counter = Number(item.leaseCounter?.N);
  const foreign = item.entityType !== undefined && item.entityType.S !== 'LEASE';
  if (foreign || key === undefined || sequenceNumber === undefined || !Number.isSafeInteger(counter)) {
    return undefined;
  }
  const owner = item.leaseOwner?.S;
  const startingHashKey = item.startingHashKey?.S;
  const endingHashKey = item.endingHashKey?.S;
  const stream = item.streamName?.S;
  return {
    key,
    stream,
    shardId: (stream === undefined ? undefined : item.shardId?.S) ?? key,
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
    handoffTo: item.handoffTo?.S,
    handoffId: item.handoffId?.S,
    draining: item.draining?.S,
    startAt: optionalNumber(item.startAt),
    readFrom: optionalNumber(item.readFrom),
    caughtUpAt: optionalNumber(item.caughtUpAt),
    streamArn: item.streamArn?.S,
    numbering: decodeNumbering(item),
    anchor: item.anchor !== undefined,
  };
}

export function getInput(tableName: string, key: string): GetItemCommandInput {
  return { TableName: tableName, Key: { leaseKey: text(key) }, ConsistentRead: true };
}

/** Puts a row that nobody has created yet; never over one that is there. */
export function createInput(tableName: string, lease: NewLease): PutItemCommandInput {
  const item: Item = {
    leaseKey: text(leaseKey(lease.stream, lease.shardId)),
    leaseCounter: number(0),
    checkpoint: text(lease.checkpoint.sequenceNumber),
    checkpointSubSequenceNumber: number(lease.checkpoint.subSequenceNumber),
    ownerSwitchesSinceCheckpoint: number(0),
    streamArn: text(lease.streamArn),
  };
  if (lease.stream !== undefined) {
    item.streamName = text(lease.stream);
    item.shardId = text(lease.shardId);
  }
  if (lease.parentShardIds.length > 0) {
    item.parentShardId = texts(lease.parentShardIds);
  }
  if (lease.hashRange !== undefined && isStorable(lease.hashRange)) {
    item.startingHashKey = text(lease.hashRange.startingHashKey);
    item.endingHashKey = text(lease.hashRange.endingHashKey);
  }
  if (lease.startAt !== undefined) {
    item.startAt = number(lease.startAt);
  }
  if (lease.anchor === true) {
    item.anchor = text('startAt');
  }
  return { TableName: tableName, Item: item, ConditionExpression: 'attribute_not_exists(leaseKey)' };
}

/**
 * Adds what a row lacks and leaves its counter alone, whoever holds it: only to a row that is there and lacks each
 * of these; `startAt` only to one that still waits for its instant.
 */
export function factsInput(
  tableName: string,
  key: string,
  { hashRange, startAt }: LeaseFacts,
): UpdateItemCommandInput {
  const update = new UpdateBuilder();
  update.when('leaseKey', text(key));
  if (hashRange !== undefined) {
    update.whenAbsent('startingHashKey');
    update.whenAbsent('endingHashKey');
    update.set('startingHashKey', text(hashRange.startingHashKey));
    update.set('endingHashKey', text(hashRange.endingHashKey));
  }
  if (startAt !== undefined) {
    update.whenAbsent('startAt');
    update.when('checkpoint', text('LATEST'));
    update.set('startAt', number(startAt));
  }
  return update.build(tableName, { leaseKey: text(key) });
}

/** Java throws on a range of one key: such a row goes without one. */
export function isStorable({ startingHashKey, endingHashKey }: DecimalHashRange): boolean {
  return startingHashKey !== endingHashKey;
}

/** Deletes a row whose shard has been read to its end; any other row stays. */
export function deleteFinishedInput(tableName: string, key: string): DeleteItemCommandInput {
  return {
    TableName: tableName,
    Key: { leaseKey: text(key) },
    ConditionExpression: '#checkpoint = :end',
    ExpressionAttributeNames: { '#checkpoint': 'checkpoint' },
    ExpressionAttributeValues: { ':end': text('SHARD_END') },
  };
}

function optionalNumber(value: AttributeValue | undefined): number | undefined {
  const parsed = Number(value?.N);
  return Number.isFinite(parsed) ? parsed : undefined;
}
