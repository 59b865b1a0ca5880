import type { KinesisApi, StreamRef } from '../aws/kinesis-api';
import { listAllShards } from '../aws/list-shards';
import { type RetryPolicy, retrying } from '../aws/retry';
import { isFinished, type Lease } from '../lease/lease';
import { isOpen } from '../stream/shard-graph';
import { sleep } from '../util/clock';

/** Milliseconds between two looks. */
const POLL_MS = 50;

export interface CaughtUpParts {
  readonly kinesis: KinesisApi;
  readonly stream: StreamRef;
  readonly retry: RetryPolicy;
  /** Rows of the shards that are wanted. */
  leases(): readonly Lease[];
  /** Whether a shard is caught up with here. */
  reached(shardId: string): boolean;
}

/**
 * Resolves once every shard that has to be read is either finished or caught up with here. Children appear in the
 * table before their parent is finished, so nothing is overlooked in between.
 * @throws the signal's reason, or what cannot heal
 */
export async function awaitCaughtUp(parts: CaughtUpParts, signal: AbortSignal): Promise<void> {
  const { kinesis, stream, retry } = parts;
  const shards = await retrying(retry, signal, () => listAllShards(kinesis, stream, signal));
  // The tip of a closed shard says nothing: what came after it is in its children.
  const closed = new Set(shards.filter((shard) => !isOpen(shard)).map(({ shardId }) => shardId));
  const isDone = (row: Lease): boolean =>
    isFinished(row) || (!closed.has(row.shardId) && parts.reached(row.shardId));
  for (let rows = parts.leases(); rows.length === 0 || !rows.every(isDone); rows = parts.leases()) {
    await sleep(retry.clock, POLL_MS, signal);
  }
}
