import { instantOfLease, isFinished, type Lease } from './lease';

/** Rows of a lineage that are asked, the nearest first; what is left out can only have raised the answer. */
const MOST_ROWS = 100;

/**
 * An instant (service time, milliseconds since the epoch) of which the rows tell that everything in the shard that came
 * before it is stored, or is not to be read. What a shard lags behind is at most the time since then: its records may
 * well have been read further, or there may be none. Pure; asks for each row of its lineage once, however many ways lead
 * there: a stream that is split and merged daily has more ways than anybody can walk.
 * @param parentOf the row of a shard of the same stream
 * @returns undefined when the rows tell none: a place in a shard is no time
 */
export function reachedInstant(
  lease: Lease,
  parentOf: (shardId: string) => Lease | undefined,
): number | undefined {
  const asked = new Set([lease.shardId]);
  const rows = [lease];
  let latest: number | undefined;
  for (const row of rows) {
    const instant = toldBy(row);
    latest = instant === undefined ? latest : Math.max(latest ?? instant, instant);
    for (const id of isUnbegun(row) ? row.parentShardIds : []) {
      const parent = asked.has(id) ? undefined : parentOf(id);
      asked.add(id);
      // Whatever is in a shard came after its parents had closed; one that is not finished had not closed by its instant.
      if (parent !== undefined && !isFinished(parent) && rows.length < MOST_ROWS) {
        rows.push(parent);
      }
    }
  }
  return latest;
}

function toldBy(lease: Lease): number | undefined {
  const { caughtUpAt } = lease;
  const start = instantOfLease(lease);
  // 0: it was set back to its oldest record, whenever that came.
  return caughtUpAt ?? (start !== undefined && start > 0 ? start : undefined);
}

/** Whether nothing of it is read and nothing of it is left out, so that what holds of its parents holds of it. */
function isUnbegun({ caughtUpAt, readFrom, checkpoint }: Lease): boolean {
  return caughtUpAt === undefined && readFrom === undefined && checkpoint.sequenceNumber === 'TRIM_HORIZON';
}
