import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';

export interface PutEntry {
  readonly key: string;
  readonly payload: Uint8Array;
}

/** Bounds of one PutRecords. Source: Kinesis API, PutRecords. */
const MAX_ENTRIES = 500;
const MAX_BYTES = 5 * 1024 * 1024;

/**
 * Puts `records` in their order, one request behind the other, by a client that is not ours.
 * @throws when an entry is refused: sending it again would change the order.
 */
export async function putRecords(
  client: KinesisClient,
  stream: string,
  records: readonly PutEntry[],
): Promise<void> {
  for (const request of requestsOf(records)) {
    const answer = await client.send(
      new PutRecordsCommand({
        StreamName: stream,
        Records: request.map(({ key, payload }) => ({ PartitionKey: key, Data: payload })),
      }),
    );
    if (answer.FailedRecordCount !== 0) {
      throw new Error(`${answer.FailedRecordCount} of ${request.length} entries were refused`);
    }
  }
}

function* requestsOf(records: readonly PutEntry[]): Iterable<PutEntry[]> {
  let request: PutEntry[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = record.payload.length + record.key.length;
    if (request.length === MAX_ENTRIES || (request.length > 0 && bytes + size > MAX_BYTES)) {
      yield request;
      request = [];
      bytes = 0;
    }
    request.push(record);
    bytes += size;
  }
  if (request.length > 0) {
    yield request;
  }
}
