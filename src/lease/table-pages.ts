import type { ScanCommandInput } from '@aws-sdk/client-dynamodb';
import type { DynamoApi, Item, ScanPage } from '../aws/dynamo-api';
import { throwIfAborted } from '../util/abort';

/**
 * Scans a table to its last page, consistently.
 * @param take told of each page as it comes
 * @throws the error of a call, what `take` throws, the signal's reason
 */
export async function scanPages(
  dynamo: Pick<DynamoApi, 'scan'>,
  input: Omit<ScanCommandInput, 'ExclusiveStartKey' | 'ConsistentRead'>,
  signal: AbortSignal,
  take: (page: ScanPage) => void,
): Promise<void> {
  let startKey: Item | undefined;
  do {
    const from = startKey === undefined ? {} : { ExclusiveStartKey: startKey };
    const page = await dynamo.scan({ ...input, ConsistentRead: true, ...from }, { signal });
    throwIfAborted(signal);
    take(page);
    startKey = page.lastKey;
  } while (startKey !== undefined);
}
