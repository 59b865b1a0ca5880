import type { RawRecord } from '../aws/kinesis-api';
import { openAggregate } from '../stream/aggregate-reader';
import { compare, type ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import type { PeekedRecord } from './peeked-record';

/** What a read of a shard gave. */
export interface UserRecords {
  readonly records: readonly PeekedRecord[];
  /** The first user record that was left out, and with it all behind it; undefined when none was. */
  readonly rest: ExtendedSequenceNumber | undefined;
}

/**
 * The user records of an answer, those of aggregated records one by one. They are copies: one that is kept keeps nothing
 * of the answer.
 * @param from the first that is taken; all are when undefined
 * @param most of them, from 1: a frame of 10 MiB may have a million
 */
export function userRecords(
  shardId: string,
  raws: readonly RawRecord[],
  from: ExtendedSequenceNumber | undefined,
  most: number,
): UserRecords {
  const records: PeekedRecord[] = [];
  for (const raw of raws) {
    const { sequenceNumber } = raw;
    const frame = openAggregate(raw.data);
    const count = frame?.count ?? 1;
    for (let subSequenceNumber = 0; subSequenceNumber < count; subSequenceNumber++) {
      const place = { sequenceNumber, subSequenceNumber };
      frame?.next();
      if (from !== undefined && compare(place, from) < 0) {
        continue;
      }
      if (records.length >= most) {
        return { records, rest: place };
      }
      const explicitHashKey = frame?.explicitHashKey;
      records.push({
        shardId,
        ...place,
        aggregated: frame !== undefined,
        partitionKey: frame?.partitionKey ?? raw.partitionKey,
        ...(explicitHashKey === undefined ? {} : { explicitHashKey }),
        approximateArrival: raw.approximateArrival,
        data: Uint8Array.from(frame?.data ?? raw.data),
      });
    }
  }
  return { records, rest: undefined };
}
