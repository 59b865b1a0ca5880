import type { StreamDescription, StreamRef } from '../aws/kinesis-api';
import { listAllShards } from '../aws/list-shards';
import { type RetryPolicy, retrying } from '../aws/retry';
import { ConnectorError } from '../errors';
import { compareSequenceNumbers, isSentinel } from '../stream/extended-sequence-number';
import { requireWholeRange } from '../stream/hash-coverage';
import type { Shard } from '../stream/shard';
import { isOpen, shardGraph } from '../stream/shard-graph';
import { initialLeases, type StartLease, type StartPosition, startFilter } from '../stream/start-position';
import { sleep } from '../util/clock';
import type { Lease } from './lease';
import type { LeasedStream } from './leased-stream';

const CREATION_POLL_MS = 1000;
const CREATION_POLLS = 120;
/** Source: KCL `HierarchicalShardSyncer`, retries of an incomplete listing. */
const COVERAGE_TRIES = 3;
const COVERAGE_PAUSE_MS = 1000;
const HOUR_MS = 3_600_000;

export interface ListingDeps {
  readonly kinesis: LeasedStream['kinesis'];
  readonly stream: StreamRef;
  readonly retry: RetryPolicy;
  /** See LeasedStream.isGone. */
  readonly isGone: () => boolean;
}

/**
 * The stream once it can be read.
 * @throws ConnectorError KINESIS_STREAM_NOT_READY when it is being deleted, or still being created after two minutes
 */
export async function describeUsable(
  kinesis: LeasedStream['kinesis'],
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

/** Every shard that Kinesis names, by id. @throws what cannot heal */
export function listShardMap(
  { kinesis, stream, retry }: ListingDeps,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Shard>> {
  return retrying(retry, signal, async () => {
    const listed = await listAllShards(kinesis, stream, signal);
    // A reshard between two pages shows a parent still open beside its children: asked again, it has closed.
    return shardGraph(listed).shards;
  });
}

/**
 * The shards with which reading starts; they cover every hash key. None of a stream that has vanished.
 * @throws ConnectorError KINESIS_HASH_RANGE_INCOMPLETE, or what cannot heal
 */
export async function listStart(
  { kinesis, stream, retry, isGone }: ListingDeps,
  start: StartPosition,
  { createdAt, retentionHours, serviceTime }: StreamDescription,
  signal: AbortSignal,
): Promise<StartLease[]> {
  const now = serviceTime ?? retry.clock.now();
  const filter = startFilter(start, Math.max(createdAt, now - retentionHours * HOUR_MS));
  for (let tries = 1; ; tries++) {
    const listed = await retrying(retry, signal, () => listAllShards(kinesis, stream, signal, filter));
    if (isGone()) {
      return [];
    }
    try {
      const first = initialLeases(listed, start);
      requireWholeRange(first.map(({ shard }) => shard));
      return first;
    } catch (error) {
      if (tries >= COVERAGE_TRIES) {
        throw error;
      }
    }
    await sleep(retry.clock, COVERAGE_PAUSE_MS, signal);
  }
}

/** @throws ConnectorError KINESIS_STREAM_RECREATED: a stream of that name was made anew while this worker read it. */
export function requireSameCreation(before: StreamDescription, now: StreamDescription): void {
  if (now.createdAt !== before.createdAt) {
    throw new ConnectorError('KINESIS_STREAM_RECREATED', `stream ${now.name} was deleted and made anew`, {
      expected: `the one created at ${new Date(before.createdAt).toISOString()}`,
      found: `one created at ${new Date(now.createdAt).toISOString()}`,
    });
  }
}

/**
 * Refuses rows that were written for another stream, or for a deleted one of the same name: their checkpoints mean
 * nothing in this one.
 * @param leases looked at before `shards` were listed
 * @throws ConnectorError LEASE_TABLE_OTHER_STREAM, KINESIS_STREAM_RECREATED
 */
export function requireSameStream(
  { name }: StreamRef,
  leases: readonly Pick<Lease, 'shardId' | 'hashRange' | 'checkpoint'>[],
  shards: ReadonlyMap<string, Shard>,
): void {
  for (const { shardId, hashRange, checkpoint } of leases) {
    const shard = shards.get(shardId);
    if (shard === undefined) {
      continue;
    }
    if (
      hashRange !== undefined &&
      (hashRange.startingHashKey !== shard.startingHashKey || hashRange.endingHashKey !== shard.endingHashKey)
    ) {
      throw new ConnectorError(
        'LEASE_TABLE_OTHER_STREAM',
        `the lease of ${shardId} of stream ${name} has another hash range`,
        {
          expected: `${shard.startingHashKey}-${shard.endingHashKey}`,
          found: `${hashRange.startingHashKey}-${hashRange.endingHashKey}`,
        },
      );
    }
    const { sequenceNumber } = checkpoint;
    if (sequenceNumber === 'SHARD_END' && isOpen(shard)) {
      throw new ConnectorError(
        'KINESIS_STREAM_RECREATED',
        `${shardId} of stream ${name} is open, and was read to its end`,
        {
          expected: 'a shard that has closed',
          found: `one that began with ${shard.startingSequenceNumber}`,
        },
      );
    }
    if (
      !isSentinel(sequenceNumber) &&
      compareSequenceNumbers(sequenceNumber, shard.startingSequenceNumber) < 0
    ) {
      throw new ConnectorError(
        'KINESIS_STREAM_RECREATED',
        `the checkpoint of ${shardId} of stream ${name} is older than it`,
        {
          expected: `at least ${shard.startingSequenceNumber}`,
          found: sequenceNumber,
        },
      );
    }
  }
}
