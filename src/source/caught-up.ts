import type { KinesisApi, StreamRef } from '../aws/kinesis-api';
import { listAllShards } from '../aws/list-shards';
import { type RetryPolicy, retrying } from '../aws/retry';
import { isFinished, type Lease } from '../lease/lease';
import { isOpen } from '../stream/shard-graph';
import { sleep } from '../util/clock';
import type { Logger } from '../util/logger';

/** Resolution of a Date header, milliseconds. */
const DATE_MS = 1000;

/** Milliseconds between two looks. */
const POLL_MS = 50;

/** Milliseconds within which the rows of a finished shard's children are seen, unless they were deleted already. */
const CHILDREN_SEEN_MS = 30_000;

/** One stream to catch up with; one that vanishes meanwhile is done when its rows are finished or gone. */
export interface CaughtUpStream {
  readonly ref: StreamRef;
  readonly kinesis: Pick<KinesisApi, 'describeStream' | 'listShards'>;
  readonly logger: Logger;
  isGone(): boolean;
}

export interface CaughtUpParts {
  readonly stream: CaughtUpStream;
  readonly retry: RetryPolicy;
  /** The rows of the stream. */
  leases(): readonly Lease[];
  /** Whether the shard is one of those to be read. */
  isWanted(shardId: string): boolean;
  /** Whether this worker has caught up with a shard. */
  reachedHere(shardId: string): boolean;
}

/**
 * Resolves once every shard of the stream that has to be read is either finished or caught up with, here or by another worker of
 * ours: its rows say when. KCL workers do not say; a shard that one holds is waited for until it ends or comes here.
 * @throws the signal's reason, or what cannot heal
 */
export async function awaitCaughtUp(parts: CaughtUpParts, signal: AbortSignal): Promise<void> {
  const { stream, retry } = parts;
  const { kinesis, ref, logger } = stream;
  const { serviceTime } = await retrying(retry, signal, () => kinesis.describeStream(ref, { signal }));
  // The header says seconds: whatever it leaves out was before `since`.
  const since = serviceTime === undefined ? Number.POSITIVE_INFINITY : serviceTime + DATE_MS;
  const shards = await retrying(retry, signal, () => listAllShards(kinesis, ref, signal));
  // The tip of a closed shard says nothing: what came after it is in its children.
  const closed = new Set(shards.filter((shard) => !isOpen(shard)).map(({ shardId }) => shardId));
  const known = new Set<string>();
  /** Caught up with here; that stays so when another worker takes the shard. */
  const reached = new Set<string>();
  const endSeen = new Map<string, number>();
  const named = new Set<string>();

  /** Children have rows before their parent is finished, but a scan may have looked for theirs before. */
  const hasShownChildren = ({ shardId, childShardIds }: Lease): boolean => {
    const seenAt = endSeen.get(shardId) ?? retry.clock.monotonic();
    endSeen.set(shardId, seenAt);
    return (
      childShardIds.every((child) => known.has(child) || !parts.isWanted(child)) ||
      retry.clock.monotonic() - seenAt >= CHILDREN_SEEN_MS
    );
  };
  const isDone = (row: Lease): boolean => {
    if (isFinished(row)) {
      return hasShownChildren(row);
    }
    if (!row.ours && row.owner !== undefined && !named.has(row.owner)) {
      named.add(row.owner);
      logger.info({ worker: row.owner }, 'shards that this KCL worker holds are waited for until they end');
    }
    return !closed.has(row.shardId) && (reached.has(row.shardId) || (row.caughtUpAt ?? 0) >= since);
  };
  const isCaughtUp = (): boolean => {
    const rows = parts.leases().filter(({ shardId }) => parts.isWanted(shardId));
    for (const { shardId } of rows) {
      known.add(shardId);
      if (parts.reachedHere(shardId)) {
        reached.add(shardId);
      }
    }
    return rows.length > 0 ? rows.every(isDone) : stream.isGone();
  };
  while (!isCaughtUp()) {
    await sleep(retry.clock, POLL_MS, signal);
  }
}
