import type { RawRecord } from '../../src/aws/kinesis-api';
import type { StoredRecord } from '../../src/emulator/kinesis/record-log';
import type { WireChildShard } from '../../src/emulator/kinesis/shard-reading';
import { ServiceError } from '../../src/emulator/service-model';
import { ConnectorError, type ErrorCode } from '../../src/errors';
import type { ChildShard } from '../../src/stream/shard';

/** By type of the error; a function where its words decide. */
export type Codes = { readonly [type: string]: ErrorCode | ((message: string) => ErrorCode) };

/** What errors mean whatever the call, as src/aws/classify has it. */
const COMMON: Codes = {
  AccessDeniedException: 'AWS_ACCESS_DENIED',
  ExpiredIteratorException: 'KINESIS_ITERATOR_EXPIRED',
  ExpiredNextTokenException: 'KINESIS_LISTING_EXPIRED',
  InvalidArgumentException: 'AWS_REQUEST_REFUSED',
  LimitExceededException: 'AWS_THROTTLED',
  ProvisionedThroughputExceededException: 'AWS_THROTTLED',
  ResourceInUseException: 'KINESIS_STREAM_NOT_READY',
  ResourceNotFoundException: (message) => {
    if (/^consumer/i.test(message)) {
      return 'KINESIS_CONSUMER_NOT_FOUND';
    }
    return /^shard/i.test(message) ? 'KINESIS_SHARD_NOT_FOUND' : 'KINESIS_STREAM_NOT_FOUND';
  },
  ValidationException: 'AWS_REQUEST_REFUSED',
};

/** What the connector makes of an error of the model. */
export function connectorErrorOf(error: unknown, codes: Codes): unknown {
  if (!(error instanceof ServiceError)) {
    return error;
  }
  const code = codes[error.type] ?? COMMON[error.type] ?? 'AWS_UNKNOWN';
  return new ConnectorError(typeof code === 'function' ? code(error.message) : code, error.message, {
    cause: error,
  });
}

/** A call of the model, which answers not before the next turn. @throws ConnectorError */
export async function answered<T>(work: () => T, codes: Codes = {}): Promise<T> {
  await Promise.resolve();
  try {
    return work();
  } catch (error) {
    throw connectorErrorOf(error, codes);
  }
}

/** What JSON makes of a record beside its data, bytes: names, sequence number, time of arrival, a short key. */
const RECORD_ON_WIRE = 200;

export function sizeOnWire(records: readonly StoredRecord[]): number {
  return records.reduce((sum, { Data }) => sum + Data.length + RECORD_ON_WIRE, 0);
}

export function rawRecordOf(record: StoredRecord): RawRecord {
  return {
    // In memory of its own: what small buffers share differs from run to run.
    data: Uint8Array.from(Buffer.from(record.Data, 'base64')),
    partitionKey: record.PartitionKey,
    sequenceNumber: record.SequenceNumber,
    approximateArrival: Math.round(record.ApproximateArrivalTimestamp * 1000),
    encryptionType: 'NONE',
  };
}

export function childOf(child: WireChildShard): ChildShard {
  return {
    shardId: child.ShardId,
    parentShards: child.ParentShards,
    startingHashKey: child.HashKeyRange.StartingHashKey,
    endingHashKey: child.HashKeyRange.EndingHashKey,
  };
}
