import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Item } from '../../src/aws/dynamo-api';

/**
 * A lease row as KCL 2.x reads it, and as strictly: what makes Java throw, at once or at the first comparison, throws
 * here. Sources: KCL `DynamoDBLeaseSerializer.fromDynamoRecord`, `HashKeyRangeForLease`, `ExtendedSequenceNumber`.
 */
export interface JavaLease {
  readonly leaseKey: string;
  readonly leaseOwner: string | null;
  readonly leaseCounter: bigint;
  readonly ownerSwitchesSinceCheckpoint: bigint;
  readonly checkpoint: string;
  readonly subSequenceNumber: bigint;
  readonly parentShardIds: readonly string[];
  readonly childShardIds: readonly string[];
  readonly hashKeyRange: readonly [bigint, bigint] | null;
  readonly pendingCheckpoint: string | null;
  readonly pendingCheckpointState: Uint8Array | null;
}

const SENTINELS = ['TRIM_HORIZON', 'LATEST', 'AT_TIMESTAMP', 'SHARD_END'];
const LONG = 2n ** 63n;
/** Hash keys are 128 bits. */
const HASH_KEYS = 2n ** 128n;

export function decodeAsJava(item: Item): JavaLease {
  const start = text(item, 'startingHashKey');
  const end = text(item, 'endingHashKey');
  const pendingCheckpoint = text(item, 'pendingCheckpoint');
  if (pendingCheckpoint !== null) {
    sequenceNumber(pendingCheckpoint);
    long(item, 'pendingCheckpointSubSequenceNumber');
  }
  return {
    leaseKey: present(text(item, 'leaseKey'), 'leaseKey'),
    leaseOwner: text(item, 'leaseOwner'),
    leaseCounter: present(long(item, 'leaseCounter'), 'leaseCounter'),
    ownerSwitchesSinceCheckpoint: present(
      long(item, 'ownerSwitchesSinceCheckpoint'),
      'ownerSwitchesSinceCheckpoint',
    ),
    checkpoint: sequenceNumber(present(text(item, 'checkpoint'), 'checkpoint')),
    subSequenceNumber: present(long(item, 'checkpointSubSequenceNumber'), 'checkpointSubSequenceNumber'),
    parentShardIds: shardIds(item, 'parentShardId'),
    childShardIds: shardIds(item, 'childShardIds'),
    hashKeyRange: start === null && end === null ? null : hashKeyRange(start, end),
    pendingCheckpoint,
    pendingCheckpointState: binary(item, 'pendingCheckpointState'),
  };
}

function present<T>(value: T | null, name: string): T {
  if (value === null) {
    throw new Error(`NullPointerException: ${name}`);
  }
  return value;
}

/** Java asks a value for one type and takes null when it has another: here that is an error of its own. */
function typed<T>(item: Item, name: string, type: keyof AttributeValue): T | null {
  const value = item[name];
  if (value === undefined) {
    return null;
  }
  if (!(type in value)) {
    throw new Error(`${name} is of type ${Object.keys(value)}, not ${type}`);
  }
  return (value as unknown as { readonly [type: string]: T })[type] ?? null;
}

function text(item: Item, name: string): string | null {
  const value = typed<string>(item, name, 'S');
  if (value === '') {
    throw new Error(`${name} is empty`);
  }
  return value;
}

/** Long.parseLong: no fraction, no exponent, 64 bits. */
function long(item: Item, name: string): bigint | null {
  const value = typed<string>(item, name, 'N');
  if (value === null) {
    return null;
  }
  if (!/^-?\d+$/.test(value) || BigInt(value) >= LONG || BigInt(value) < -LONG) {
    throw new Error(`NumberFormatException: ${name} ${value}`);
  }
  return BigInt(value);
}

function shardIds(item: Item, name: string): readonly string[] {
  const values = typed<readonly string[]>(item, name, 'SS') ?? [];
  if (values.length > 2 && name === 'parentShardId') {
    throw new Error('a shard has two parents at most');
  }
  return values;
}

function binary(item: Item, name: string): Uint8Array | null {
  return typed<Uint8Array>(item, name, 'B');
}

function sequenceNumber(value: string): string {
  if (!SENTINELS.includes(value) && !/^\d+$/.test(value)) {
    throw new Error(`IllegalArgumentException: ${value} is neither a sequence number nor a sentinel`);
  }
  return value;
}

function hashKeyRange(start: string | null, end: string | null): readonly [bigint, bigint] {
  const range = [start, end].map((key) => {
    if (key === null || !/^\d+$/.test(key) || BigInt(key) >= HASH_KEYS) {
      throw new Error(`NumberFormatException: hash key ${key}`);
    }
    return BigInt(key);
  });
  const [from = 0n, to = 0n] = range;
  if (from >= to) {
    throw new Error('IllegalArgumentException: StartingHashKey must be less than EndingHashKey');
  }
  return [from, to];
}
