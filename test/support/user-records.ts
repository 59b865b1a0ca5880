import type { PutEntry } from '../../src/aws/kinesis-api';
import { openAggregate } from '../../src/stream/aggregate-reader';

/** What readers find in an entry: itself, or the records of the frame that it holds. */
export function userRecords(entry: PutEntry): PutEntry[] {
  const reader = openAggregate(entry.data);
  if (reader === undefined) {
    return [entry];
  }
  const records: PutEntry[] = [];
  while (reader.next()) {
    const { data, partitionKey = '', explicitHashKey } = reader;
    records.push({ data, partitionKey, ...(explicitHashKey !== undefined && { explicitHashKey }) });
  }
  return records;
}
