import type { KinesisApi, StreamDescription, StreamRef } from '../aws/kinesis-api';
import { type RetryPolicy, retrying } from '../aws/retry';
import { ConnectorError } from '../errors';
import { compareSequenceNumbers, isSentinel } from '../stream/extended-sequence-number';
import type { Shard } from '../stream/shard';
import { sleep } from '../util/clock';
import type { Lease } from './lease';

const CREATION_POLL_MS = 1000;
const CREATION_POLLS = 120;

/**
 * The stream once it can be read.
 * @throws ConnectorError KINESIS_STREAM_NOT_READY when it is being deleted, or still being created after two minutes
 */
export async function describeUsable(
  kinesis: KinesisApi,
  stream: StreamRef,
  retry: RetryPolicy,
  signal: AbortSignal,
): Promise<StreamDescription> {
  for (let poll = 0; ; poll++) {
    const description = await retrying(retry, signal, () => kinesis.describeStream(stream, { signal }));
    if (description.status === 'ACTIVE' || description.status === 'UPDATING') {
      return description;
    }
    if (description.status === 'DELETING' || poll >= CREATION_POLLS) {
      throw new ConnectorError('KINESIS_STREAM_NOT_READY', `stream ${stream.name} cannot be read`, {
        expected: 'ACTIVE',
        found: description.status,
      });
    }
    await sleep(retry.clock, CREATION_POLL_MS, signal);
  }
}

/**
 * Refuses rows that were written for another stream, or for a deleted one of the same name: their checkpoints mean
 * nothing in this one.
 * @throws ConnectorError LEASE_TABLE_OTHER_STREAM, KINESIS_STREAM_RECREATED
 */
export function requireSameStream(leases: readonly Lease[], shards: ReadonlyMap<string, Shard>): void {
  for (const { shardId, hashRange, checkpoint } of leases) {
    const shard = shards.get(shardId);
    if (shard === undefined) {
      continue;
    }
    if (
      hashRange !== undefined &&
      (hashRange.startingHashKey !== shard.startingHashKey || hashRange.endingHashKey !== shard.endingHashKey)
    ) {
      throw new ConnectorError('LEASE_TABLE_OTHER_STREAM', `the lease of ${shardId} has another hash range`, {
        expected: `${shard.startingHashKey}-${shard.endingHashKey}`,
        found: `${hashRange.startingHashKey}-${hashRange.endingHashKey}`,
      });
    }
    const { sequenceNumber } = checkpoint;
    if (
      !isSentinel(sequenceNumber) &&
      compareSequenceNumbers(sequenceNumber, shard.startingSequenceNumber) < 0
    ) {
      throw new ConnectorError('KINESIS_STREAM_RECREATED', `the checkpoint of ${shardId} is older than it`, {
        expected: `at least ${shard.startingSequenceNumber}`,
        found: sequenceNumber,
      });
    }
  }
}
