import { isFinished, type Lease } from '../lease/lease';
import { leaseKey } from '../lease/row-key';
import { type OffsetsRow, sameOffsets } from './offsets-row';

/** One row to be changed; `seen` is how it stands, undefined for one that is to be created. */
export type OffsetsChange =
  | { readonly kind: 'write'; readonly row: OffsetsRow; readonly seen: Lease | undefined }
  | { readonly kind: 'delete'; readonly seen: Lease };

/** Key of the row that a change is about. */
export function keyOfChange(change: OffsetsChange): string {
  return change.kind === 'delete' ? change.seen.key : leaseKey(change.row.stream, change.row.shardId);
}

/**
 * What makes the rows of a table say what `wanted` says. Positions are moved before rows are deleted: whoever reads
 * while only a part is done, or after that, reads records again and passes over none.
 * @param rows of the streams concerned
 * @param mayGo rows not wanted that are to be deleted; the others stay
 */
export function planChanges(
  rows: readonly Lease[],
  wanted: readonly OffsetsRow[],
  mayGo: (row: Lease) => boolean,
): OffsetsChange[] {
  const seen = new Map(rows.map((row) => [row.key, row]));
  const keys = new Set(wanted.map((row) => leaseKey(row.stream, row.shardId)));
  const writes = wanted
    .map((row) => ({ kind: 'write' as const, row, seen: seen.get(leaseKey(row.stream, row.shardId)) }))
    .filter(({ row, seen: before }) => before === undefined || !isAlready(row, before));
  const deletes = rows
    .filter((row) => !keys.has(row.key) && mayGo(row))
    .map((row) => ({ kind: 'delete' as const, seen: row }));
  return [...writes, ...deletes];
}

/** An owner may have read on, and not have said so yet. */
function isAlready(row: OffsetsRow, before: Lease): boolean {
  return before.owner === undefined && sameOffsets(row, before);
}

/**
 * The rows that descend from a shard which `wanted` has unfinished: they are made again when it ends, and until then
 * nobody may read their shards.
 */
export function descendantsOfUnfinished(
  rows: readonly Lease[],
  wanted: readonly OffsetsRow[],
): ReadonlySet<string> {
  const wantedByKey = new Map(wanted.map((row) => [leaseKey(row.stream, row.shardId), row]));
  const rowsByKey = new Map(rows.map((row) => [row.key, row]));
  const known = new Map<string, boolean>();
  const descends = (key: string): boolean => {
    const row = wantedByKey.get(key) ?? rowsByKey.get(key);
    const before = known.get(key);
    if (row === undefined || before !== undefined) {
      return before ?? false;
    }
    // A row that names itself as an ancestor ends the walk.
    known.set(key, false);
    const found = row.parentShardIds.some((parentId) => {
      const parentKey = leaseKey(row.stream, parentId);
      const parent = wantedByKey.get(parentKey);
      return (parent !== undefined && !isFinished(parent)) || descends(parentKey);
    });
    known.set(key, found);
    return found;
  };
  return new Set(rows.map(({ key }) => key).filter((key) => !wantedByKey.has(key) && descends(key)));
}
