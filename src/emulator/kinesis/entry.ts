import { hashKeyOf, MAX_HASH_KEY } from '../../stream/hash-key';
import { ServiceError } from '../service-model';
import { invalidArgument } from './account';
import { decodedLength, recordSize } from './record-log';

/** A record as it is put. */
export interface Entry {
  /** Base64. */
  readonly Data: string;
  readonly PartitionKey: string;
  readonly ExplicitHashKey?: string | undefined;
}

/** @throws ServiceError InvalidArgumentException for an explicit hash key that no shard has. */
export function hashKeyOfEntry(entry: Entry): bigint {
  if (entry.ExplicitHashKey === undefined) {
    return hashKeyOf(entry.PartitionKey);
  }
  const hashKey = BigInt(entry.ExplicitHashKey);
  if (hashKey > MAX_HASH_KEY) {
    throw invalidArgument(
      'Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. ' +
        `Specified value was ${entry.ExplicitHashKey}`,
    );
  }
  return hashKey;
}

/**
 * @throws ServiceError ValidationException naming every entry whose data alone is longer than the stream takes,
 * InvalidArgumentException when its data and partition key together are. Source: Kinesis API, PutRecordsRequestEntry: Data.
 */
export function checkSize(
  entries: readonly Entry[],
  maxBytes: number,
  pathOf: (index: number) => string,
): void {
  const problems: string[] = [];
  entries.forEach((entry, index) => {
    const length = decodedLength(entry.Data);
    if (length > maxBytes) {
      problems.push(
        `Value 'java.nio.HeapByteBuffer[pos=0 lim=${length} cap=${length}]' at '${pathOf(index)}' failed to ` +
          `satisfy constraint: Member must have length less than or equal to ${maxBytes}`,
      );
    }
  });
  if (problems.length > 0) {
    const count = problems.length === 1 ? '1 validation error' : `${problems.length} validation errors`;
    throw new ServiceError('ValidationException', `${count} detected: ${problems.join('; ')}`);
  }
  const tooLong = entries.find((entry) => recordSize(entry) > maxBytes);
  if (tooLong !== undefined) {
    throw invalidArgument(
      `Data and partition key of a record exceed ${maxBytes} bytes: found ${recordSize(tooLong)} bytes.`,
    );
  }
}
