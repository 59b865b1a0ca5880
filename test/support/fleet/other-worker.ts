import type { Dice } from './dice';
import type { LeaseRow } from './lease-row';
import type { PutRecord, RecordAudit, ShardRecords } from './record-audit';

/** Name of it in the lease table. */
export const OTHER = 'java-0';

export interface OtherWorkerParts {
  readonly records: RecordAudit;
  readonly rows: ReadonlyMap<string, LeaseRow>;
  readonly dice: Dice;
  /** Writes to a row as a program that knows nothing of ours does: counter one higher, what is not named stays. */
  write(shardId: string, change: OtherChange): void;
  /** The topic gets a record from it, under no name. */
  stored(record: PutRecord): void;
}

export interface OtherChange {
  /** Undefined: it gives the lease up. */
  readonly owner: string | undefined;
  readonly checkpoint?: { readonly sequenceNumber: string; readonly subSequenceNumber: number };
}

/**
 * A worker of a KCL 2.x, as far as ours see it: it takes a lease from whoever has it, delivers some records by itself,
 * moves the checkpoint behind them, and gives the lease up or dies.
 */
export function otherWorker({ records, rows, dice, write, stored }: OtherWorkerParts): void {
  const free = [...records.shards.values()].filter((shard) => isOpenTo(shard, records, rows));
  dice.with(free, (shard) => {
    const { shardId } = shard;
    const row = rows.get(shardId) as LeaseRow;
    write(shardId, { owner: OTHER });
    const start = records.placeOf(shardId, row.checkpoint) + 1;
    const due = shard.records.slice(start).filter((record) => records.isDue(record));
    const delivered = due.slice(0, dice.some(12));
    for (const record of delivered) {
      stored(record);
    }
    const last = delivered.at(-1);
    const checkpoint = last && positionOf(last);
    const owner = dice.chance(0.5) ? OTHER : undefined;
    if (checkpoint !== undefined || owner === undefined) {
      write(shardId, { owner, ...(checkpoint !== undefined && { checkpoint }) });
    }
  });
}

/** Whether it has a row that is not finished, and its parents are read. */
function isOpenTo(shard: ShardRecords, records: RecordAudit, rows: ReadonlyMap<string, LeaseRow>): boolean {
  const row = rows.get(shard.shardId);
  return (
    row !== undefined &&
    row.checkpoint.sequenceNumber !== 'SHARD_END' &&
    shard.ancestors.every(
      (ancestor) =>
        rows.get(ancestor.shardId)?.checkpoint.sequenceNumber === 'SHARD_END' ||
        records.missing(ancestor) === undefined,
    )
  );
}

function positionOf({ shard, place }: PutRecord): OtherChange['checkpoint'] {
  for (const [sequenceNumber, { first, count }] of shard.places) {
    if (first <= place && place < first + count) {
      return { sequenceNumber, subSequenceNumber: place - first };
    }
  }
  return undefined;
}
