import { createDynamoApi } from '../aws/dynamo-client';
import type { KinesisSourceConfig } from '../config';
import { isConnectorError } from '../errors';
import { instantOfLease, isFinished, type Lease } from '../lease/lease';
import { streamIdOf } from '../lease/row-key';
import { TableOffsets } from '../offsets/table-offsets';
import { parseSequence } from '../stream/sequence-parts';
import { systemClock } from '../util/clock';
import type { Logger } from '../util/logger';
import { systemRandom } from '../util/random';

/** The leases that a source has of one stream; none where there is no table. @throws ConnectorError; the signal's reason */
export async function leasesOf(
  source: KinesisSourceConfig,
  stream: Parameters<typeof streamIdOf>[0],
  logger: Logger,
  signal: AbortSignal,
): Promise<Lease[]> {
  const dynamo = createDynamoApi(source.aws, { clock: systemClock });
  const bounds = { initialMs: source.backoffTime, maxMs: source.maxBackoffTime };
  const retry = { clock: systemClock, random: systemRandom, bounds, logger };
  try {
    const table = new TableOffsets({ dynamo, tableName: source.leaseTableName, retry });
    const id = source.streams.several ? streamIdOf(stream) : undefined;
    return (await table.scan(signal)).filter((lease) => lease.stream === id);
  } catch (error) {
    if (isConnectorError(error, 'LEASE_TABLE_NOT_FOUND')) {
      return [];
    }
    throw error;
  } finally {
    dynamo.close();
  }
}

/**
 * Up to when everything of the shard is stored, at least, by what its lease says: milliseconds since the epoch; undefined
 * when that does not say so, or the shard is finished.
 */
export function storedUpTo(lease: Lease): number | undefined {
  if (isFinished(lease)) {
    return undefined;
  }
  const { seconds } = parseSequence(lease.checkpoint.sequenceNumber) ?? {};
  const known = [lease.caughtUpAt, instantOfLease(lease), seconds === undefined ? undefined : seconds * 1000];
  const latest = Math.max(...known.flatMap((ms) => ms ?? []));
  return latest > 0 ? latest : undefined;
}
