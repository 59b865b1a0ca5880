import { instantOfLease, isFinished, type Lease } from './lease';

/** How many generations of parents are asked; a longer chain of unread shards has to wait for its oldest anyway. */
const MOST_GENERATIONS = 20;

/**
 * An instant (service time, milliseconds since the epoch) of which the rows tell that everything in the shard that came
 * before it is stored, or is not to be read. What a shard lags behind is at most the time since then: its records may
 * well have been read further, or there may be none. Pure.
 * @param parentOf the row of a shard of the same stream
 * @returns undefined when the rows tell none: a place in a shard is no time
 */
export function reachedInstant(
  lease: Lease,
  parentOf: (shardId: string) => Lease | undefined,
  generations = MOST_GENERATIONS,
): number | undefined {
  if (lease.caughtUpAt !== undefined) {
    return lease.caughtUpAt;
  }
  const start = instantOfLease(lease);
  // 0: it was set back to its oldest record, whenever that came.
  const from = start === undefined || start <= 0 ? [] : [start];
  const waits = lease.readFrom === undefined && lease.checkpoint.sequenceNumber === 'TRIM_HORIZON';
  return [...from, ...(waits ? ofParents(lease, parentOf, generations) : [])].reduce<number | undefined>(
    (latest, instant) => Math.max(latest ?? instant, instant),
    undefined,
  );
}

/** Whatever is in a shard came after its parents had closed; one that is not finished had not closed by its instant. */
function ofParents(
  { parentShardIds }: Lease,
  parentOf: (shardId: string) => Lease | undefined,
  generations: number,
): readonly number[] {
  return parentShardIds.flatMap((id) => {
    const parent = parentOf(id);
    const isRead = parent === undefined || isFinished(parent) || generations === 0;
    return (isRead ? undefined : reachedInstant(parent, parentOf, generations - 1)) ?? [];
  });
}
